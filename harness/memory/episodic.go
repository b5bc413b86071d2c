package memory

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/llm"
)

// Recalled is how many sentences a page calls to mind (METHOD 3: k1 = 5).
const Recalled = 5

// Past is what a user remembers, in sentences, the oldest first.
type Past struct {
	Sentences []string
	vectors   []vector
}

// vector is an embedding with its length.
type vector struct {
	at     []float32
	length float64
}

func newVector(at []float32) vector {
	sum := 0.0
	for _, v := range at {
		sum += float64(v) * float64(v)
	}
	return vector{at, math.Sqrt(sum)}
}

// Cosine of two embeddings; 0 where one has no length.
func (v vector) cosine(w vector) float64 {
	if v.length == 0 || w.length == 0 {
		return 0
	}
	sum := 0.0
	for i, x := range v.at {
		sum += float64(x) * float64(w.at[i])
	}
	return sum / (v.length * w.length)
}

// embed turns texts into vectors, so many in a call that no call is too large.
func embed(ctx context.Context, e Embedder, texts []string) ([]vector, error) {
	const most = 256
	var out []vector
	for part := range slices.Chunk(texts, most) {
		got, err := e.Embed(ctx, llm.EmbedRequest{Role: llm.RoleAgent, Texts: part})
		if err != nil {
			return nil, err
		}
		if got.Dimensions*len(part) != len(got.Vectors) {
			return nil, fmt.Errorf("memory: %d numbers for %d texts of %d dimensions", len(got.Vectors), len(part), got.Dimensions)
		}
		for i := range part {
			v := newVector(got.Vectors[i*got.Dimensions : (i+1)*got.Dimensions])
			if math.IsNaN(v.length) || math.IsInf(v.length, 0) {
				return nil, fmt.Errorf("memory: the vector of a text has a length of %v", v.length)
			}
			if err := alike(out, []vector{v}); err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// alike refuses vectors that cannot be compared, which a backend may give in two calls.
func alike(a, b []vector) error {
	if len(a) > 0 && len(b) > 0 && len(a[0].at) != len(b[0].at) {
		return fmt.Errorf("memory: vectors of %d and of %d dimensions", len(a[0].at), len(b[0].at))
	}
	return nil
}

// NewPast makes a memory of sentences.
func NewPast(ctx context.Context, e Embedder, sentences []string) (*Past, error) {
	p := &Past{Sentences: sentences}
	var err error
	p.vectors, err = embed(ctx, e, sentences)
	return p, err
}

// Recall gives the sentences closest to any of the questions, at most [Recalled], in
// the order in which they happened. Equally close ones are taken the latest first.
func (p *Past) Recall(ctx context.Context, e Embedder, questions []string) ([]string, error) {
	if len(p.Sentences) == 0 || len(questions) == 0 {
		return nil, nil
	}
	asked, err := embed(ctx, e, questions)
	if err != nil {
		return nil, err
	}
	if err := alike(p.vectors, asked); err != nil {
		return nil, err
	}
	return p.closest(asked), nil
}

func (p *Past) closest(asked []vector) []string {
	best := make([]float64, len(p.vectors))
	order := make([]int, len(p.vectors))
	for i, v := range p.vectors {
		order[i] = i
		best[i] = math.Inf(-1)
		for _, q := range asked {
			best[i] = max(best[i], v.cosine(q))
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(best[b], best[a]), cmp.Compare(b, a)) })
	order = order[:min(Recalled, len(order))]
	slices.Sort(order)
	out := make([]string, len(order))
	for i, at := range order {
		out[i] = p.Sentences[at]
	}
	return out
}

// Texts are embedded texts of items, for how close two of them are in words.
type Texts struct{ vectors []vector }

// NewTexts embeds a text per item.
func NewTexts(ctx context.Context, e Embedder, texts []string) (*Texts, error) {
	v, err := embed(ctx, e, texts)
	return &Texts{v}, err
}

// Cosine of the texts of two items.
func (t *Texts) Cosine(x, z int32) float64 { return t.vectors[x].cosine(t.vectors[z]) }
