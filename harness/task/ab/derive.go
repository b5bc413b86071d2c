package ab

import (
	"fmt"
	"math"
	"slices"
	"strings"

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

	truth, again *table            // again is of an independent run; nil: there was none
	fixed        []float64         // the truth where it has no users; truth is nil
	views        *table            // of the truth; nil: not known
	seen         map[string]*table // by rival: the quantity
	viewed       map[string]*table // by agent: views; nil: not known
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
	if c.truth = gather(c.judged, isTruth, quantity, c.arms, c.users); c.truth == nil {
		c.fixed, _ = given(c.judged, c.arms, quantity)
	}
	c.again = gather(c.judged, isTruth, second, c.arms, c.users)
	c.views = gather(c.judged, isTruth, views, c.arms, c.users)
	c.seen, c.viewed = map[string]*table{}, map[string]*table{}
	for _, name := range slices.Sorted(keys(agents)) {
		of := func(k record.CellKey) bool { return k.Task == simulateKind && k.Agent == name }
		if t := gather(c.judged, of, quantity, c.arms, c.users); t != nil {
			c.seen[name], c.rivals = t, append(c.rivals, name)
			c.viewed[name] = gather(c.judged, of, views, c.arms, c.users)
		}
	}
	of := func(k record.CellKey) bool { return k.Task == offlineKind }
	if t := gather(c.judged, of, ndcg, c.arms, c.users); t != nil {
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
	seen, want := c.seen[name], c.want()
	have, n := seen.means(), len(c.arms)
	s := row{users: len(c.users)}
	note := ""
	if n < fewArms {
		note = fmt.Sprintf("an order of %d recommenders: fewer than %d say little", n, fewArms)
	}
	rho := metric.Spearman(have, want)
	s.draw("ab.spearman", rho, n, note, c.agreement(seen, metric.Spearman))
	s.draw("ab.kendall", metric.KendallTauB(have, want), n, note, c.agreement(seen, metric.KendallTauB))
	lo, hi := without(have, want)
	s.add("ab.spearman.lowest", lo, n-1)
	s.add("ab.spearman.highest", hi, n-1)
	s.add("ab.p", permuted(have, want, rho, c.seed), n)
	sign := func(have, want []float64) float64 {
		agree, pairs, _ := metric.SignAgreement(have, want, c.isResolved)
		return float64(agree) / float64(pairs)
	}
	_, pairs, unresolved := metric.SignAgreement(have, want, c.isResolved)
	s.draw("ab.sign", sign(have, want), pairs, "", c.agreement(seen, sign))
	s.add("ab.resolved", float64(pairs)/float64(pairs+unresolved), pairs+unresolved)
	if name == NDCG {
		return s.Sheet // its level is no count of liked cards
	}
	s.add("ab.mape", metric.MAPE(have, want), n)
	s.draw("ab.slope", metric.CalibrationSlope(have, want), n, "", c.agreement(seen, metric.CalibrationSlope))
	if viewed := c.viewed[name]; viewed != nil && c.views != nil {
		s.draw("ab.spearman.views", metric.Spearman(viewed.means(), c.views.means()), n, "", c.over(func(d int) float64 {
			return metric.Spearman(viewed.drawn[d], c.views.drawn[d])
		}))
	}
	if other := c.seen[NDCG]; other != nil {
		s.draw("ab.gain", rho-metric.Spearman(other.means(), want), n, "", c.gain(seen, other))
	}
	if placebo := c.seen[c.placebos[name]]; placebo != nil {
		s.draw(metric.OverPlacebo, rho-metric.Spearman(placebo.means(), want), n, "", c.gain(seen, placebo))
	}
	if c.again != nil {
		s.draw("ab.ceiling", metric.Spearman(c.again.means(), want), n, "", c.agreement(c.again, metric.Spearman))
	}
	return s.Sheet
}

// row is a sheet in the making.
type row struct {
	score.Sheet
	users int // that are drawn from
}

// add appends a number that has no interval, which the table of metrics explains.
func (r *row) add(id string, v float64, n int) {
	r.put(score.Whole{Metric: id, Value: v, N: n, Why: metric.NoAgreementInterval(id)})
}

// draw appends a number with what draws of users say of it; note qualifies it.
func (r *row) draw(id string, v float64, n int, note string, drawn []float64) {
	w := score.Whole{Metric: id, Value: v, N: n, Note: note}
	w.Interval, w.Why = score.Middle(drawn)
	if r.users == 1 {
		w.Interval, w.Why = nil, score.OneUser
	}
	r.put(w)
}

func (r *row) put(w score.Whole) {
	w.Version = 1
	if math.IsNaN(w.Value) {
		h, _ := metric.Describe(w.Metric)
		w.N, w.Interval, w.Why = 0, nil, "undefined: "+strings.TrimPrefix(h.Empty, "undefined where ")
	}
	r.Wholes = append(r.Wholes, w)
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
