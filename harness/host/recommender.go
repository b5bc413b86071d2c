package host

import (
	"context"
	"fmt"
	"math"
	"os"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// maxRows is the largest batch of users in one call, maxReply what a batched
// reply may weigh: larger requests go out in parts, which a stateless
// recommender cannot tell.
const (
	maxRows  = 1024
	maxReply = 16 << 20
)

// Recommender gives the component as a recommender over a catalogue. The value
// also implements sdk.Scorer, sdk.Updater and sdk.Saver; their methods answer
// sdk.ErrUnsupported where the component lacks the feature. Configure has been
// done and must not be called again.
func (p *Process) Recommender(items, users int) sdk.Recommender {
	return &recommender{p: p, check: newChecker(items, users)}
}

type recommender struct {
	p     *Process
	check *checker
}

var (
	_ sdk.Recommender = (*recommender)(nil)
	_ sdk.Scorer      = (*recommender)(nil)
	_ sdk.Updater     = (*recommender)(nil)
	_ sdk.Saver       = (*recommender)(nil)
)

func (r *recommender) Spec() sdk.ComponentSpec { return r.p.Spec() }

func (r *recommender) Configure(context.Context, sdk.Config) error { return r.p.configuredOnce() }

// Fit trains, and afterwards saves the model where the component can, so that a
// crash later costs a Load and not a second Fit.
func (r *recommender) Fit(ctx context.Context, req sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	var res sdk.FitResult
	r.p.setRestore(nil)
	err := r.p.call(ctx, ask{rpc: "fit"}, func(ctx context.Context, c *launch.Client) (err error) {
		res, err = c.Recommender(r.p.Spec()).Fit(ctx, req, emit)
		return err
	})
	if err != nil {
		return sdk.FitResult{}, err
	}
	for name, v := range res.Metrics {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			r.p.host.cfg.Logger.Warn("fit answered a number that is none", "plugin", r.p.label, "metric", name, "value", v)
			delete(res.Metrics, name)
		}
	}
	r.keep(ctx, req)
	return res, nil
}

// keep arranges how a restarted process gets its model back.
func (r *recommender) keep(ctx context.Context, req sdk.FitRequest) {
	p := r.p
	if p.Spec().Has(sdk.FeatureSave) {
		dir, err := p.saveModel(ctx)
		if err == nil {
			p.setRestore(r.load(dir, req.Data))
			return
		}
		p.host.cfg.Logger.Warn("model not saved: a restart would fit again", "plugin", p.label, "error", err)
	}
	p.setRestore(r.refit(req))
}

// refit gives a process the model by another fit. A restart has no deadline of
// its own, so the fit keeps to the budget that the first one had.
func (r *recommender) refit(req sdk.FitRequest) func(context.Context, *launch.Client) error {
	return func(ctx context.Context, c *launch.Client) error {
		limited, cancel := ctx, context.CancelFunc(func() {})
		if req.Budget > 0 {
			limited, cancel = context.WithTimeout(ctx, req.Budget)
		}
		defer cancel()
		_, err := c.Recommender(r.p.Spec()).Fit(limited, req, func(sdk.Event) {})
		if err != nil && limited.Err() != nil && ctx.Err() == nil {
			return &sdk.Error{Kind: sdk.ErrCrashed, Msg: fmt.Sprintf("fitting again took longer than %v", req.Budget)}
		}
		return err
	}
}

// load gives a process a saved model. It keeps its own deadline, because a
// restart has none.
func (r *recommender) load(dir string, data sdk.DataRef) func(context.Context, *launch.Client) error {
	return func(ctx context.Context, c *launch.Client) error {
		ctx, cancel := context.WithTimeout(ctx, r.p.host.cfg.Timing.Files)
		defer cancel()
		return c.Recommender(r.p.Spec()).Load(ctx, dir, data)
	}
}

// saveModel asks for the model in a fresh private folder.
func (p *Process) saveModel(ctx context.Context) (string, error) {
	dir, _, err := p.host.folder("m")
	if err != nil {
		return "", err
	}
	err = p.call(ctx, ask{rpc: "save", limit: p.host.cfg.Timing.Files}, func(ctx context.Context, c *launch.Client) error {
		_, err := c.Recommender(p.Spec()).Save(ctx, dir)
		return err
	})
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.model != "" {
		_ = os.RemoveAll(p.model)
	}
	p.model = dir
	return dir, nil
}

func (r *recommender) Recommend(ctx context.Context, req sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if err := r.check.request(&req); err != nil {
		return sdk.RecommendReply{}, err
	}
	rows := max(1, min(maxRows, maxReply/(8*max(1, req.K))))
	if len(req.Users) <= rows {
		return r.recommend(ctx, req)
	}
	whole := sdk.RecommendReply{}
	for from := 0; from < len(req.Users); from += rows {
		part, err := r.recommend(ctx, slice(req, from, min(from+rows, len(req.Users))))
		if err != nil {
			return sdk.RecommendReply{}, err
		}
		whole.Counts = append(whole.Counts, part.Counts...)
		whole.Items = append(whole.Items, part.Items...)
		whole.Scores = append(whole.Scores, part.Scores...)
		whole.Reasons = append(whole.Reasons, part.Reasons...)
		whole.ComputeNanos += part.ComputeNanos
		whole.ModelEpoch = part.ModelEpoch
	}
	if len(whole.Reasons) != len(whole.Items) {
		whole.Reasons = nil // some parts gave none
	}
	return whole, nil
}

