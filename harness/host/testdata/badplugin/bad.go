//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alignuser/alignuser/sdk"
)

// bad is a recommender in one of the callModes. Its scores fall with the item's
// id, turned by what it was fitted with.
type bad struct {
	mode   mode
	items  int
	marker string
	fitted bool
}

func (b *bad) Spec() sdk.ComponentSpec {
	s := sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: b.mode.Name, Doc: b.mode.Doc, Determinism: sdk.DeterminismBitwise,
		Options: []sdk.OptionSpec{
			{Name: "items", Type: sdk.OptionInt, Default: int64(10), Min: sdk.Bound(1), Doc: "size of the catalogue"},
			{Name: "marker", Type: sdk.OptionString, Default: "", Doc: "file by which processes know of each other: one line per event"},
		},
		Needs: sdk.Needs{Secrets: []string{"KEY"}},
	}
	return s
}

// scorer, saver and learner have a feature each.
type (
	scorer  struct{ *bad }
	saver   struct{ *bad }
	learner struct{ *bad }
)

// make gives a component for a mode.
func (m mode) make() sdk.Recommender {
	b := &bad{mode: m}
	switch m.Name {
	case "saver", "crash-once-saver":
		return saver{b}
	case "nan-scores", "few-scores", "scorer":
		return scorer{b}
	case "learner":
		return learner{b}
	}
	return b
}

func (s saver) Spec() sdk.ComponentSpec {
	spec := s.bad.Spec()
	spec.Features = []string{sdk.FeatureSave}
	return spec
}

func (s scorer) Spec() sdk.ComponentSpec {
	spec := s.bad.Spec()
	spec.Features = []string{sdk.FeatureScore}
	return spec
}

func (l learner) Spec() sdk.ComponentSpec {
	spec := l.bad.Spec()
	spec.Features = []string{sdk.FeatureUpdate}
	return spec
}

func (l learner) Update(_ context.Context, r sdk.UpdateRequest) (sdk.UpdateResult, error) {
	return sdk.UpdateResult{Accepted: int64(len(r.Users))}, nil
}

func (b *bad) Configure(_ context.Context, c sdk.Config) error {
	b.items, b.marker = c.Options.Int("items"), c.Options.String("marker")
	return nil
}

// mark leaves a line in the marker file.
func (b *bad) mark(event string) {
	if b.marker == "" {
		return
	}
	f, err := os.OpenFile(b.marker, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		fmt.Fprintln(f, event)
		f.Close()
	}
}

func (b *bad) marked(event string) bool {
	text, _ := os.ReadFile(b.marker)
	return strings.Contains(string(text), event+"\n")
}

func (b *bad) Fit(context.Context, sdk.FitRequest, sdk.Emit) (sdk.FitResult, error) {
	b.mark("fit")
	switch b.mode.Name {
	case "exit-fit":
		os.Exit(5)
	case "stop-fit":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		forever()
	}
	b.fitted = true
	return sdk.FitResult{Epochs: 1, Metrics: map[string]float64{"loss": math.NaN(), "steps": 1}}, nil
}

func (b saver) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	b.mark("save")
	if err := os.WriteFile(filepath.Join(dir, "model"), []byte("fitted"), 0o600); err != nil {
		return sdk.SaveResult{}, err
	}
	return sdk.SaveResult{Files: []sdk.File{{Path: "model", Bytes: 6}}, Format: "bad/1"}, nil
}

func (b saver) Load(_ context.Context, dir string, _ sdk.DataRef) error {
	b.mark("load")
	text, err := os.ReadFile(filepath.Join(dir, "model"))
	b.fitted = string(text) == "fitted"
	return err
}

func (b scorer) Score(_ context.Context, r sdk.ScoreRequest) ([]float32, error) {
	n := len(r.Users) * b.items
	if r.Candidates != nil {
		n = len(r.Candidates.Items)
	}
	out := make([]float32, n)
	switch b.mode.Name {
	case "nan-scores":
		out[n-1] = float32(math.NaN())
	case "few-scores":
		out = out[1:]
	}
	return out, nil
}

func (b *bad) Recommend(_ context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if err := b.misbehave(); err != nil {
		return sdk.RecommendReply{}, err
	}
	if !b.fitted {
		return sdk.RecommendReply{}, sdk.Invalidf("", "recommend before fit")
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	scores := make([]float32, b.items)
	for i := range scores {
		scores[i] = float32(b.items - i)
	}
	if b.mode.Name == "excluded" {
		r.Exclude = sdk.Ragged{}
	}
	if b.mode.Name == "not-candidate" {
		r.Candidates = nil
	}
	var k sdk.Ranker
	for i := range r.Users {
		k.Fill(&reply, &r, i, scores)
	}
	b.spoil(&reply, r.K)
	return reply, nil
}

// misbehave does what is wrong before an answer is made.
func (b *bad) misbehave() error {
	switch b.mode.Name {
	case "panic":
		panic("the model is a teapot")
	case "panic-background":
		go func() { panic("a thread of the model is a teapot") }()
		forever()
	case "exit-zero":
		os.Exit(0)
	case "hang":
		forever()
	case "spin":
		for i := 0; ; i++ {
			_ = i
		}
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		forever()
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		forever()
	case "crash-once", "crash-once-saver":
		if !b.marked("crash") {
			b.mark("crash")
			os.Exit(3)
		}
	case "flood":
		flood := []byte(strings.Repeat("=", 350<<10))
		for len(flood) > 0 {
			n, err := syscall.Write(1, flood)
			if err != nil {
				return err
			}
			flood = flood[n:]
		}
	case "bad-log":
		lines := `{"@message":42}` + "\n" + `{"@level":7,"@message":"x"}` + "\n" + `{"@message":"x","@timestamp":{}}` + "\n"
		_, err := syscall.Write(2, []byte(lines))
		return err
	case "chatter":
		for i := range 5000 {
			fmt.Fprintln(os.Stderr, "line", i)
		}
	case "fork":
		return leaveBehind()
	case "fork-exit":
		_ = leaveBehind()
		os.Exit(4)
	case "memory":
		devour()
	case "environment":
		return errors.New("environment: " + strings.Join(os.Environ(), " "))
	}
	return nil
}

// leaveBehind starts a child that holds standard error.
func leaveBehind() error {
	child := exec.Command("sleep", "600")
	child.Stderr = os.NewFile(2, "stderr")
	return child.Start()
}

// devour takes memory and uses it, a page at a time.
func devour() {
	var kept [][]byte
	for {
		block := make([]byte, 16<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		kept = append(kept, block)
		_ = kept
	}
}

// spoil turns a good answer into a wrong one.
func (b *bad) spoil(r *sdk.RecommendReply, k int) {
	switch b.mode.Name {
	case "huge":
		r.Reasons = make([]string, len(r.Items))
		r.Reasons[0] = strings.Repeat("because ", 25<<20)
	case "nan":
		r.Scores[0] = float32(math.NaN())
	case "short":
		r.Counts = r.Counts[1:]
		r.Items, r.Scores = r.Items[k:], r.Scores[k:]
	case "overfull":
		r.Counts[0] = int32(k) + 1
	case "duplicate":
		r.Items[1] = r.Items[0]
	case "out-of-range":
		r.Items[0] = int32(b.items)
	case "unsorted":
		r.Scores[0], r.Scores[1] = r.Scores[1], r.Scores[0]
	case "padding":
		r.Counts[0] = 1
	case "ties":
		for i := range r.Scores {
			r.Scores[i] = 1
		}
	}
}
