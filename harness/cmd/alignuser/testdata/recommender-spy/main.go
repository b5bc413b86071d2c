// Command recommender-spy writes down all that a recommender can see, for the
// story that holds the leakage rule: what it is configured with, every file and
// every row of the training folder, item means as an agent would be shown them,
// and every request. Only what names the run's own folders is left out.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
	"github.com/alignuser/alignuser/sdk/serve"
)

func main() { serve.Recommenders(func() sdk.Recommender { return &spy{} }) }

type spy struct {
	out   string
	items int
	mu    sync.Mutex
}

func (*spy) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: "spy", Doc: "writes down what it sees", Determinism: sdk.DeterminismBitwise,
		Needs: sdk.Needs{Tables: []string{sdk.TableItems, sdk.TableUsers, sdk.TableValid}},
		Options: []sdk.OptionSpec{
			{Name: "out", Type: sdk.OptionPath, Required: true, Neutral: true, Doc: "file that gets it, a line each"},
		},
	}
}

func (s *spy) Configure(_ context.Context, c sdk.Config) error {
	s.out = c.Options.String("out")
	return s.say("configured: seed %d, threads %d, device %q, %d secrets, %d options", c.Seed, c.Threads, c.Device, len(c.Secrets), len(c.Options))
}

func (s *spy) say(format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := os.OpenFile(s.out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	fmt.Fprintf(f, format+"\n", args...)
	return f.Close()
}

func (s *spy) Fit(_ context.Context, r sdk.FitRequest, _ sdk.Emit) (sdk.FitResult, error) {
	var seen []string
	note := func(format string, args ...any) { seen = append(seen, fmt.Sprintf(format, args...)) }
	note("fit: seed %d, budget %v, memory %d, resume %q, manifest %s", r.Seed, r.Budget, r.MemoryHint, r.ResumeDir, r.Data.ManifestSHA256)
	err := filepath.WalkDir(r.Data.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		note("file %s: %d bytes, %x", e.Name(), len(b), sha256.Sum256(b))
		return err
	})
	if err != nil {
		return sdk.FitResult{}, err
	}
	f, err := columns.Open(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	defer f.Close()
	s.items = f.Meta().Items
	note("users %d, items %d", f.Meta().Users, f.Meta().Items)
	for _, name := range f.Tables() {
		t, _ := f.Table(name)
		for _, c := range t.Columns {
			note("table %s: column %s: %v", name, c.Name, c.Data)
		}
	}
	x, err := f.Interactions(sdk.TableInteractions)
	if err != nil {
		return sdk.FitResult{}, err
	}
	seen = append(seen, means(x)...)
	return sdk.FitResult{Epochs: 1}, s.say("%s", strings.Join(seen, "\n"))
}

// means are what a page shows of an item.
func means(x columns.Interactions) (lines []string) {
	sum, n := make([]float32, x.Items), make([]int, x.Items)
	for row, it := range x.Item {
		sum[it] += x.Value[row]
		n[it]++
	}
	for it := range sum {
		lines = append(lines, fmt.Sprintf("item %d: mean %g of %d", it, sum[it]/float32(n[it]), n[it]))
	}
	return lines
}

func (s *spy) Recommend(_ context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	err := s.say("asked: users %v, k %d, purpose %d, seed %d, history %v %v, exclude %v, candidates %v, pages %v, sessions %v, times %v",
		r.Users, r.K, r.Purpose, r.Seed, r.History, r.HistoryKinds, r.Exclude, r.Candidates, r.Pages, r.Sessions, r.Times)
	if err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	var rank sdk.Ranker
	for i := range r.Users {
		rank.Fill(&reply, &r, i, slices.Repeat([]float32{0}, s.items))
	}
	return reply, nil
}
