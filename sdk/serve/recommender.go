package serve

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	"github.com/alignuser/alignuser/sdk/internal/le"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// scoreRun is how many scores one message carries: 512 KiB.
const scoreRun = 128 << 10

// recommenderService serves RecommenderService.
type recommenderService struct {
	pb.UnimplementedRecommenderServiceServer
	server *server
}

// Fit implements RecommenderService.
func (s *recommenderService) Fit(m *pb.FitRequest, stream grpc.ServerStreamingServer[pb.FitResponse]) error {
	c, err := component[sdk.Recommender](s.server, "")
	if err != nil {
		return err
	}
	e := newEvents(s.server.pace, func(m *pb.Event) error {
		return stream.Send(&pb.FitResponse{Kind: &pb.FitResponse_Event{Event: m}})
	})
	result, err := fit(stream.Context(), c, convert.FromFitRequest(m), e)
	if err != nil {
		return err
	}
	return stream.Send(&pb.FitResponse{Kind: &pb.FitResponse_Done{Done: convert.ToFitResult(result)}})
}

// fit ends the events even if the component panics.
func fit(ctx context.Context, c sdk.Recommender, r sdk.FitRequest, e *events) (sdk.FitResult, error) {
	defer e.close()
	return c.Fit(ctx, r, e.emit)
}

// Recommend implements RecommenderService.
func (s *recommenderService) Recommend(ctx context.Context, m *pb.RecommendRequest) (*pb.RecommendResponse, error) {
	c, err := component[sdk.Recommender](s.server, "")
	if err != nil {
		return nil, err
	}
	req, err := convert.FromRecommendRequest(m)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	reply, err := c.Recommend(ctx, req)
	if err != nil {
		return nil, err
	}
	reply.ComputeNanos = time.Since(start).Nanoseconds()
	out, err := convert.ToRecommendReply(reply, len(req.Users), req.K)
	return out, fault(err)
}

// Score implements RecommenderService.
func (s *recommenderService) Score(m *pb.ScoreRequest, stream grpc.ServerStreamingServer[pb.ScoreResponse]) error {
	c, err := component[sdk.Scorer](s.server, sdk.FeatureScore)
	if err != nil {
		return err
	}
	req, err := convert.FromScoreRequest(m)
	if err != nil {
		return err
	}
	scores, err := c.Score(stream.Context(), req)
	if err != nil {
		return err
	}
	if err := convert.CheckScores(req, len(scores)); err != nil {
		return fault(err)
	}
	for at := 0; at < len(scores); at += scoreRun {
		run := scores[at:min(len(scores), at+scoreRun)]
		if err := stream.Send(&pb.ScoreResponse{Start: int64(at), Scores: le.Bytes(run)}); err != nil {
			return err
		}
	}
	return nil
}

// Update implements RecommenderService.
func (s *recommenderService) Update(ctx context.Context, m *pb.UpdateRequest) (*pb.UpdateResponse, error) {
	c, err := component[sdk.Updater](s.server, sdk.FeatureUpdate)
	if err != nil {
		return nil, err
	}
	req, err := convert.FromUpdateRequest(m)
	if err != nil {
		return nil, err
	}
	result, err := c.Update(ctx, req)
	return &pb.UpdateResponse{Accepted: result.Accepted, ModelEpoch: result.ModelEpoch}, err
}

// Save implements RecommenderService.
func (s *recommenderService) Save(ctx context.Context, m *pb.SaveRequest) (*pb.SaveResponse, error) {
	c, err := component[sdk.Saver](s.server, sdk.FeatureSave)
	if err != nil {
		return nil, err
	}
	result, err := c.Save(ctx, m.GetDir())
	return &pb.SaveResponse{Files: convert.ToFiles(result.Files), Format: result.Format}, err
}

// Load implements RecommenderService.
func (s *recommenderService) Load(ctx context.Context, m *pb.LoadRequest) (*pb.LoadResponse, error) {
	c, err := component[sdk.Saver](s.server, sdk.FeatureSave)
	if err != nil {
		return nil, err
	}
	return &pb.LoadResponse{}, c.Load(ctx, m.GetDir(), convert.FromDataRef(m.GetData()))
}

// fault is an answer of the wrong shape: the component's doing, so it must not
// look like a complaint about the request.
func fault(err error) error {
	if err == nil {
		return nil
	}
	return &sdk.Error{Msg: "the component's answer: " + err.Error()}
}
