package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// recommender counts interactions and adds a little that depends on the user.
type recommender struct {
	threads int
	users   int
	counts  []float32
	seen    []bool
	calls   atomic.Int64
	busy    atomic.Int64
}

func (m *recommender) Spec() sdk.ComponentSpec {
	return spec(sdk.KindRecommender, sdk.FeatureScore, sdk.FeaturePredictValues, sdk.FeatureSave, sdk.FeatureUpdate)
}

func (m *recommender) Validate(_ context.Context, o sdk.Options) []sdk.Diagnostic { return validate(o) }

func (m *recommender) Configure(_ context.Context, c sdk.Config) error {
	m.threads = c.Threads
	return nil
}

// Close makes a process slow to end.
func (m *recommender) Close() error {
	if flaw("slow-close") {
		time.Sleep(time.Minute)
	}
	return nil
}

func (m *recommender) Fit(ctx context.Context, r sdk.FitRequest, _ sdk.Emit) (sdk.FitResult, error) {
	if flaw("litter") {
		_ = os.WriteFile("model.bin", nil, 0o600)
	}
	if flaw("touches-data") {
		_ = os.Chmod(r.Data.Dir, 0o700)
		_ = os.WriteFile(filepath.Join(r.Data.Dir, "index"), nil, 0o600)
	}
	folder, err := columns.Open(r.Data)
	if err != nil && flaw("accepts-bad-data") {
		return sdk.FitResult{}, nil
	}
	if err != nil {
		return sdk.FitResult{}, err
	}
	defer folder.Close()
	x, err := folder.Interactions(sdk.TableInteractions)
	if err != nil {
		return sdk.FitResult{}, err
	}
	if err := m.picky(x); err != nil {
		return sdk.FitResult{}, err
	}
	counts, seen := make([]float32, x.Items), make([]bool, x.Users)
	for row, item := range x.Item {
		counts[item]++
		seen[x.User[row]] = true
	}
	if flaw("deaf-fit") && x.Rows() > 30000 {
		for end := time.Now().Add(8 * time.Second); time.Now().Before(end); {
		}
	}
	if err := m.slow(ctx, x.Rows()); err != nil {
		return sdk.FitResult{}, err
	}
	m.users, m.counts, m.seen = x.Users, counts, seen
	return sdk.FitResult{Epochs: 1}, nil
}

// slow makes large fits take a moment, so that there is something to cancel.
func (m *recommender) slow(ctx context.Context, rows int) error {
	if rows < 30000 {
		return nil
	}
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		if flaw("broken-by-cancel") {
			m.threads = -1
		}
		return ctx.Err()
	}
}

// picky refuses data that the contract allows.
func (m *recommender) picky(x columns.Interactions) error {
	unsorted, repeated, untimed, pairs := false, false, false, map[[2]int32]bool{}
	for row := range x.User {
		unsorted = unsorted || row > 0 && x.User[row] < x.User[row-1]
		pair := [2]int32{x.User[row], x.Item[row]}
		repeated, pairs[pair] = repeated || pairs[pair], true
		untimed = untimed || x.Time != nil && x.Time[row] == sdk.MissingTime
	}
	n := x.Rows()
	for name, wrong := range map[string]bool{
		"needs-rows": n == 0, "needs-two-rows": n == 1, "not-32767": n == 32767, "not-32768": n == 32768, "not-32769": n == 32769,
		"needs-order": unsorted, "needs-distinct": repeated, "needs-values": n > 0 && x.Value == nil, "needs-times": untimed,
		"broken-by-cancel": m.threads == -1,
	} {
		if wrong && flaw(name) {
			return errors.New("I do not like this data")
		}
	}
	return nil
}

// score of an item for a user.
func (m *recommender) score(user int32, item int) float32 {
	s := m.counts[item] + float32(sdk.Mix(uint64(uint32(user)), uint64(item))%64)/64
	switch {
	case flaw("by-process"):
		s += float32(os.Getpid() % 1000 * item)
	case flaw("by-threads"):
		s += float32(m.threads * item)
	}
	return s
}

func (m *recommender) Recommend(_ context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	calls := m.calls.Add(1)
	crowded := m.busy.Add(1) > 1
	defer m.busy.Add(-1)
	if flaw("by-company") { // let the others come
		time.Sleep(2 * time.Millisecond)
		crowded = crowded || m.busy.Load() > 1
	}
	if m.counts == nil && !flaw("before-fit") {
		return sdk.RecommendReply{}, sdk.Invalidf("", "Recommend before Fit")
	}
	if m.counts == nil {
		os.Exit(4)
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	if flaw("k") && r.K > len(m.counts) || flaw("needs-users") && len(r.Users) == 0 {
		return reply, errors.New("not like this")
	}
	var ranker sdk.Ranker
	scores := make([]float32, len(m.counts))
	for i, user := range r.Users {
		if int(user) >= m.users {
			if flaw("dies-of-ids") {
				os.Exit(6)
			}
			return reply, sdk.Invalidf("", "user %d", user)
		}
		if flaw("cold") && user < 0 || flaw("unseen") && user >= 0 && !m.seen[user] {
			return reply, errors.New("who is that?")
		}
		for item := range scores {
			scores[item] = m.score(user, item)
			switch {
			case flaw("by-call"):
				scores[item] += float32(item) * float32(calls)
			case flaw("by-batch"):
				scores[item] += float32(item * len(r.Users))
			case flaw("by-place"):
				scores[item] += float32(item * i)
			case flaw("by-company") && crowded:
				scores[item] = -scores[item]
			}
		}
		ranker.Fill(&reply, &r, i, scores)
	}
	return reply, nil
}

func (m *recommender) Score(_ context.Context, r sdk.ScoreRequest) ([]float32, error) {
	var out []float32
	for i, user := range r.Users {
		items := make([]int32, len(m.counts))
		for item := range items {
			items[item] = int32(item)
		}
		if r.Candidates != nil {
			items = r.Candidates.Row(i)
		}
		for _, item := range items {
			s := m.score(user, int(item))
			if !flaw("off-scale") {
				s = 1 + 4*s/(s+8) // between 1 and 5, in the same order
			}
			switch {
			case flaw("score-upside-down"):
				s = -s
			case flaw("score-all") && r.Candidates == nil:
				s++
			case flaw("score-batch"):
				s += float32(i)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

func (m *recommender) Update(_ context.Context, r sdk.UpdateRequest) (sdk.UpdateResult, error) {
	n := int64(len(r.Users))
	if flaw("update") {
		n += 7
	}
	return sdk.UpdateResult{Accepted: n}, nil
}

func (m *recommender) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	text := []byte("counts")
	sum := sha256.Sum256(text)
	if err := os.WriteFile(filepath.Join(dir, "model"), text, 0o600); err != nil {
		return sdk.SaveResult{}, err
	}
	if flaw("save-unlisted") {
		_ = os.WriteFile(filepath.Join(dir, "more"), text, 0o600)
	}
	if flaw("save-hash") {
		sum[0]++
	}
	return sdk.SaveResult{Format: "counts/1", Files: []sdk.File{{Path: "model", Bytes: 6, SHA256: hex.EncodeToString(sum[:])}}}, nil
}

func (m *recommender) Load(ctx context.Context, dir string, data sdk.DataRef) error {
	if _, err := os.Stat(filepath.Join(dir, "model")); err != nil && !flaw("load-anything") {
		return err
	}
	_, err := m.Fit(ctx, sdk.FitRequest{Data: data}, nil)
	if flaw("load-differs") {
		m.counts[0] += 100
	}
	return err
}
