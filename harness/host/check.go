package host

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/sdk"
)

// checker checks slates. It keeps marks per item between calls; a mark is the
// number of the row that set it, so that nothing is ever cleared.
type checker struct {
	items, users int
	marks        sync.Pool
}

// marks holds, per item, the last row in which it was seen.
type marks struct {
	row                        uint32
	seen, excluded, candidates []uint32
}

func newChecker(items, users int) *checker {
	c := &checker{items: items, users: users}
	c.marks.New = func() any {
		return &marks{seen: make([]uint32, items), excluded: make([]uint32, items), candidates: make([]uint32, items)}
	}
	return c
}

// request checks what a task asks, so that a reply is not blamed for it.
func (c *checker) request(r *sdk.RecommendRequest) error {
	n := len(r.Users)
	if r.K < 0 || n > maxRows {
		return sdk.Invalidf("", "recommend: %d users, k %d: want at most %d users and k from 0", n, r.K, maxRows)
	}
	for _, u := range r.Users {
		if u < -1 || int(u) >= c.users {
			return sdk.Invalidf("", "recommend: user %d is outside [-1, %d)", u, c.users)
		}
	}
	if err := r.History.Check("history", n, c.items); err != nil {
		return err
	}
	if err := r.Exclude.Check("exclude", n, c.items); err != nil {
		return err
	}
	if r.Candidates != nil {
		if err := r.Candidates.Check("candidates", n, c.items); err != nil {
			return err
		}
	}
	return nil
}

// slates checks a reply against its request, puts runs of equal score into the
// order of sdk.TieHash, and clears scores behind the end of a slate. The error
// says what the contract forbids.
func (c *checker) slates(r *sdk.RecommendRequest, reply *sdk.RecommendReply) error {
	n := len(r.Users)
	if len(reply.Counts) != n || len(reply.Items) != n*r.K || len(reply.Scores) != n*r.K {
		return fmt.Errorf("%d counts, %d items, %d scores for %d users and k %d", len(reply.Counts), len(reply.Items), len(reply.Scores), n, r.K)
	}
	if reply.Reasons != nil && len(reply.Reasons) != n*r.K {
		return fmt.Errorf("%d reasons for %d users and k %d", len(reply.Reasons), n, r.K)
	}
	m := c.marks.Get().(*marks)
	defer c.marks.Put(m)
	for i := range n {
		count := int(reply.Counts[i])
		if count < 0 || count > r.K {
			return fmt.Errorf("row %d: count %d for k %d", i, count, r.K)
		}
		items, scores := reply.Items[i*r.K:(i+1)*r.K], reply.Scores[i*r.K:(i+1)*r.K]
		if err := c.slate(m, r, i, items[:count], scores[:count]); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		for j := count; j < r.K; j++ {
			if items[j] != -1 {
				return fmt.Errorf("row %d: item %d at place %d, after the slate's %d: want -1", i, items[j], j, count)
			}
			scores[j] = 0
		}
		var reasons []string
		if reply.Reasons != nil {
			reasons = reply.Reasons[i*r.K : i*r.K+count]
		}
		orderTies(r.Seed, r.Users[i], items[:count], scores[:count], reasons)
	}
	return nil
}

// slate checks the used places of row i.
func (c *checker) slate(m *marks, r *sdk.RecommendRequest, i int, items []int32, scores []float32) error {
	if m.row++; m.row == 0 { // wrapped round
		clear(m.seen)
		clear(m.excluded)
		clear(m.candidates)
		m.row = 1
	}
	for _, it := range r.Exclude.Row(i) {
		m.excluded[it] = m.row
	}
	if r.Candidates != nil {
		for _, it := range r.Candidates.Row(i) {
			m.candidates[it] = m.row
		}
	}
	for j, it := range items {
		switch {
		case it < 0 || int(it) >= c.items:
			return fmt.Errorf("place %d: item %d is outside [0, %d)", j, it, c.items)
		case m.seen[it] == m.row:
			return fmt.Errorf("place %d: item %d is there twice", j, it)
		case m.excluded[it] == m.row:
			return fmt.Errorf("place %d: item %d was excluded", j, it)
		case r.Candidates != nil && m.candidates[it] != m.row:
			return fmt.Errorf("place %d: item %d is not a candidate", j, it)
		case !finite(scores[j]):
			return fmt.Errorf("place %d: item %d has score %v", j, it, scores[j])
		case j > 0 && scores[j] > scores[j-1]:
			return fmt.Errorf("place %d: score %v after %v: want the best first", j, scores[j], scores[j-1])
		}
		m.seen[it] = m.row
	}
	return nil
}

// orderTies sorts each run of equal scores by the hash that every arm shares.
// Plugins in any language may differ here without harm, so it is mended and not
// faulted.
func orderTies(seed uint64, user int32, items []int32, scores []float32, reasons []string) {
	for from := 0; from < len(items); {
		to := from + 1
		for to < len(items) && scores[to] == scores[from] {
			to++
		}
		if to-from > 1 {
			orderRun(seed, user, items[from:to], sliceOrNil(reasons, from, to))
		}
		from = to
	}
}

func sliceOrNil(s []string, from, to int) []string {
	if s == nil {
		return nil
	}
	return s[from:to]
}

func orderRun(seed uint64, user int32, items []int32, reasons []string) {
	type card struct {
		tie    uint64
		item   int32
		reason string
	}
	order := func(a, b card) int {
		switch {
		case a.tie < b.tie || a.tie == b.tie && a.item < b.item:
			return -1
		case a == b:
			return 0
		}
		return 1
	}
	run := make([]card, len(items))
	for i, it := range items {
		run[i] = card{tie: sdk.TieHash(seed, user, it), item: it}
		if reasons != nil {
			run[i].reason = reasons[i]
		}
	}
	if slices.IsSortedFunc(run, order) {
		return
	}
	slices.SortFunc(run, order)
	for i, x := range run {
		items[i] = x.item
		if reasons != nil {
			reasons[i] = x.reason
		}
	}
}

// values checks the answer of Score. NaN is an answer only where the component
// predicts values, and means that it has none.
func (c *checker) values(r sdk.ScoreRequest, scores []float32, predicts bool) error {
	want := len(r.Users) * c.items
	if r.Candidates != nil {
		want = len(r.Candidates.Items)
	}
	if len(scores) != want {
		return fmt.Errorf("%d scores, want %d", len(scores), want)
	}
	for i, s := range scores {
		if !finite(s) && !(predicts && s != s) {
			return fmt.Errorf("score %d is %v", i, s)
		}
	}
	return nil
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

func probability(v float32) bool { return v >= 0 && v <= 1 }
