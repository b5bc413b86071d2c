package serve

import (
	"context"
	"sync"

	"google.golang.org/grpc"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// llmService serves LLMService.
type llmService struct {
	pb.UnimplementedLLMServiceServer
	server *server
}

// Generate implements LLMService.
func (s *llmService) Generate(m *pb.GenerateRequest, stream grpc.ServerStreamingServer[pb.GenerateResponse]) error {
	c, err := component[sdk.LLM](s.server, "")
	if err != nil {
		return err
	}
	requests, err := convert.FromChat(m)
	if err != nil {
		return err
	}
	var mu sync.Mutex // backends may answer from many goroutines
	return c.Generate(stream.Context(), requests, func(r sdk.GenerateResult) error {
		w := convert.ToResult(r)
		if _, err := convert.FromResult(w); err != nil {
			return fault(err)
		}
		mu.Lock()
		defer mu.Unlock()
		return stream.Send(w)
	})
}

// ScoreText implements LLMService.
func (s *llmService) ScoreText(ctx context.Context, m *pb.ScoreTextRequest) (*pb.ScoreTextResponse, error) {
	c, err := component[sdk.TextScorer](s.server, sdk.FeatureScore)
	if err != nil {
		return nil, err
	}
	prompts, err := convert.FromContinuations(m)
	if err != nil {
		return nil, err
	}
	scores, err := c.ScoreText(ctx, prompts)
	if err != nil {
		return nil, err
	}
	out, err := convert.ToTextScores(scores, convert.CountContinuations(prompts))
	return out, fault(err)
}

// Embed implements LLMService.
func (s *llmService) Embed(ctx context.Context, m *pb.EmbedRequest) (*pb.EmbedResponse, error) {
	c, err := component[sdk.Embedder](s.server, sdk.FeatureEmbed)
	if err != nil {
		return nil, err
	}
	result, err := c.Embed(ctx, m.GetTexts())
	if err != nil {
		return nil, err
	}
	out, err := convert.ToEmbeddings(result, len(m.GetTexts()))
	return out, fault(err)
}

// StartTune implements LLMService.
func (s *llmService) StartTune(ctx context.Context, m *pb.StartTuneRequest) (*pb.StartTuneResponse, error) {
	c, err := component[sdk.Tuner](s.server, sdk.FeatureTune)
	if err != nil {
		return nil, err
	}
	req, err := convert.FromTuneRequest(m)
	if err != nil {
		return nil, err
	}
	job, err := c.StartTune(ctx, req)
	return &pb.StartTuneResponse{Job: job}, err
}

// WatchTune implements LLMService. Events keep their numbers, so none is held
// back: only the heartbeats are ours.
func (s *llmService) WatchTune(m *pb.WatchTuneRequest, stream grpc.ServerStreamingServer[pb.WatchTuneResponse]) error {
	c, err := component[sdk.Tuner](s.server, sdk.FeatureTune)
	if err != nil {
		return err
	}
	last := m.GetFromSeq()
	send := func(e *pb.Event) error {
		return stream.Send(&pb.WatchTuneResponse{Seq: last, Kind: &pb.WatchTuneResponse_Event{Event: e}})
	}
	e := newEvents(s.server.pace, send)
	result, err := watchTune(stream.Context(), c, m, e, func(seq int64, event sdk.Event) {
		if w := convert.ToEvent(event); w != nil {
			_ = e.locked(func() error {
				last = seq
				return send(w)
			})
		}
	})
	if err != nil {
		return err
	}
	return stream.Send(&pb.WatchTuneResponse{Seq: last, Kind: &pb.WatchTuneResponse_Done{Done: convert.ToTuneResult(result)}})
}

// watchTune ends the events even if the component panics.
func watchTune(ctx context.Context, c sdk.Tuner, m *pb.WatchTuneRequest, e *events, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	defer e.close()
	return c.WatchTune(ctx, m.GetJob(), m.GetFromSeq(), emit)
}

// CancelTune implements LLMService.
func (s *llmService) CancelTune(ctx context.Context, m *pb.CancelTuneRequest) (*pb.CancelTuneResponse, error) {
	c, err := component[sdk.Tuner](s.server, sdk.FeatureTune)
	if err != nil {
		return nil, err
	}
	return &pb.CancelTuneResponse{}, c.CancelTune(ctx, m.GetJob())
}
