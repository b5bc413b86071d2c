package compare

import (
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

// Rank gives the standing of every rival in every metric that has a better way, best
// first. Copies of an arm share rank, interval and tie group.
func (s *Study) Rank() []record.Standing {
	var out []record.Standing
	borda := s.borda()
	for _, m := range s.metrics {
		for _, league := range s.leagues() {
			out = append(out, s.rank(m, league, borda)...)
		}
	}
	return out
}

// rank arranges the rivals of a league.
func (s *Study) rank(m int, league []int, borda []float64) []record.Standing {
	order := s.order(m, league)
	out := make([]record.Standing, len(order))
	for i, a := range order {
		st := &out[i]
		*st = record.Standing{
			Task: s.Task, Metric: s.Metrics[m].ID, Version: s.Metrics[m].Version, Arm: s.Arms[a].Arm,
			Rank: i + 1, Borda: borda[a], MeanRank: math.NaN(), WinRate: math.NaN(), Friedman: math.NaN(), CD: math.NaN(), Detectable: math.NaN(),
		}
		st.Value, st.N = mean(s.Values[m][a])
		if i > 0 && out[i-1].Value == st.Value {
			st.Rank = out[i-1].Rank
		}
		st.RankLo, st.RankHi = s.rankInterval(m, a, order)
	}
	s.tieGroups(m, order, s.everyPair(m, league), out)
	s.meanRanks(m, order, out)
	return out
}

// rankInterval gives the ranks between which an arm is in 95 % of the samples: from 1 + the
// rivals that are better to 1 + those that are no worse, so that equal arms
// have equal intervals.
func (s *Study) rankInterval(m, a int, order []int) (lo, hi int) {
	from, to := make([]int, len(order)+2), make([]int, len(order)+2)
	counted := 0
	for d, mine := range s.boot[m][a] {
		if math.IsNaN(mine) {
			continue
		}
		best, worst := 1, 1
		for _, b := range order {
			if b == a {
				continue
			}
			switch by := s.better(m, s.boot[m][b][d], mine); {
			case by < 0:
				best, worst = best+1, worst+1
			case by == 0:
				worst++
			}
		}
		from[best]++
		to[worst]++
		counted++
	}
	tail := int(Alpha / 2 * float64(counted))
	below, above := 0, 0
	for lo = 1; lo < len(order); lo++ {
		if below += from[lo]; below > tail {
			break
		}
	}
	for hi = len(order); hi > 1; hi-- {
		if above += to[hi]; above > tail {
			break
		}
	}
	return min(lo, hi), max(lo, hi)
}

// tieGroups divides arms, best first, into groups: the best arm that is in none leads
// the next group, and every later arm in no group joins it unless the two differ after
// Holm over every two arms.
func (s *Study) tieGroups(m int, order []int, family tested, out []record.Standing) {
	for group := 1; ; group++ {
		leader := slices.IndexFunc(out, func(st record.Standing) bool { return st.Group == 0 })
		if leader < 0 {
			return
		}
		out[leader].Group, out[leader].Leads, out[leader].GroupP = group, true, 1
		var pairs []pair
		var of []int
		for i := leader + 1; i < len(order); i++ {
			if out[i].Group == 0 {
				pairs, of = append(pairs, pair{m, order[i], order[leader]}), append(of, i)
			}
		}
		for i, q := range pairs {
			p := family.holm[family.of(q)]
			if math.IsNaN(p) {
				p = 1 // no user in common: nothing tells them apart
			}
			if p > Alpha {
				out[of[i]].Group, out[of[i]].GroupP = group, p
			}
		}
		s.detectable(pairs, leader, of, out)
	}
}

// detectable gives arms the smallest difference from the best arm that their users could
// have shown; the best gets the median of the others' that are no copies of it.
func (s *Study) detectable(pairs []pair, leader int, of []int, out []record.Standing) {
	if leader != 0 {
		return
	}
	var all []float64
	for i, q := range pairs {
		d := slices.DeleteFunc(s.differences(q), math.IsNaN)
		if len(d) < 2 {
			continue
		}
		_, sd := meanSD(d)
		v := Detectable(sd, len(d), Alpha, Power)
		out[of[i]].Detectable = v
		if v > 0 { // a copy of the best says nothing of what users could have shown
			all = append(all, v)
		}
	}
	if len(all) > 0 {
		slices.Sort(all)
		out[leader].Detectable = score.Quantile(all, 0.5)
	}
}

// meanRanks fills in what ranks inside each user say, over users with a value in
// every arm.
func (s *Study) meanRanks(m int, order []int, out []record.Standing) {
	if len(order) < 2 {
		return
	}
	values := make([][]float64, len(order))
	for u := range s.Users {
		if slices.ContainsFunc(order, func(a int) bool { return math.IsNaN(s.Values[m][a][u]) }) {
			continue
		}
		for i, a := range order {
			values[i] = append(values[i], s.Values[m][a][u])
		}
	}
	if len(values[0]) < 2 {
		return
	}
	f := Friedman(values, s.Metrics[m].Direction == metric.Lower)
	cd := CriticalDifference(f.Arms, f.Blocks, Alpha)
	for i := range out {
		out[i].MeanRank, out[i].Blocks, out[i].Friedman, out[i].CD = f.MeanRanks[i], f.Blocks, f.FP, cd
		out[i].WinRate = (float64(f.Arms) - f.MeanRanks[i]) / float64(f.Arms-1)
	}
}

// borda gives each arm the share of rivals that it beats, equal ones counting
// half, averaged over the task's metrics that have a better way; NaN without rivals.
func (s *Study) borda() []float64 {
	points, games := make([]float64, len(s.Arms)), make([]float64, len(s.Arms))
	for m := range s.Metrics {
		for _, league := range s.leagues() {
			order := s.order(m, league)
			for _, a := range order {
				mine, _ := mean(s.Values[m][a])
				for _, b := range order {
					if a == b {
						continue
					}
					theirs, _ := mean(s.Values[m][b])
					points[a] += float64(1-s.better(m, mine, theirs)) / 2
					games[a]++
				}
			}
		}
	}
	for a := range points {
		points[a] /= games[a]
	}
	return points
}
