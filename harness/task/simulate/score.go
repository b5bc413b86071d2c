package simulate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists the ids, the primary first.
func (Task) Metrics(sdk.Options) []string { return MetricIDs() }

// MetricIDs lists the metrics of sessions in order.
func MetricIDs() []string {
	var ids []string
	for _, m := range metric.Visits() {
		ids = append(ids, m.ID)
	}
	for _, m := range metric.Exposures() {
		ids = append(ids, m.ID)
	}
	return ids
}

// Scorer reads sessions and computes every metric.
func (Task) Scorer(sdk.Options) score.Scorer {
	return func(path string) (score.Sheet, error) {
		h, sessions, err := record.ReadSessions(path)
		if err != nil {
			return score.Sheet{}, err
		}
		if len(sessions) == 0 {
			return score.Sheet{}, fmt.Errorf("%s: no sessions", path)
		}
		return Sheet(h, sessions), nil
	}
}

// group is a user's sessions.
type group struct {
	user     int32
	sessions []*trace.Session
	visits   []metric.Visit
}

// Sheet computes the metrics of sessions.
func Sheet(h trace.Header, sessions []trace.Session) score.Sheet {
	groups := byUser(h, sessions)
	users := make([]int32, len(groups))
	for i, g := range groups {
		users[i] = g.user
	}
	var s score.Sheet
	for _, m := range metric.Visits() {
		if m.Values && h.LikeAt == 0 {
			continue
		}
		c := score.Column{Metric: m.ID, Version: m.Version, Users: users, Why: "undefined for every user: " + m.Empty}
		for _, g := range groups {
			c.Values = append(c.Values, m.User(g.visits, h.LikeAt))
			if m.Over != nil {
				c.Over = append(c.Over, m.Over(g.visits, h.LikeAt))
			}
		}
		if m.Exit && h.Exit == agent.ExitPrior {
			c.Note = "leaving is a declared prior"
		}
		s.Columns = append(s.Columns, c)
	}
	if len(h.Notes) > 0 {
		first := &s.Columns[0]
		first.Note = strings.Join(slices.DeleteFunc(append([]string{first.Note}, h.Notes...), func(n string) bool { return n == "" }), "; ")
	}
	exposure(&s, h, groups, users)
	return s
}

// byUser groups sessions, which come by user.
func byUser(h trace.Header, sessions []trace.Session) []group {
	var out []group
	for i := range sessions {
		v := &sessions[i]
		if len(out) == 0 || out[len(out)-1].user != v.User {
			out = append(out, group{user: v.User})
		}
		g := &out[len(out)-1]
		g.sessions, g.visits = append(g.sessions, v), append(g.visits, visit(h, v))
	}
	return out
}

// visit is a session as the metrics read it.
func visit(h trace.Header, s *trace.Session) metric.Visit {
	v := metric.Visit{
		Limit: h.PageLimit, PageSize: h.PageSize, Censored: s.End == trace.EndLimit, Satisfaction: math.NaN(),
		Looks: len(s.Pages), Requests: s.Usage.Requests, Tokens: s.Usage.Tokens(), Pages: make([]metric.VisitPage, s.Last()),
	}
	for _, look := range s.Pages {
		if look.Decision.Invalid != "" {
			v.Invalid++
		}
	}
	if s.Closing != nil && s.Closing.Invalid == "" {
		v.Satisfaction = float64(s.Closing.Satisfaction)
	}
	for number, it := range s.Seen {
		p := &v.Pages[number]
		p.Items, p.Watched = append(p.Items, it.Item), append(p.Watched, it.Watch)
		value := math.NaN()
		if it.Watch && it.Value != nil {
			value = *it.Value
		}
		p.Values = append(p.Values, value)
	}
	return v
}

// exposure adds the metrics of what was shown.
func exposure(s *score.Sheet, h trace.Header, groups []group, users []int32) {
	facts := map[int32]trace.ItemFacts{}
	for _, f := range h.Shown {
		facts[f.Item] = f
	}
	var lists [][]int32
	for _, g := range groups {
		for _, v := range g.sessions {
			var list []int32
			for _, it := range v.Seen {
				list = append(list, it.Item)
			}
			lists = append(lists, list)
		}
	}
	for _, m := range metric.Exposures() {
		if m.Whole != nil {
			w := score.Whole{Metric: m.ID, Version: m.Version, Value: m.Whole(lists, h.Items), N: len(users), Why: m.NoInterval}
			if math.IsNaN(w.Value) {
				w.N, w.Why = 0, m.Empty
			}
			s.Wholes = append(s.Wholes, w)
			continue
		}
		c := score.Column{Metric: m.ID, Version: m.Version, Users: users, Why: "undefined for every user: " + m.Empty}
		at := 0
		for _, g := range groups {
			sum, n := 0.0, 0.0
			for range g.sessions {
				var counts []int32
				var categories [][]int32
				for _, it := range lists[at] {
					counts, categories = append(counts, facts[it].Count), append(categories, facts[it].Categories)
				}
				at++
				if x := m.List(counts, categories, h.Users); !math.IsNaN(x) {
					sum, n = sum+x, n+1
				}
			}
			c.Values = append(c.Values, sum/n)
		}
		s.Columns = append(s.Columns, c)
	}
}
