package launch

import (
	"context"
	"fmt"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// LLM is a component on the other side of the wire.
type LLM struct {
	client *Client
	spec   sdk.ComponentSpec
	rpc    pb.LLMServiceClient
}

var (
	_ sdk.LLM        = (*LLM)(nil)
	_ sdk.TextScorer = (*LLM)(nil)
	_ sdk.Embedder   = (*LLM)(nil)
	_ sdk.Tuner      = (*LLM)(nil)
)

// LLM gives a client for a component out of the plugin's description.
func (c *Client) LLM(spec sdk.ComponentSpec) *LLM {
	return &LLM{client: c, spec: spec, rpc: pb.NewLLMServiceClient(c.conn)}
}

// Spec gives what the plugin declared.
func (l *LLM) Spec() sdk.ComponentSpec { return l.spec }

// Configure configures the process.
func (l *LLM) Configure(ctx context.Context, c sdk.Config) error {
	return l.client.Configure(ctx, c)
}

// Generate implements sdk.LLM. Every request has exactly one result, or the
// error says that one is missing. The error of yield ends the call and is
// returned as it is.
func (l *LLM) Generate(ctx context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	m, err := convert.ToChat(rs)
	if err != nil {
		return err
	}
	open := make(map[string]bool, len(rs))
	for _, r := range rs {
		open[r.ID] = true
	}
	w := newWatch(ctx, 0) // no heartbeats on this stream
	defer w.stop()
	stream, err := l.rpc.Generate(w.ctx, m)
	if err != nil {
		return w.err(err)
	}
	err = receive(w, stream, func(m *pb.GenerateResponse) error {
		result, err := convert.FromResult(m)
		if err == nil && !open[result.ID] {
			err = fmt.Errorf("result %q was not asked for, or came twice", result.ID)
		}
		if err != nil {
			return fault("generate", err)
		}
		delete(open, result.ID)
		return yield(result)
	})
	if err == nil && len(open) > 0 {
		err = fault("generate", fmt.Errorf("%d of %d results are missing", len(open), len(rs)))
	}
	return err
}

// ScoreText implements sdk.TextScorer.
func (l *LLM) ScoreText(ctx context.Context, prompts []sdk.Continuations) (sdk.TextScores, error) {
	if err := need(l.spec, sdk.FeatureScore); err != nil {
		return sdk.TextScores{}, err
	}
	reply, err := l.rpc.ScoreText(ctx, convert.ToContinuations(prompts))
	if err != nil {
		return sdk.TextScores{}, convert.FromStatus(ctx, err)
	}
	out, err := convert.FromTextScores(reply, convert.CountContinuations(prompts))
	return out, fault("score text", err)
}

// Embed implements sdk.Embedder.
func (l *LLM) Embed(ctx context.Context, texts []string) (sdk.Embeddings, error) {
	if err := need(l.spec, sdk.FeatureEmbed); err != nil {
		return sdk.Embeddings{}, err
	}
	reply, err := l.rpc.Embed(ctx, &pb.EmbedRequest{Texts: texts})
	if err != nil {
		return sdk.Embeddings{}, convert.FromStatus(ctx, err)
	}
	out, err := convert.FromEmbeddings(reply, len(texts))
	return out, fault("embed", err)
}

// StartTune implements sdk.Tuner.
func (l *LLM) StartTune(ctx context.Context, r sdk.TuneRequest) (string, error) {
	if err := need(l.spec, sdk.FeatureTune); err != nil {
		return "", err
	}
	m, err := convert.ToTuneRequest(r)
	if err != nil {
		return "", err
	}
	reply, err := l.rpc.StartTune(ctx, m)
	return reply.GetJob(), convert.FromStatus(ctx, err)
}

// WatchTune implements sdk.Tuner.
func (l *LLM) WatchTune(ctx context.Context, job string, from int64, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	if err := need(l.spec, sdk.FeatureTune); err != nil {
		return sdk.TuneResult{}, err
	}
	w := l.client.watch(ctx)
	defer w.stop()
	stream, err := l.rpc.WatchTune(w.ctx, &pb.WatchTuneRequest{Job: job, FromSeq: from})
	if err != nil {
		return sdk.TuneResult{}, w.err(err)
	}
	return collect(w, "watch tune", stream,
		func(m *pb.WatchTuneResponse) {
			if e := convert.FromEvent(m.GetEvent()); e != nil && emit != nil {
				emit(m.GetSeq(), e)
			}
		},
		func(m *pb.WatchTuneResponse) (sdk.TuneResult, bool) {
			return convert.FromTuneResult(m.GetDone()), m.GetDone() != nil
		})
}

// CancelTune implements sdk.Tuner.
func (l *LLM) CancelTune(ctx context.Context, job string) error {
	if err := need(l.spec, sdk.FeatureTune); err != nil {
		return err
	}
	_, err := l.rpc.CancelTune(ctx, &pb.CancelTuneRequest{Job: job})
	return convert.FromStatus(ctx, err)
}