func (r *recommender) recommend(ctx context.Context, req sdk.RecommendRequest) (sdk.RecommendReply, error) {
	var reply sdk.RecommendReply
	a := ask{rpc: "recommend", limit: r.p.host.cfg.Timing.rows(len(req.Users)), retry: true}
	err := r.p.call(ctx, a, func(ctx context.Context, c *launch.Client) (err error) {
		if reply, err = c.Recommender(r.p.Spec()).Recommend(ctx, req); err != nil {
			return err
		}
		return r.p.fault("recommend", r.check.slates(&req, &reply))
	})
	if err != nil {
		return sdk.RecommendReply{}, err
	}
	return reply, nil
}

// slice gives rows [from, to) of a request.
func slice(r sdk.RecommendRequest, from, to int) sdk.RecommendRequest {
	out := r
	out.Users = r.Users[from:to]
	out.History = rowsOf(r.History, from, to)
	if len(r.HistoryKinds) > 0 {
		out.HistoryKinds = r.HistoryKinds[r.History.Offsets[from]:r.History.Offsets[to]]
	}
	out.Exclude = rowsOf(r.Exclude, from, to)
	if r.Candidates != nil {
		c := rowsOf(*r.Candidates, from, to)
		out.Candidates = &c
	}
	if r.Pages != nil {
		out.Pages = r.Pages[from:to]
	}
	if r.Sessions != nil {
		out.Sessions = r.Sessions[from:to]
	}
	if r.Times != nil {
		out.Times = r.Times[from:to]
	}
	return out
}

func rowsOf(r sdk.Ragged, from, to int) sdk.Ragged {
	if len(r.Offsets) == 0 {
		return r
	}
	lo, hi := r.Offsets[from], r.Offsets[to]
	out := sdk.Ragged{Offsets: make([]uint32, to-from+1), Items: r.Items[lo:hi]}
	for i := range out.Offsets {
		out.Offsets[i] = r.Offsets[from+i] - lo
	}
	return out
}

func (r *recommender) Score(ctx context.Context, req sdk.ScoreRequest) ([]float32, error) {
	if err := r.p.needs(sdk.FeatureScore); err != nil {
		return nil, err
	}
	var scores []float32
	a := ask{rpc: "score", limit: r.p.host.cfg.Timing.rows(len(req.Users)), retry: true}
	err := r.p.call(ctx, a, func(ctx context.Context, c *launch.Client) (err error) {
		if scores, err = c.Recommender(r.p.Spec()).Score(ctx, req); err != nil {
			return err
		}
		return r.p.fault("score", r.check.values(req, scores, r.p.Spec().Has(sdk.FeaturePredictValues)))
	})
	return scores, err
}

// Update makes the component stateful: what it learns here would be lost in a
// restart, so from now on a crash is final.
func (r *recommender) Update(ctx context.Context, req sdk.UpdateRequest) (sdk.UpdateResult, error) {
	if err := r.p.needs(sdk.FeatureUpdate); err != nil {
		return sdk.UpdateResult{}, err
	}
	lost := func(context.Context, *launch.Client) error {
		return sdk.Unsupportedf("what was learnt from updates is lost with the process")
	}
	var res sdk.UpdateResult
	a := ask{rpc: "update", limit: r.p.host.cfg.Timing.rows(len(req.Users))}
	err := r.p.call(ctx, a, func(ctx context.Context, c *launch.Client) (err error) {
		r.p.setRestore(lost)
		res, err = c.Recommender(r.p.Spec()).Update(ctx, req)
		return err
	})
	return res, err
}

func (r *recommender) Save(ctx context.Context, dir string) (sdk.SaveResult, error) {
	if err := r.p.needs(sdk.FeatureSave); err != nil {
		return sdk.SaveResult{}, err
	}
	var res sdk.SaveResult
	err := r.p.call(ctx, ask{rpc: "save", limit: r.p.host.cfg.Timing.Files}, func(ctx context.Context, c *launch.Client) (err error) {
		res, err = c.Recommender(r.p.Spec()).Save(ctx, dir)
		return err
	})
	return res, err
}

func (r *recommender) Load(ctx context.Context, dir string, data sdk.DataRef) error {
	if err := r.p.needs(sdk.FeatureSave); err != nil {
		return err
	}
	load := func(ctx context.Context, c *launch.Client) error {
		return c.Recommender(r.p.Spec()).Load(ctx, dir, data)
	}
	err := r.p.call(ctx, ask{rpc: "load", limit: r.p.host.cfg.Timing.Files}, load)
	if err == nil {
		r.p.setRestore(load)
	}
	return err
}
