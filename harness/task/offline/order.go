package offline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// maxScores bounds how many scores one call answers: 8 MiB of them, whatever
// the size of the catalogue.
const maxScores = 2 << 20

// order finds where each relevant item stands among all items that the user has
// not met, by the arm's own scores. Rows of an arm that cannot score stay
// unscored: nothing is concluded from the head of its ranking.
func (b *bound) order(ctx context.Context, rec sdk.Recommender, rows []wideRow) error {
	scorer, ok := rec.(sdk.Scorer)
	if !ok {
		return nil
	}
	items := b.split.Test().Items()
	judge := placer{role: make([]uint8, items)}
	for part := range slices.Chunk(rows, max(1, b.perCall/items)) {
		var req sdk.ScoreRequest
		for _, r := range part {
			req.Users = append(req.Users, r.User)
		}
		scores, err := scorer.Score(ctx, req)
		if errors.Is(err, sdk.ErrUnsupported) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(scores) != len(part)*items {
			return fmt.Errorf("score: %d values for %d users and %d items", len(scores), len(part), items)
		}
		for i := range part {
			r := &part[i]
			r.Scored = true
			unpredictedLast(scores[i*items : (i+1)*items])
			r.Above, r.Equal, r.Others = judge.place(scores[i*items:(i+1)*items], b.relevant[r.User], b.seen(r.User))
		}
	}
	return nil
}

// unpredictedLast puts what an arm has no prediction for below all else, tied.
func unpredictedLast(scores []float32) {
	for i, s := range scores {
		if s != s {
			scores[i] = float32(math.Inf(-1))
		}
	}
}

// Roles of an item. Others are the zero value.
const (
	roleRelevant uint8 = iota + 1
	roleSeen
)

// placer counts; it keeps buffers between users.
type placer struct {
	role   []uint8   // by item, all zero between calls
	wanted []float32 // scores of the relevant items, ascending
	above  []int32   // others by how many relevant items they are above: exactly so many
	equal  []int32   // differences: where runs of equal scores begin and end
}

// place gives, for each relevant item from the best score to the worst, how many
// others are scored above it and how many equal to it, and how many others
// there are. Others are neither relevant nor seen.
func (p *placer) place(scores []float32, relevant, seen []int32) (above, equal []int32, others int32) {
	for _, it := range seen {
		p.role[it] = roleSeen
	}
	p.wanted = p.wanted[:0]
	for _, it := range relevant {
		p.role[it] = roleRelevant
		p.wanted = append(p.wanted, scores[it])
	}
	slices.Sort(p.wanted)
	n := len(p.wanted)
	p.above = append(p.above[:0], make([]int32, n+1)...)
	p.equal = append(p.equal[:0], make([]int32, n+1)...)
	for it, s := range scores {
		if p.role[it] != 0 {
			continue
		}
		others++
		lower, same := slices.BinarySearch(p.wanted, s) // so many relevant items are scored lower
		p.above[lower]++
		if same {
			higher := lower
			for higher < n && p.wanted[higher] == s {
				higher++
			}
			p.equal[lower]++
			p.equal[higher]--
		}
	}
	for _, it := range seen {
		p.role[it] = 0
	}
	for _, it := range relevant {
		p.role[it] = 0
	}
	above, equal = make([]int32, n), make([]int32, n)
	for i, run := 0, int32(0); i < n; i++ {
		run += p.equal[i]
		equal[n-1-i] = run
	}
	for i, run := n-1, int32(0); i >= 0; i-- {
		run += p.above[i+1]
		above[n-1-i] = run
	}
	return above, equal, others
}
