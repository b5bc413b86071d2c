package control

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Response is whether an agent tells a good recommender from chance (METHOD 8): the
// best recommender on one half of the users, tested against random on the other.
type Response struct {
	Best       string
	Difference float64 // of the primary metric, on the other half
	Lo, Hi     float64 // 95 %
	Users      int     // of that half
}

// Holds reports whether the control holds.
func (r Response) Holds() bool { return r.Lo > 0 }

// String tells it in a line.
func (r Response) String() string {
	return fmt.Sprintf("%s, the best on one half of users, is %.2f [%.2f, %.2f] above random on the other (%d users)", r.Best, r.Difference, r.Lo, r.Hi, r.Users)
}

// halves, draws and the least number of users on which anything can be said.
const (
	halfSeed      = 0x68616c66 // "half"
	responseDraws = 4000
	leastUsers    = 20
)

// Responds judges an agent's table. of says which recommender a cell belongs to, ""
// for those that take no part; random names the arm that knows nothing. ok is false
// where there is nothing to judge: no random arm, no other, or too few users.
func Responds(judged []score.Judged, of func(record.CellKey) string, random, metric string) (r Response, ok bool) {
	arms := map[string]bool{}
	for _, j := range judged {
		if arm := of(j.Key); arm != "" {
			arms[arm] = true
		}
	}
	values := map[string]map[int32]float64{}
	for arm := range arms {
		if known := score.PerUser(judged, metric, func(k record.CellKey) bool { return of(k) == arm }); known != nil {
			values[arm] = known
		}
	}
	floor := values[random]
	if floor == nil || len(values) < 2 {
		return r, false
	}
	at := func(arm string, u int32) float64 {
		if v, ok := values[arm][u]; ok {
			return v
		}
		return math.NaN() // and nothing is said that rests on it
	}
	var choose, test []int32
	for u := range floor {
		if sdk.TieHash(halfSeed, u, 0)%2 == 0 {
			choose = append(choose, u)
		} else {
			test = append(test, u)
		}
	}
	slices.Sort(choose)
	slices.Sort(test)
	if len(choose) < leastUsers || len(test) < leastUsers {
		return r, false
	}
	best := math.Inf(-1)
	for _, arm := range slices.Sorted(maps.Keys(values)) {
		sum := 0.0
		for _, u := range choose {
			sum += at(arm, u)
		}
		if arm != random && sum > best {
			r.Best, best = arm, sum
		}
	}
	differences := make([]float64, len(test))
	for i, u := range test {
		differences[i] = at(r.Best, u) - floor[u]
		r.Difference += differences[i] / float64(len(test))
	}
	draws := make([]float64, responseDraws)
	for d := range draws {
		rng := rand.New(rand.NewPCG(halfSeed, uint64(d)))
		for range differences {
			draws[d] += differences[rng.IntN(len(differences))] / float64(len(differences))
		}
	}
	slices.Sort(draws)
	r.Lo, r.Hi, r.Users = score.Quantile(draws, 0.025), score.Quantile(draws, 0.975), len(test)
	return r, !math.IsNaN(r.Difference)
}
