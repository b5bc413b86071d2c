package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

// Alpha is the level of every test and, as 1 - Alpha, of every interval.
const Alpha = 0.05

// Power is that of the smallest detectable difference.
const Power = 0.8

// Study is a table with the samples that all its comparisons share.
type Study struct {
	*Table
	metrics []int             // those that are studied
	boot    [][][]float64     // per metric and arm: mean in each sample
	flips   [][][]float64     // per metric and arm: sum under each draw of signs
	pattern [][]int           // per metric and arm: equal where the same users have values
	every   map[[2]int]tested // per metric and first arm of a league: all its pairs
	workers int
}

// Study draws for the named metrics, for all without names. It is an error to name a metric
// that has no value per user.
func (t *Table) Study(metrics ...string) (*Study, error) {
	return t.study(workers(), metrics)
}

func (t *Table) study(workers int, metrics []string) (*Study, error) {
	s := &Study{Table: t, every: map[[2]int]tested{}, workers: workers}
	for _, id := range metrics {
		m := t.MetricIndex(id)
		if m < 0 {
			return nil, t.unknown(id)
		}
		if !slices.Contains(s.metrics, m) {
			s.metrics = append(s.metrics, m)
		}
	}
	if len(metrics) == 0 {
		for m := range t.Metrics {
			s.metrics = append(s.metrics, m)
		}
	}
	s.boot, s.flips, s.pattern = make([][][]float64, len(t.Metrics)), make([][][]float64, len(t.Metrics)), make([][]int, len(t.Metrics))
	var columns [][]float64
	for _, m := range s.metrics {
		columns = append(columns, t.Values[m]...)
		s.pattern[m] = patterns(t.Values[m])
	}
	if len(columns) == 0 || len(t.Users) == 0 {
		return s, nil
	}
	boot := score.Resample(t.Users, columns, luck, workers)
	flips := flipSums(t.Users, columns, workers)
	for i, m := range s.metrics {
		from := i * len(t.Arms)
		s.boot[m], s.flips[m] = boot[from:from+len(t.Arms)], flips[from:from+len(t.Arms)]
	}
	return s, nil
}

func (t *Table) unknown(id string) error {
	for _, w := range t.Wholes {
		if w.ID == id {
			return fmt.Errorf("%s: metric %s has no value per user, so no test can tell its differences from chance", t.Task, id)
		}
	}
	return fmt.Errorf("%s: metric %s: unknown (this task has %s)", t.Task, id, t.names())
}

func (t *Table) names() (list string) {
	for i, m := range t.Metrics {
		if i > 0 {
			list += ", "
		}
		list += m.ID
	}
	return list
}

// patterns numbers the sets of users that have a value.
func patterns(columns [][]float64) []int {
	out := make([]int, len(columns))
	for a := range columns {
		out[a] = a
		for b := range a {
			if slices.EqualFunc(columns[a], columns[b], func(x, y float64) bool { return math.IsNaN(x) == math.IsNaN(y) }) {
				out[a] = out[b]
				break
			}
		}
	}
	return out
}

// Leaderboard gives what a run folder keeps: every rival against the best of its
// metric, and every rival's standing.
func Leaderboard(tables []Table) (comparisons []record.Comparison, standings []record.Standing, err error) {
	for i := range tables {
		s, err := tables[i].Study()
		if err != nil {
			return nil, nil, err
		}
		comparisons = append(comparisons, s.Against(nil)...)
		standings = append(standings, s.Rank()...)
	}
	return comparisons, standings, nil
}

// Against compares every rival with a reference: the best arm of its metric and
// league, or the named one. Rivals are the arms that are ranked. Each metric is a family
// of its own. The best is chosen by the same data, so its p-values are adjusted for every two
// rivals: any of them could have been the one. Metrics without a better way have no best, and
// are left out then.
func (s *Study) Against(to *record.Arm) []record.Comparison { return s.answer(s.against(to)) }

func (s *Study) against(to *record.Arm) (out []question) {
	for _, m := range s.metrics {
		for _, league := range s.leagues() {
			q := question{against: record.AgainstBest, m: m, league: league}
			reference := -1
			if to != nil {
				reference, q.against, q.league = s.ArmIndex(*to), record.AgainstNamed, nil
			} else if order := s.order(m, league); len(order) > 1 {
				reference = order[0]
			}
			if reference < 0 || to != nil && to.League() != s.Arms[league[0]].League() {
				continue
			}
			for _, a := range league {
				if a != reference && !s.Arms[a].Control {
					q.pairs = append(q.pairs, pair{m, a, reference})
				}
			}
			out = append(out, q)
		}
	}
	return out
}

// AllPairs compares every two rivals of a league, as one family per metric.
func (s *Study) AllPairs() []record.Comparison { return s.answer(s.allPairs()) }

func (s *Study) allPairs() (out []question) {
	for _, m := range s.metrics {
		for _, league := range s.leagues() {
			out = append(out, question{record.AgainstAll, m, s.pairsOf(m, league), league})
		}
	}
	return out
}

// leagues divides the places of arms into those that meet each other.
func (t *Table) leagues() [][]int {
	var names []string
	var out [][]int
	for a, arm := range t.Arms {
		i := slices.Index(names, arm.League())
		if i < 0 {
			i = len(names)
			names, out = append(names, arm.League()), append(out, nil)
		}
		out[i] = append(out[i], a)
	}
	return out
}

