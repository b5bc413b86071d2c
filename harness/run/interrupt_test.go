//go:build unix

package run

import (
	"context"
	"strings"
	"testing"
)

// TestEndDuringScoring: all cells are there, and still the run was interrupted,
// which is no error of its own.
func TestEndDuringScoring(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hear := func(e Event) {
		if p, ok := e.(Phase); ok && strings.HasPrefix(p.Text, "scoring") {
			cancel()
		}
	}
	p := b.plan(suite(armTable("bad", "good")), hear, "repeats=1")
	res, err := p.Execute(ctx, nil)
	if err != nil || !res.Interrupted || res.Done != res.Cells || res.Cells == 0 {
		t.Errorf("%+v, %v: want an interrupted run with every cell done", res, err)
	}
}
