package launch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/handshake"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
	"github.com/alignuser/alignuser/sdk/launch"
)

// raw is a plugin without an SDK, which sends what no SDK would. The seed of a
// request says what.
type raw struct {
	plugin.NetRPCUnsupportedPlugin
	plugin.GRPCPlugin
	pb.UnimplementedPluginServiceServer
	pb.UnimplementedRecommenderServiceServer
}

func serveRaw() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  handshake.Config(),
		VersionedPlugins: map[int]plugin.PluginSet{handshake.ProtocolVersion: {handshake.Service: raw{}}},
		GRPCServer:       plugin.DefaultGRPCServer,
	})
}

func (r raw) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterPluginServiceServer(s, r)
	pb.RegisterRecommenderServiceServer(s, r)
	return nil
}

func (raw) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	return &pb.DescribeResponse{Name: "raw", Components: []*pb.ComponentSpec{
		{Kind: pb.Kind_KIND_RECOMMENDER, Id: "raw", Features: []string{"score", "from-the-future"}},
	}}, nil
}

// rawReplies are answers to two users and k = 2, none of them right.
func rawReplies() []*pb.RecommendResponse {
	b := func(n int) []byte { return make([]byte, n) }
	return []*pb.RecommendResponse{
		{},
		{Counts: b(7), Items: b(16), Scores: b(16)},
		{Counts: b(8), Items: b(15), Scores: b(16)},
		{Counts: b(8), Items: b(12), Scores: b(16)},
		{Counts: b(8), Items: b(16), Scores: b(20)},
		{Counts: b(12), Items: b(24), Scores: b(24)},
		{Counts: []byte{3, 0, 0, 0, 0, 0, 0, 0}, Items: b(16), Scores: b(16)},
		{Counts: []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, Items: b(16), Scores: b(16)},
		{Counts: b(8), Items: b(16), Scores: b(16), Reasons: []string{"one"}},
	}
}

// oversize is the seed that asks for more than the host accepts.
const oversize = 1000

func (raw) Recommend(_ context.Context, m *pb.RecommendRequest) (*pb.RecommendResponse, error) {
	if m.GetSeed() == oversize {
		return &pb.RecommendResponse{Items: make([]byte, 65<<20)}, nil
	}
	return rawReplies()[m.GetSeed()], nil
}

// rawScores are streams in answer to two users with one candidate each.
func rawScores() [][]*pb.ScoreResponse {
	return [][]*pb.ScoreResponse{
		nil,
		{{Scores: make([]byte, 4)}},
		{{Scores: make([]byte, 7)}},
		{{Scores: make([]byte, 12)}},
		{{Start: 1, Scores: make([]byte, 8)}},
		{{Scores: make([]byte, 4)}, {Start: 0, Scores: make([]byte, 4)}},
		{{Scores: make([]byte, 4)}, {Start: 2, Scores: make([]byte, 4)}},
		{{Start: -1, Scores: make([]byte, 8)}},
	}
}

func (raw) Score(m *pb.ScoreRequest, stream grpc.ServerStreamingServer[pb.ScoreResponse]) error {
	for _, part := range rawScores()[m.GetUsers()[0]] {
		if err := stream.Send(part); err != nil {
			return err
		}
	}
	return nil
}

func (raw) Fit(m *pb.FitRequest, stream grpc.ServerStreamingServer[pb.FitResponse]) error {
	done := &pb.FitResponse{Kind: &pb.FitResponse_Done{Done: &pb.FitDone{}}}
	switch m.GetSeed() {
	case 0: // no result
	case 1: // two results
		_ = stream.Send(done)
		_ = stream.Send(done)
	case 2: // an event after the result
		_ = stream.Send(done)
		_ = stream.Send(&pb.FitResponse{Kind: &pb.FitResponse_Event{Event: &pb.Event{}}})
	case 3: // a result, then an error
		_ = stream.Send(done)
		return status.Error(codes.Unknown, "after all")
	case 4: // nothing at all, but well-formed
		_ = stream.Send(&pb.FitResponse{})
		_ = stream.Send(done)
	}
	return nil
}

func TestRepliesAreChecked(t *testing.T) {
	c := start(t, "raw")
	spec, _ := c.Description().Component("raw")
	r := c.Recommender(spec)
	wrong := func(what string, err error) {
		t.Helper()
		reply, fault := (*launch.ReplyError)(nil), (*sdk.Error)(nil)
		if !errors.As(err, &reply) || !errors.As(err, &fault) || fault.Kind != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range rawReplies() {
		_, err := r.Recommend(t.Context(), sdk.RecommendRequest{Users: []int32{0, 1}, K: 2, Purpose: sdk.PurposePage, Seed: uint64(i)})
		wrong(fmt.Sprint("recommend ", i), err)
	}
	var one sdk.Ragged
	one.Append(0)
	one.Append(0)
	for i := range rawScores() {
		_, err := r.Score(t.Context(), sdk.ScoreRequest{Users: []int32{int32(i), 0}, Candidates: &one})
		wrong(fmt.Sprint("score ", i), err)
	}
	if _, err := r.Score(t.Context(), sdk.ScoreRequest{Users: []int32{1, 0}}); err == nil {
		t.Error("one score for two users")
	}
	for seed := range uint64(3) {
		_, err := r.Fit(t.Context(), sdk.FitRequest{Seed: seed}, nil)
		wrong(fmt.Sprint("fit ", seed), err)
	}
	if _, err := r.Fit(t.Context(), sdk.FitRequest{Seed: 3}, nil); err == nil || err.Error() != "after all" {
		t.Errorf("a result, then an error: %v", err)
	}
	if _, err := r.Fit(t.Context(), sdk.FitRequest{Seed: 4}, nil); err != nil {
		t.Errorf("an unknown event: %v", err)
	}
	big := sdk.RecommendRequest{Users: []int32{0}, K: 1, Purpose: sdk.PurposePage, Seed: oversize}
	if _, err := r.Recommend(t.Context(), big); !errors.Is(err, sdk.ErrTooLarge) {
		t.Errorf("65 MiB: %v", err)
	}
	if _, err := r.Update(t.Context(), sdk.UpdateRequest{}); !errors.Is(err, sdk.ErrUnsupported) {
		t.Errorf("undeclared: %v", err)
	}
	if err := c.Configure(t.Context(), sdk.Config{}); !errors.Is(err, sdk.ErrUnsupported) {
		t.Errorf("a method that the plugin does not serve: %v", err)
	}
}
