package main

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

const (
	itemKNNFormat = "itemknn/1"
	itemKNNFile   = "itemknn.bin"
)

// itemKNN keeps, for every item, its most similar items, and scores an item c
// for a user with items U by Σ over i in U of sim(i, c), counting c only where
// it is among the neighbours of i (Deshpande and Karypis 2004, section 4.1;
// similarities after Sarwar et al. 2001):
//
//	cosine   sim = Σ x_ui·x_uj / (‖x_i‖·‖x_j‖ + shrink)
//	jaccard  sim = n_ij / (n_i + n_j − n_ij + shrink)
//
// x_ui is 1, or the value with weights = "value"; n_ij counts the users with
// both items. Shrink pulls pairs with little support down, min-overlap drops
// them. Neighbours of equal similarity are chosen by hash(fit seed, i, j). All
// sums run in one order and no processor fuses them: bitwise the same anywhere.
type itemKNN struct {
	served
	similar entries // each item's neighbours, most similar first
}

func newItemKNN() sdk.Recommender { return &itemKNN{} }

func (m *itemKNN) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender,
		Name: "itemknn",
		Doc:  "Item-based nearest neighbours: the sum of similarities to the user's items.",
		Options: []sdk.OptionSpec{
			{
				Name: "neighbors", Type: sdk.OptionInt, Default: int64(100), Min: sdk.Bound(1), Max: sdk.Bound(100000), Unit: "items",
				Doc: "How many similar items each item keeps. Few give sharp lists, many bring popularity back in.",
			},
			{
				Name: "similarity", Type: sdk.OptionEnum, Default: "cosine", Choices: []string{"cosine", "jaccard"},
				Doc: "Similarity of two items over the users who have them.",
			},
			{
				Name: "weights", Type: sdk.OptionEnum, Default: "binary", Choices: []string{"binary", "value"},
				Doc: "What an interaction counts: 1, or its value (cosine only; data with values).",
			},
			{
				Name: "shrink", Type: sdk.OptionFloat, Default: 0.0, Min: sdk.Bound(0), Max: sdk.Bound(1e6),
				Doc: "Added to the similarity's denominator, against pairs with little support; 0 is the plain similarity.",
			},
			{
				Name: "min-overlap", Type: sdk.OptionInt, Default: int64(1), Min: sdk.Bound(1), Max: sdk.Bound(1e6), Unit: "users",
				Doc: "Pairs of items with fewer common users are no neighbours.",
			},
		},
		Features:    []string{sdk.FeatureScore, sdk.FeatureSave},
		Determinism: sdk.DeterminismBitwise,
		License:     "Apache-2.0",
		Citation:    "Deshpande and Karypis 2004, Item-based top-N recommendation algorithms, ACM TOIS 22(1)",
	}
}

// Validate refuses Jaccard over values, which it has no use for.
func (m *itemKNN) Validate(_ context.Context, o sdk.Options) []sdk.Diagnostic {
	if o.String("similarity") == "jaccard" && o.String("weights") == "value" {
		return []sdk.Diagnostic{{
			Severity: sdk.SeverityError, Option: "weights",
			Summary: "jaccard compares sets of users and ignores values",
			Detail:  "set weights = \"binary\", or similarity = \"cosine\"",
		}}
	}
	return nil
}

func (m *itemKNN) Configure(_ context.Context, c sdk.Config) error {
	m.configure(c, m.Spec().Options)
	m.fill = sums(func(item int32, out []float32) { m.similar.add(item, out) })
	return nil
}

func (m *itemKNN) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	x, err := dense.Read(r.Data, m.options.String("weights") == "value")
	if err != nil {
		return sdk.FitResult{}, err
	}
	rows, err := m.neighbors(ctx, x, r.Seed, emit)
	if err != nil {
		return sdk.FitResult{}, err
	}
	e := entries{offsets: []int64{0}}
	for _, row := range rows {
		e.items = append(e.items, row.items...)
		e.values = append(e.values, row.sim...)
		e.offsets = append(e.offsets, int64(len(e.items)))
	}
	m.train, m.data, m.similar = x, r.Data.ManifestSHA256, e
	return sdk.FitResult{Epochs: 1, Parameters: int64(len(e.items))}, nil
}

