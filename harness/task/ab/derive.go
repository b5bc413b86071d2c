package ab

import (
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
)

// fewArms is below what an order says much (METHOD 6).
const fewArms = 10

// Derive compares every agent's table, and nDCG@10, with the truth.
func (Task) Derive(judged []score.Judged, arms task.Arms, seed uint64) ([]score.Judged, error) {
	c := comparison{judged: judged, seed: seed, placebos: arms.Placebos}
	c.find(arms.Controls)
	if len(c.arms) < 3 {
		return nil, nil // an order of two is a coin
	}
	c.draw()
	var out []score.Judged
	for _, name := range c.rivals {
		out = append(out, score.Judged{Key: record.CellKey{Task: Kind, Agent: name}, Sheet: c.sheet(name)})
	}
	return out, nil
}

// comparison is the truth and all that is to agree with it.
type comparison struct {
	judged []score.Judged
	seed   uint64
	arms   []string
	users  []int32

	placebos map[string]string // by agent
	rivals   []string          // agents, and nDCG@10 where it was measured

	truth, again table // by user; again is an independent run
	fixed        []float64
	seen         map[string]table // by rival: the quantity
	viewed       map[string]table // by agent: views
	views        table
	draws        map[string][][]float64 // of each rival and "", the truth: means by draw and arm
	resolved     [][]bool
}

// find collects arms that both sides know, users and rivals.
func (c *comparison) find(controls []string) {
	agents := map[string]bool{}
	var simulated, true_ []string
	users := map[int32]bool{}
	for _, j := range c.judged {
		switch j.Key.Task {
		case simulateKind:
			agents[j.Key.Agent] = true
			simulated = append(simulated, j.Key.Recommender)
		case truthKind:
			true_ = append(true_, j.Key.Recommender)
		default:
			continue
		}
		for _, col := range j.Sheet.Columns {
			for _, u := range col.Users {
				users[u] = true
			}
		}
	}
	for _, a := range true_ {
		if slices.Contains(simulated, a) && !slices.Contains(controls, a) && !slices.Contains(c.arms, a) {
			c.arms = append(c.arms, a)
		}
	}
	slices.Sort(c.arms)
	for u := range users {
		c.users = append(c.users, u)
	}
	slices.Sort(c.users)
	isTruth := func(k record.CellKey) bool { return k.Task == truthKind }
	var byUser bool
	if c.truth, byUser = gather(c.judged, isTruth, quantity, c.arms, c.users); !byUser {
		c.fixed, _ = given(c.judged, c.arms, quantity)
	}
	c.again, _ = gather(c.judged, isTruth, second, c.arms, c.users)
	c.views, _ = gather(c.judged, isTruth, views, c.arms, c.users)
	c.seen, c.viewed = map[string]table{}, map[string]table{}
	for _, name := range slices.Sorted(keys(agents)) {
		of := func(k record.CellKey) bool { return k.Task == simulateKind && k.Agent == name }
		if t, ok := gather(c.judged, of, quantity, c.arms, c.users); ok {
			c.seen[name], c.rivals = t, append(c.rivals, name)
			c.viewed[name], _ = gather(c.judged, of, views, c.arms, c.users)
		}
	}
	of := func(k record.CellKey) bool { return k.Task == offlineKind }
	if t, ok := gather(c.judged, of, ndcg, c.arms, c.users); ok {
		c.seen[NDCG], c.rivals = t, append(c.rivals, NDCG)
	}
}

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// want is the truth that rivals are held to.
func (c *comparison) want() []float64 {
	if c.fixed != nil {
		return c.fixed
	}
	return c.truth.means()
}

// sheet is the row of one rival.
func (c *comparison) sheet(name string) score.Sheet {
	want, have := c.want(), c.seen[name].means()
	n := len(c.arms)
	var s score.Sheet
	add := func(id string, v float64, n int, why string, in *score.Interval) {
		if math.IsNaN(v) {
			n, in = 0, nil
			if why == "" {
				why = "undefined: one side has no differences"
			}
		}
		s.Wholes = append(s.Wholes, score.Whole{Metric: id, Version: 1, Value: v, N: n, Why: why, Interval: in})
	}
	why := ""
	if n < fewArms {
		why = fmt.Sprintf("an order of %d recommenders: fewer than %d say little", n, fewArms)
	}
	rho := metric.Spearman(have, want)
	add("ab.spearman", rho, n, why, c.interval(name, metric.Spearman))
	add("ab.kendall", metric.KendallTauB(have, want), n, why, c.interval(name, metric.KendallTauB))
	lo, hi := without(have, want)
	add("ab.spearman.lowest", lo, n-1, "", nil)
	add("ab.spearman.highest", hi, n-1, "", nil)
	add("ab.p", permuted(have, want, rho, c.seed), n, "", nil)
	agree, pairs, _ := metric.SignAgreement(have, want, c.isResolved)
	add("ab.sign", float64(agree)/float64(pairs), pairs, "", nil)
	add("ab.resolved", float64(pairs)/float64(n*(n-1)/2), n*(n-1)/2, "", nil)
	if name == NDCG {
		return s // its level is no count of liked cards
	}
	add("ab.mape", metric.MAPE(have, want), n, "", nil)
	add("ab.slope", metric.CalibrationSlope(have, want), n, "", nil)
	if c.views.arms != nil && c.viewed[name].arms != nil {
		add("ab.spearman.views", metric.Spearman(c.viewed[name].means(), c.views.means()), n, "", nil)
	}
	if other, ok := c.seen[NDCG]; ok {
		add("ab.gain", rho-metric.Spearman(other.means(), want), n, "", c.gain(name, NDCG))
	}
	if placebo, ok := c.seen[c.placebos[name]]; ok {
		add(metric.OverPlacebo, rho-metric.Spearman(placebo.means(), want), n, "", c.gain(name, c.placebos[name]))
	}
	if c.again.arms != nil {
		add("ab.ceiling", metric.Spearman(c.again.means(), want), n, "", nil)
	}
	return s
}

// without gives the range of ρ over leaving each arm out.
func without(have, want []float64) (lo, hi float64) {
	lo, hi = math.NaN(), math.NaN()
	for i := range have {
		rho := metric.Spearman(slices.Delete(slices.Clone(have), i, i+1), slices.Delete(slices.Clone(want), i, i+1))
		if !(lo <= rho) {
			lo = rho
		}
		if !(hi >= rho) {
			hi = rho
		}
	}
	return lo, hi
}