// order gives the rivals of a league that have a value in a metric, best first,
// equal ones by name; none where neither way is better.
func (t *Table) order(m int, league []int) []int {
	if t.Metrics[m].Direction == 0 {
		return nil
	}
	means := map[int]float64{}
	var out []int
	for _, a := range league {
		if v, n := mean(t.Values[m][a]); n > 0 && !t.Arms[a].Control {
			means[a], out = v, append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return t.better(m, means[a], means[b]) })
	return out
}

// better is below 0 where a is better than b in a metric.
func (t *Table) better(m int, a, b float64) int {
	if t.Metrics[m].Direction == metric.Lower {
		a, b = b, a
	}
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// differences of two arms in every user; NaN unless both have a value.
func (s *Study) differences(q pair) []float64 {
	out := make([]float64, len(s.Users))
	for u := range out {
		out[u] = s.Values[q.m][q.a][u] - s.Values[q.m][q.b][u]
	}
	return out
}

// bootOf gives the mean difference of each pair in every sample. Where the same users have
// values, it is the difference of two means that are known already.
func (s *Study) bootOf(pairs []pair) [][]float64 {
	out := make([][]float64, len(pairs))
	var columns [][]float64
	var of []int
	for i, q := range pairs {
		if s.alike(q) {
			out[i] = minus(s.boot[q.m][q.a], s.boot[q.m][q.b])
		} else {
			columns, of = append(columns, s.differences(q)), append(of, i)
		}
	}
	if len(columns) > 0 {
		for i, means := range score.Resample(s.Users, columns, luck, s.workers) {
			out[of[i]] = means
		}
	}
	return out
}

// pvalues are those of sign flips, two-sided; NaN where no user has both values.
func (s *Study) pvalues(pairs []pair) []float64 {
	out := make([]float64, len(pairs))
	var columns [][]float64
	var of []int
	for i, q := range pairs {
		d := s.differences(q)
		if _, n := mean(d); n == 0 {
			out[i] = math.NaN()
		} else if p, ok := everyFlip(d, TwoSided); ok {
			out[i] = p
		} else if s.alike(q) {
			observed, _ := sum(d)
			_, x := sum(s.Values[q.m][q.a]) // the sums that are subtracted round by their own size
			_, y := sum(s.Values[q.m][q.b])
			out[i] = flipTail(minus(s.flips[q.m][q.a], s.flips[q.m][q.b]), observed, x+y, unlikely(d), TwoSided)
		} else {
			columns, of = append(columns, d), append(of, i)
		}
	}
	if len(columns) > 0 {
		for i, sums := range flipSums(s.Users, columns, s.workers) {
			out[of[i]] = flipP(sums, columns[i], TwoSided)
		}
	}
	return out
}

func (s *Study) alike(q pair) bool { return s.pattern[q.m][q.a] == s.pattern[q.m][q.b] }

func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// compare fills in all but the adjusted p-values.
func (s *Study) compare(q pair, boot []float64, p float64) record.Comparison {
	c := record.Comparison{
		Task: s.Task, Metric: s.Metrics[q.m].ID, Version: s.Metrics[q.m].Version,
		Arm: s.Arms[q.a].Arm, To: s.Arms[q.b].Arm, P: p,
	}
	var d []float64
	for u, v := range s.differences(q) {
		switch {
		case !math.IsNaN(v):
			d = append(d, v)
		case !math.IsNaN(s.Values[q.m][q.a][u]) || !math.IsNaN(s.Values[q.m][q.b][u]):
			c.LeftOut++
		}
	}
	boot = slices.DeleteFunc(boot, math.IsNaN)
	describe(&c, d, boot)
	c.Warnings = append(c.Warnings, s.conditions(q)...)
	return c
}

// describe fills in what the differences and their samples say.
func describe(c *record.Comparison, d, boot []float64) {
	nan := math.NaN()
	c.N = len(d)
	c.Difference, c.Lo, c.Hi, c.BCaLo, c.BCaHi = nan, nan, nan, nan, nan
	c.Wilcoxon, c.Effect, c.RankBiserial, c.Wins, c.Detectable = nan, nan, nan, nan, nan
	if c.N == 0 {
		c.Warnings = append(c.Warnings, "not compared: no user has a value in both")
		return
	}
	mean, sd := meanSD(d)
	e := Effects(d)
	c.Difference, c.Effect, c.RankBiserial, c.Wins = mean, e.DZ, e.RankBiserial, e.Wins
	c.Wilcoxon = Wilcoxon(d, Pratt, TwoSided).P
	c.Detectable = Detectable(sd, c.N, Alpha, Power)
	switch {
	case c.N == 1:
		c.Warnings = append(c.Warnings, "no interval: one user")
	case len(boot) < Draws-Draws/20:
		c.Warnings = append(c.Warnings, fmt.Sprintf("no interval: %d users, none of whom is in %d of %d draws", c.N, Draws-len(boot), Draws))
	default:
		percentile, bca := intervals(boot, d, Alpha)
		c.Lo, c.Hi, c.BCaLo, c.BCaHi = percentile.Lo, percentile.Hi, bca.Lo, bca.Hi
	}
}

// conditions says what a difference is conditional on: the fits that were made.
func (s *Study) conditions(q pair) []string {
	fits := min(s.Arms[q.a].Fits, s.Arms[q.b].Fits)
	if fits == 1 {
		return []string{"conditional on one fit"}
	}
	if s.Arms[q.a].Varies || s.Arms[q.b].Varies {
		return []string{fmt.Sprintf("conditional on the mean of %d fits", fits)}
	}
	return nil
}
