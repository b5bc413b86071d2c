package serve

import (
	"context"

	"google.golang.org/grpc"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// datasetService serves DatasetService.
type datasetService struct {
	pb.UnimplementedDatasetServiceServer
	server *server
}

// Prepare implements DatasetService.
func (s *datasetService) Prepare(m *pb.PrepareRequest, stream grpc.ServerStreamingServer[pb.PrepareResponse]) error {
	c, err := component[sdk.Dataset](s.server, "")
	if err != nil {
		return err
	}
	e := newEvents(s.server.pace, func(m *pb.Event) error {
		return stream.Send(&pb.PrepareResponse{Kind: &pb.PrepareResponse_Event{Event: m}})
	})
	result, err := prepare(stream.Context(), c, convert.FromPrepareRequest(m), e)
	if err != nil {
		return err
	}
	return stream.Send(&pb.PrepareResponse{Kind: &pb.PrepareResponse_Done{Done: convert.ToPrepareResult(result)}})
}

// prepare ends the events even if the component panics.
func prepare(ctx context.Context, c sdk.Dataset, r sdk.PrepareRequest, e *events) (sdk.PrepareResult, error) {
	defer e.close()
	return c.Prepare(ctx, r, e.emit)
}

// Read implements DatasetService.
func (s *datasetService) Read(m *pb.ReadRequest, stream grpc.ServerStreamingServer[pb.ReadResponse]) error {
	c, err := component[sdk.Dataset](s.server, "")
	if err != nil {
		return err
	}
	e := newEvents(s.server.pace, func(m *pb.Event) error {
		return stream.Send(&pb.ReadResponse{Kind: &pb.ReadResponse_Event{Event: m}})
	})
	defer e.close()
	return c.Read(stream.Context(), sdk.ReadRequest{Table: m.GetTable(), Columns: m.GetColumns()}, func(chunk sdk.Chunk) error {
		w, err := convert.ToChunk(chunk)
		if err != nil {
			return fault(err)
		}
		return e.locked(func() error {
			return stream.Send(&pb.ReadResponse{Kind: &pb.ReadResponse_Chunk{Chunk: w}})
		})
	})
}

// Respond implements DatasetService.
func (s *datasetService) Respond(ctx context.Context, m *pb.RespondRequest) (*pb.RespondResponse, error) {
	c, err := component[sdk.Responder](s.server, sdk.FeatureRespond)
	if err != nil {
		return nil, err
	}
	req, err := convert.FromRespondRequest(m)
	if err != nil {
		return nil, err
	}
	reply, err := c.Respond(ctx, req)
	if err != nil {
		return nil, err
	}
	out, err := convert.ToRespondReply(reply, len(req.Users), len(req.Slates.Items))
	return out, fault(err)
}
