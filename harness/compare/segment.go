package compare

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
)

// Segmented is a study of groups of users, each by itself. What is asked of all groups is one
// family of tests. The reference stays the arm that is best among all users.
type Segmented struct {
	*Study
	groups []group
}

// group is the study of the users of one group.
type group struct {
	segment, name string
	*Study
}

// In divides a study by segments of the users of the data set.
func (s *Study) In(segments []record.Segment) (*Segmented, error) {
	if s.Unit != "" {
		return nil, fmt.Errorf("%s: its rows are %s, and segments are of users", s.Task, s.Unit)
	}
	out := &Segmented{Study: s}
	ids := make([]string, len(s.metrics))
	for i, m := range s.metrics {
		ids[i] = s.Metrics[m].ID
	}
	for _, seg := range segments {
		for _, name := range readingOrder(seg.Groups) {
			part, err := s.within(seg, seg.Group(name)).study(s.workers, ids)
			if err != nil {
				return nil, err
			}
			out.groups = append(out.groups, group{seg.Name, name, part})
		}
	}
	return out, nil
}

// within keeps the users of one group.
func (t *Table) within(seg record.Segment, group int) *Table {
	out := *t
	var kept []int
	out.Users = nil
	for i, u := range t.Users {
		if int(u) < len(seg.Of) && int(seg.Of[u]) == group {
			kept, out.Users = append(kept, i), append(out.Users, u)
		}
	}
	out.Values = make([][][]float64, len(t.Values))
	for m := range t.Values {
		for _, all := range t.Values[m] {
			values := make([]float64, len(kept))
			for i, at := range kept {
				values[i] = all[at]
			}
			out.Values[m] = append(out.Values[m], values)
		}
	}
	return &out
}

// readingOrder puts groups as people count: few before many, small numbers before large.
func readingOrder(groups []string) []string {
	known := []string{"cold", "warm", "low", "medium", "high", "niche", "mixed", "popular"}
	number := func(name string) (v float64) {
		if _, err := fmt.Sscanf(name, "%g", &v); err != nil {
			return 0
		}
		return v
	}
	out := slices.Clone(groups)
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(known, a), slices.Index(known, b)), cmp.Compare(number(a), number(b)), cmp.Compare(a, b))
	})
	return out
}

// Against is [Study.Against] in every group.
func (g *Segmented) Against(to *record.Arm) []record.Comparison { return g.answer(g.against(to)) }

// AllPairs is [Study.AllPairs] in every group.
func (g *Segmented) AllPairs() []record.Comparison { return g.answer(g.allPairs()) }

// Across is [Study.Across] in every group.
func (g *Segmented) Across(runs []*Run, labels []string) []record.Comparison {
	return g.answer(g.across(runs, labels))
}

// answer compares what was asked in every group; the family is that of all groups together.
func (g *Segmented) answer(questions []question) (out []record.Comparison) {
	for _, q := range questions {
		family := q.pairs
		if q.league != nil {
			family = g.pairsOf(q.m, q.league)
		}
		var p []float64
		for _, part := range g.groups {
			p = append(p, part.pvalues(family)...)
		}
		holm, bh := adjust(p)
		place := tested{at: map[pair]int{}}
		for i, two := range family {
			place.at[two] = i
		}
		for i, part := range g.groups {
			boot := make([][]float64, len(q.pairs))
			if len(part.Users) > 0 {
				boot = part.bootOf(q.pairs)
			}
			for j, two := range q.pairs {
				at := i*len(family) + place.of(two)
				c := part.compare(two, boot[j], p[at])
				c.Against, c.Segment, c.Group, c.Holm, c.BH = q.against, part.segment, part.name, holm[at], bh[at]
				out = append(out, c)
			}
		}
	}
	return out
}
