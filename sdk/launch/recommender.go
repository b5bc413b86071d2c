package launch

import (
	"context"
	"fmt"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	"github.com/alignuser/alignuser/sdk/internal/le"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// maxScores bounds what Score keeps when the number of items is unknown: 1 GiB.
const maxScores = 1 << 28

// Recommender is a component on the other side of the wire. Optional methods
// answer sdk.ErrUnsupported where the component did not declare the feature.
type Recommender struct {
	client *Client
	spec   sdk.ComponentSpec
	rpc    pb.RecommenderServiceClient
}

var (
	_ sdk.Recommender = (*Recommender)(nil)
	_ sdk.Scorer      = (*Recommender)(nil)
	_ sdk.Updater     = (*Recommender)(nil)
	_ sdk.Saver       = (*Recommender)(nil)
)

// Recommender gives a client for a component out of the plugin's description.
func (c *Client) Recommender(spec sdk.ComponentSpec) *Recommender {
	return &Recommender{client: c, spec: spec, rpc: pb.NewRecommenderServiceClient(c.conn)}
}

// Spec gives what the plugin declared.
func (r *Recommender) Spec() sdk.ComponentSpec { return r.spec }

// Configure configures the process.
func (r *Recommender) Configure(ctx context.Context, c sdk.Config) error {
	return r.client.Configure(ctx, c)
}

// Fit implements sdk.Recommender.
func (r *Recommender) Fit(ctx context.Context, req sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	w := r.client.watch(ctx)
	defer w.stop()
	stream, err := r.rpc.Fit(w.ctx, convert.ToFitRequest(req))
	if err != nil {
		return sdk.FitResult{}, w.err(err)
	}
	return collect(w, "fit", stream,
		func(m *pb.FitResponse) { tell(emit, m.GetEvent()) },
		func(m *pb.FitResponse) (sdk.FitResult, bool) {
			return convert.FromFitResult(m.GetDone()), m.GetDone() != nil
		})
}

// Recommend implements sdk.Recommender.
func (r *Recommender) Recommend(ctx context.Context, req sdk.RecommendRequest) (sdk.RecommendReply, error) {
	m, err := convert.ToRecommendRequest(req)
	if err != nil {
		return sdk.RecommendReply{}, err
	}
	reply, err := r.rpc.Recommend(ctx, m)
	if err != nil {
		return sdk.RecommendReply{}, convert.FromStatus(ctx, err)
	}
	out, err := convert.FromRecommendReply(reply, len(req.Users), req.K)
	return out, fault("recommend", err)
}

// Score implements sdk.Scorer.
func (r *Recommender) Score(ctx context.Context, req sdk.ScoreRequest) ([]float32, error) {
	if err := need(r.spec, sdk.FeatureScore); err != nil {
		return nil, err
	}
	m, err := convert.ToScoreRequest(req)
	if err != nil {
		return nil, err
	}
	limit := maxScores
	if req.Candidates != nil {
		limit = len(req.Candidates.Items)
	}
	w := newWatch(ctx, 0) // no heartbeats on this stream
	defer w.stop()
	stream, err := r.rpc.Score(w.ctx, m)
	if err != nil {
		return nil, w.err(err)
	}
	var out []float32
	err = receive(w, stream, func(m *pb.ScoreResponse) error {
		part, err := le.Slice[float32](m.GetScores())
		if err == nil && m.GetStart() != int64(len(out)) {
			err = fmt.Errorf("scores start at %d, want %d", m.GetStart(), len(out))
		}
		if err == nil && len(part) > limit-len(out) {
			err = fmt.Errorf("more than %d scores", limit)
		}
		out = append(out, part...)
		return fault("score", err)
	})
	if err != nil {
		return nil, err
	}
	return out, fault("score", convert.CheckScores(req, len(out)))
}

// Update implements sdk.Updater.
func (r *Recommender) Update(ctx context.Context, req sdk.UpdateRequest) (sdk.UpdateResult, error) {
	if err := need(r.spec, sdk.FeatureUpdate); err != nil {
		return sdk.UpdateResult{}, err
	}
	m, err := convert.ToUpdateRequest(req)
	if err != nil {
		return sdk.UpdateResult{}, err
	}
	reply, err := r.rpc.Update(ctx, m)
	return sdk.UpdateResult{Accepted: reply.GetAccepted(), ModelEpoch: reply.GetModelEpoch()}, convert.FromStatus(ctx, err)
}

// Save implements sdk.Saver.
func (r *Recommender) Save(ctx context.Context, dir string) (sdk.SaveResult, error) {
	if err := need(r.spec, sdk.FeatureSave); err != nil {
		return sdk.SaveResult{}, err
	}
	reply, err := r.rpc.Save(ctx, &pb.SaveRequest{Dir: dir})
	return sdk.SaveResult{Files: convert.FromFiles(reply.GetFiles()), Format: reply.GetFormat()}, convert.FromStatus(ctx, err)
}

// Load implements sdk.Saver.
func (r *Recommender) Load(ctx context.Context, dir string, data sdk.DataRef) error {
	if err := need(r.spec, sdk.FeatureSave); err != nil {
		return err
	}
	_, err := r.rpc.Load(ctx, &pb.LoadRequest{Dir: dir, Data: convert.ToDataRef(data)})
	return convert.FromStatus(ctx, err)
}