// row is the neighbourhood of one item, most similar first.
type row struct {
	items []int32
	sim   []float32
}

// neighbors computes the neighbourhood of every item.
func (m *itemKNN) neighbors(ctx context.Context, x *dense.Matrix, seed uint64, emit sdk.Emit) ([]row, error) {
	n := x.Cols
	byItem := x.Transpose()
	size := norms(byItem)
	measure := m.measure()
	top := min(m.options.Int("neighbors"), n)
	rows := make([]row, n)
	type buffers struct {
		dots   []float64
		common []int32
		sims   []float32
		ranker sdk.Ranker
	}
	desks := make([]buffers, cores.Threads(m.threads))
	err := cores.Each(ctx, n, m.threads, func(w, i int) {
		if i%256 == 0 {
			note(emit, "similarities", i, n)
		}
		d := &desks[w]
		if d.dots == nil {
			d.dots, d.common, d.sims = make([]float64, n), make([]int32, n), make([]float32, n)
		}
		clear(d.dots)
		clear(d.common)
		dense.AddCooccurrence(x, byItem, int32(i), d.dots)
		for _, u := range byItem.Row(i) {
			for _, j := range x.Row(int(u)) {
				d.common[j]++
			}
		}
		for j := range d.sims {
			d.sims[j] = measure.of(d.dots[j], d.common[j], size[i], size[j])
		}
		d.sims[i] = float32(math.NaN())
		reply := sdk.NewReply(1, top)
		d.ranker.Fill(&reply, &sdk.RecommendRequest{Users: []int32{int32(i)}, K: top, Seed: seed}, 0, d.sims)
		k := reply.Counts[0]
		rows[i] = row{items: reply.Items[:k], sim: reply.Scores[:k]}
	})
	return rows, err
}

// norms gives the squared length of every row; for binary rows, their number
// of entries.
func norms(m *dense.Matrix) []float64 {
	out := make([]float64, m.Rows)
	for i := range out {
		values := m.Values(i)
		if values == nil {
			out[i] = float64(len(m.Row(i)))
		}
		for _, v := range values {
			out[i] += float64(float64(v) * float64(v))
		}
	}
	return out
}

// measure is a similarity with its options at hand.
type measure struct {
	jaccard bool
	shrink  float64
	overlap int32
}

func (m *itemKNN) measure() measure {
	return measure{
		jaccard: m.options.String("similarity") == "jaccard",
		shrink:  m.options.Float("shrink"),
		overlap: int32(m.options.Int("min-overlap")),
	}
}

// of gives the similarity of two items from their dot product, common users and
// squared lengths; NaN, which leaves the pair out, where they are no neighbours.
func (m measure) of(dot float64, common int32, a, b float64) float32 {
	switch {
	case common < m.overlap || dot <= 0:
		return float32(math.NaN())
	case m.jaccard:
		return float32(dot / (a + b - dot + m.shrink))
	}
	return float32(dot / (math.Sqrt(float64(a*b)) + m.shrink))
}

// Save writes one file. The training part is not in it.
func (m *itemKNN) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	return m.saveEntries(dir, itemKNNFile, itemKNNFormat, m.similar)
}

// Load reads what Save wrote, for the same options and training part.
func (m *itemKNN) Load(_ context.Context, dir string, data sdk.DataRef) error {
	x, e, err := m.loadEntries(dir, itemKNNFile, itemKNNFormat, data, m.options.String("weights") == "value")
	if err != nil {
		return err
	}
	m.train, m.data, m.similar = x, data.ManifestSHA256, e
	return nil
}
