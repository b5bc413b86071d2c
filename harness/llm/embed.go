package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// embedAtOnce is how many texts go into a call.
const embedAtOnce = 128

// Embed gives one vector a text; journalled text by text. It is
// sdk.ErrUnsupported where the backend has no embeddings.
func (c *Client) Embed(ctx context.Context, r EmbedRequest) (sdk.Embeddings, error) {
	if r.Role == "" || len(r.Texts) == 0 {
		return sdk.Embeddings{}, &RequestError{c.cfg.Name, r.Cell, r.Role, "texts to embed without a role, or none", sdk.ErrInvalid}
	}
	if err := c.begin(); err != nil {
		return sdk.Embeddings{}, err
	}
	defer c.asking.Done()
	found := make(map[Key]*entry, len(r.Texts))
	texts := unique(c.cfg.Identity, r.Texts)
	for len(texts) > 0 {
		n := min(embedAtOnce, len(texts))
		if err := c.vectors(ctx, r, texts[:n]); err != nil {
			return sdk.Embeddings{}, err
		}
		for _, t := range texts[:n] {
			found[t.key] = t.entry
		}
		texts = texts[n:]
	}
	out := sdk.Embeddings{}
	for i, text := range r.Texts {
		e := found[embedKey(c.cfg.Identity, text)]
		if i == 0 {
			out.Dimensions = len(e.Vector)
		}
		if len(e.Vector) != out.Dimensions {
			return sdk.Embeddings{}, fmt.Errorf("%s: text %d has %d dimensions, text 0 has %d", c.cfg.Name, i, len(e.Vector), out.Dimensions)
		}
		out.Vectors = append(out.Vectors, e.Vector...)
		var sum Usage
		sum.take(out.Usage)
		sum.take(e.Usage)
		out.Usage = sdk.Usage{
			PromptTokens: sum.PromptTokens, CachedTokens: sum.CachedTokens, CompletionTokens: sum.CompletionTokens,
			ReasoningTokens: sum.ReasoningTokens, Requests: sum.Requests, CostMicros: sum.CostMicros, Currency: sum.Currency,
		}
	}
	return out, nil
}

// embedded is a text with its key and, in the end, its vector.
type embedded struct {
	key   Key
	text  string
	entry *entry
}

// unique gives every text once, in the order of keys.
func unique(identity string, texts []string) []*embedded {
	all := make([]*embedded, len(texts))
	for i, t := range texts {
		all[i] = &embedded{key: embedKey(identity, t), text: t}
	}
	slices.SortFunc(all, func(a, b *embedded) int { return bytes.Compare(a.key[:], b.key[:]) })
	return slices.CompactFunc(all, func(a, b *embedded) bool { return a.key == b.key })
}

// vectors finds the vectors of some texts, and asks for those that nobody has.
// The texts are in the order of keys, so that two callers who wait for each
// other's texts cannot block each other.
func (c *Client) vectors(ctx context.Context, r EmbedRequest, texts []*embedded) error {
	var missing []*embedded
	for _, t := range texts {
		land, err := c.board(ctx, t.key)
		if err != nil {
			return err
		}
		defer land()
		if t.entry, err = c.recall(t.key, Usage{Backend: c.cfg.Name, Cell: r.Cell, Role: r.Role}); err != nil {
			return err
		}
		if t.entry == nil {
			missing = append(missing, t)
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case c.cfg.ReplayOnly:
		return &MissError{c.cfg.Name, r.Cell, r.Role, line(missing[0].text), 0}
	}
	return c.embed(ctx, r, missing)
}

// embed asks for the vectors of some texts in one call.
func (c *Client) embed(ctx context.Context, r EmbedRequest, missing []*embedded) error {
	texts := make([]string, len(missing))
	size := 0
	for i, t := range missing {
		texts[i] = t.text
		size += len(t.text)
	}
	prompt := int64(size/bytesPerToken + len(texts))
	may := need{amounts{1, prompt, c.priced(sdk.Usage{PromptTokens: prompt}).CostMicros}, prompt}
	if err := c.cfg.Ledger.reserve(ctx, r.Cell, may.amounts); err != nil {
		return err
	}
	use := Usage{Backend: c.cfg.Name, Cell: r.Cell, Role: r.Role}
	defer func() { c.cfg.Ledger.settle(r.Cell, may.amounts, use) }()
	var got sdk.Embeddings
	_, err := c.attempts(ctx, missing[0].key, &use, may, func(ctx context.Context, backend sdk.LLM, _ bool) (*entry, *sdk.RateLimits, *trouble) {
		var t *trouble
		got, t = embedOnce(ctx, backend, texts)
		return nil, nil, t
	})
	if err != nil {
		return c.lost(use, err)
	}
	defer c.saved()
	total := c.priced(sane(got.Usage))
	use.take(total)
	for i, part := range shares(total, texts) {
		missing[i].entry = &entry{Vector: got.Vectors[i*got.Dimensions : (i+1)*got.Dimensions], Usage: part}
	}
	return c.keepVectors(missing, use)
}

func embedOnce(ctx context.Context, backend sdk.LLM, texts []string) (got sdk.Embeddings, t *trouble) {
	e, ok := backend.(sdk.Embedder)
	if !ok {
		return got, judgeError(sdk.Unsupportedf("the backend has no embeddings"))
	}
	got, err := e.Embed(ctx, texts)
	if err != nil {
		return got, judgeError(err)
	}
	if got.Dimensions <= 0 || len(got.Vectors) != got.Dimensions*len(texts) {
		return got, judgeError(fmt.Errorf("%d values of %d dimensions for %d texts", len(got.Vectors), got.Dimensions, len(texts)))
	}
	return got, nil
}

// keepVectors writes one entry a text, and the usage of the call with the
// first. They wait together, so they share a sync or two.
func (c *Client) keepVectors(texts []*embedded, use Usage) error {
	errs := make(chan error, len(texts))
	for _, t := range texts {
		go func(use Usage) { errs <- c.keep(t.key, t.entry, use) }(use)
		use = Usage{Backend: use.Backend, Cell: use.Cell, Role: use.Role}
	}
	var all error
	for range texts {
		all = errors.Join(all, <-errs)
	}
	return all
}

// shares divides the usage of a call among its texts by their length, so that
// the sum over any of them is what they took.
func shares(u sdk.Usage, texts []string) []sdk.Usage {
	all := 0
	for _, t := range texts {
		all += len(t) + 1
	}
	out := make([]sdk.Usage, len(texts))
	seen := 0
	for i, t := range texts {
		before := seen
		seen += len(t) + 1
		part := func(v int64) int64 { return v*int64(seen)/int64(all) - v*int64(before)/int64(all) }
		out[i] = sdk.Usage{
			PromptTokens: part(u.PromptTokens), CachedTokens: part(u.CachedTokens), CompletionTokens: part(u.CompletionTokens),
			Requests: part(u.Requests), CostMicros: part(u.CostMicros), Currency: u.Currency,
		}
	}
	return out
}
