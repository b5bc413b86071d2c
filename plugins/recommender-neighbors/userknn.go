package main

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

const (
	userKNNFormat = "userknn/1"
	userKNNFile   = "userknn.bin"
)

// userKNN scores an item for a user by the similarities of those of the most
// similar users N who have it (Sarwar et al. 2000, "Analysis of recommendation
// algorithms for e-commerce", section 3.2; Herlocker et al. 1999, section 5):
//
//	score(u, c) = Σ over v in N with c of sim(u, v)
//	sim(u, v)   = n_uv / √(n_u·n_v) · min(n_uv, significance) / significance
//
// n_u counts the items of u, n_uv those that both have. The second factor is
// Herlocker's significance weighting, against users who agree on two items out
// of two; significance 0 leaves it out. Interactions are binary.
//
// The model is the training part itself: neighbours are looked for when a user
// is asked about, so that what a session just watched moves the neighbourhood.
// Neighbours of equal similarity are chosen by hash(fit seed, u, v). Sums run
// in one order, best neighbour first: bitwise the same anywhere.
type userKNN struct {
	served
	byItem *dense.Matrix // items × users
	seed   uint64
}

func newUserKNN() sdk.Recommender { return &userKNN{} }

func (m *userKNN) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender,
		Name: "userknn",
		Doc:  "User-based nearest neighbours: what the most similar users have, binary interactions, cosine.",
		Options: []sdk.OptionSpec{
			{
				Name: "neighbors", Type: sdk.OptionInt, Default: int64(100), Min: sdk.Bound(1), Max: sdk.Bound(100000), Unit: "users",
				Doc: "How many similar users are asked. Few give sharp lists, many bring popularity back in.",
			},
			{
				Name: "significance", Type: sdk.OptionInt, Default: int64(0), Min: sdk.Bound(0), Max: sdk.Bound(1e6), Unit: "items",
				Doc: "Common items from which a similarity counts in full; with fewer it counts in proportion. Herlocker uses 50; 0 is the plain cosine.",
			},
			{
				Name: "min-overlap", Type: sdk.OptionInt, Default: int64(1), Min: sdk.Bound(1), Max: sdk.Bound(1e6), Unit: "items",
				Doc: "Users with fewer common items are no neighbours.",
			},
		},
		Features:    []string{sdk.FeatureScore, sdk.FeatureSave},
		Determinism: sdk.DeterminismBitwise,
		License:     "Apache-2.0",
		Citation:    "Sarwar et al. 2000, Analysis of recommendation algorithms for e-commerce, EC; Herlocker et al. 1999, An algorithmic framework for performing collaborative filtering, SIGIR",
	}
}

func (m *userKNN) Configure(_ context.Context, c sdk.Config) error {
	m.configure(c, m.Spec().Options)
	top, significance, overlap := m.options.Int("neighbors"), float64(m.options.Int("significance")), int32(m.options.Int("min-overlap"))
	m.fill = func(d *desk, user int32, basket []int32) {
		d.near.find(m, user, basket, top, significance, overlap)
		for n, v := range d.near.reply.Items[:d.near.reply.Counts[0]] {
			sim := d.near.reply.Scores[n]
			for _, it := range m.train.Row(int(v)) {
				d.scores[it] += sim
			}
		}
	}
	return nil
}

// neighborhood holds the buffers of a search for similar users.
type neighborhood struct {
	common []int32   // per user: items shared with the basket
	sims   []float32 // per user: NaN is no neighbour
	ranker sdk.Ranker
	reply  sdk.RecommendReply // one row of users, most similar first
}

// find puts the most similar users into n.reply.
func (n *neighborhood) find(m *userKNN, user int32, basket []int32, top int, significance float64, overlap int32) {
	users := m.train.Rows
	if len(n.common) != users {
		n.common, n.sims = make([]int32, users), make([]float32, users)
	}
	clear(n.common)
	for _, it := range basket {
		for _, v := range m.byItem.Row(int(it)) {
			n.common[v]++
		}
	}
	size := float64(len(basket))
	for v, c := range n.common {
		if c < overlap || int32(v) == user {
			n.sims[v] = float32(math.NaN())
			continue
		}
		sim := float64(c) / math.Sqrt(size*float64(len(m.train.Row(v))))
		if float64(c) < significance {
			sim = sim * float64(c) / significance
		}
		n.sims[v] = float32(sim)
	}
	if top = min(top, users); len(n.reply.Items) != top {
		n.reply = sdk.NewReply(1, top)
	}
	n.ranker.Fill(&n.reply, &sdk.RecommendRequest{Users: []int32{user}, K: top, Seed: m.seed}, 0, n.sims)
}

// Fit keeps the training part; there is nothing else to learn.
func (m *userKNN) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	note(emit, "reading", 0, 1)
	x, err := dense.Read(r.Data, false)
	if err != nil {
		return sdk.FitResult{}, err
	}
	if err := ctx.Err(); err != nil {
		return sdk.FitResult{}, err
	}
	m.train, m.byItem, m.data, m.seed = x, x.Transpose(), r.Data.ManifestSHA256, r.Seed
	return sdk.FitResult{Epochs: 1, Parameters: int64(len(x.Index))}, nil
}

// Save writes the seed of the ties, which is all that the training part, needed
// by Load, does not hold.
func (m *userKNN) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	if m.train == nil {
		return sdk.SaveResult{}, errNotFitted()
	}
	h, err := m.header(userKNNFormat, m.train, m.data)
	if err != nil {
		return sdk.SaveResult{}, err
	}
	f, err := dense.WriteModel(dir, userKNNFile, h, []int64{int64(m.seed)})
	return sdk.SaveResult{Files: []sdk.File{f}, Format: userKNNFormat}, err
}

// Load reads what Save wrote, for the same options and training part.
func (m *userKNN) Load(_ context.Context, dir string, data sdk.DataRef) error {
	x, err := dense.Read(data, false)
	if err != nil {
		return err
	}
	h, err := m.header(userKNNFormat, x, data.ManifestSHA256)
	if err != nil {
		return err
	}
	var seed []int64
	if err := dense.ReadModel(dir, userKNNFile, h, &seed); err != nil {
		return err
	}
	if len(seed) != 1 {
		return sdk.Invalidf("", "model file %s: %d seeds, want one", userKNNFile, len(seed))
	}
	m.train, m.byItem, m.data, m.seed = x, x.Transpose(), data.ManifestSHA256, uint64(seed[0])
	return nil
}
