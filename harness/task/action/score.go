package action

import (
	"fmt"
	"math"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists the ids, the primary first.
func (Task) Metrics(sdk.Options) []string {
	var ids []string
	for _, h := range metric.Actions() {
		ids = append(ids, h.ID)
	}
	return ids
}

// Personal is the log-loss of watching, and of agents without probabilities the accuracy.
func (Task) Personal(sdk.Options) []string {
	return []string{metric.ActionLogLoss, metric.ActionCard}
}

// Scorer reads rows and compares what was said with what the person did.
func (Task) Scorer(sdk.Options) score.Scorer {
	return score.Rows(sheet)
}

// watches and leaves decide by the probability that is stated; one half, or none, leaves
// it to the own answer.
func (r row) watches() bool { return decide(r.P, r.Watch) }
func (r row) leaves() bool  { return decide(r.PLeave, r.Leave) }

func decide(p *float64, own bool) bool {
	if p == nil || *p == 0.5 {
		return own
	}
	return *p > 0.5
}

// card reports whether a card was foreseen, exit whether leaving was. An answer that
// could not be used foresees nothing.
func (r row) card() bool { return !r.Invalid && r.watches() == r.Watched }
func (r row) exit() bool { return !r.InvalidExit && r.leaves() == r.Left }

// page is what is said of one page: a row for each of its cards.
type page []row

func (p page) user() int32 { return p[0].User }

// right reports whether all of a page was foreseen.
func (p page) right() bool {
	for _, r := range p {
		if !r.card() {
			return false
		}
	}
	return p[0].exit()
}

// usual reports whether the most usual would have been right of all of a page, and best
// whether the most probable would have.
func (p page) usual() bool {
	for _, r := range p {
		if r.Usual != r.Watched {
			return false
		}
	}
	return p[0].UsualLeave == p[0].Left
}

func (p page) best() bool {
	for _, r := range p {
		if (*r.Bayes > 0.5) != r.Watched {
			return false
		}
	}
	return (*p[0].BayesLeave > 0.5) == p[0].Left
}

func pagesOf(rows []row) (out []page) {
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to].User == rows[from].User && rows[to].Visit == rows[from].Visit && rows[to].Page == rows[from].Page {
			to++
		}
		out = append(out, rows[from:to])
		from = to
	}
	return out
}

// sheet computes every metric.
func sheet(rows []row) score.Sheet {
	pages := pagesOf(rows)
	card := func(of func(r row) (float64, bool)) func(p page) (sum, n float64) {
		return func(p page) (sum, n float64) {
			for _, r := range p {
				if v, ok := of(r); ok {
					sum, n = sum+v, n+1
				}
			}
			return sum, n
		}
	}
	one := func(of func(p page) float64) func(p page) (sum, n float64) {
		return func(p page) (sum, n float64) { return of(p), 1 }
	}
	s := score.Sheet{Columns: []score.Column{
		perUser(pages, metric.ActionCard, card(func(r row) (float64, bool) { return metric.Share(r.card()), true })),
		perUser(pages, metric.ActionPage, one(func(p page) float64 { return metric.Share(p.right()) })),
		perSession(pages),
		perUser(pages, metric.ActionExit, one(func(p page) float64 { return metric.Share(p[0].exit()) })),
		perUser(pages, metric.ActionLogLoss, card(func(r row) (float64, bool) { return surprise(r.P, r.Watched) })),
		perUser(pages, metric.ActionLogLossExit, func(p page) (float64, float64) {
			v, ok := surprise(p[0].PLeave, p[0].Left)
			return v, metric.Share(ok)
		}),
	}}
	stated(rows, pages, &s)
	if rows[0].Bayes != nil {
		s.Columns = append(s.Columns, skill(pages, metric.ActionSkill, func(p page) (gain, most float64) {
			for _, r := range p {
				usual := metric.Share(r.Usual == r.Watched)
				gain += metric.Share(r.card()) - usual
				most += metric.Share((*r.Bayes > 0.5) == r.Watched) - usual
			}
			return gain, most
		}), skill(pages, metric.ActionSkillPage, func(p page) (gain, most float64) {
			usual := metric.Share(p.usual())
			return metric.Share(p.right()) - usual, metric.Share(p.best()) - usual
		}))
	}
	s.Columns = append(s.Columns, perUser(pages, metric.ActionInvalid, one(func(p page) float64 { return metric.Share(p[0].Invalid || p[0].InvalidExit) })))
	s.Wholes = append(s.Wholes, calibration(rows))
	return s
}

// surprise is the log-loss of what happened; ok is false where there is no probability.
func surprise(p *float64, happened bool) (v float64, ok bool) {
	if p == nil {
		return 0, false
	}
	if happened {
		return metric.LogLoss(*p), true
	}
	return metric.LogLoss(1 - *p), true
}

// stated says of log-losses which answers had no probability.
func stated(rows []row, pages []page, s *score.Sheet) {
	cards, exits := 0, 0
	for _, r := range rows {
		if r.P != nil {
			cards++
		}
	}
	for _, p := range pages {
		if p[0].PLeave != nil {
			exits++
		}
	}
	for i := range s.Columns {
		c := &s.Columns[i]
		n, of, what := cards, len(rows), "cards"
		switch c.Metric {
		case metric.ActionLogLossExit:
			n, of, what = exits, len(pages), "pages"
		case metric.ActionLogLoss:
		default:
			continue
		}
		c.Why = "undefined: the agent states no probability"
		if n > 0 && n < of {
			c.Note = fmt.Sprintf("over the %d of %d %s with a probability: not the same as in other rows", n, of, what)
		}
	}
}

// perUser averages inside users what pages add up to.
func perUser(pages []page, id string, of func(p page) (sum, n float64)) score.Column {
	return score.Means(column(id), pages, page.user, of)
}

// perSession averages whole pages inside sessions, then sessions inside users.
func perSession(pages []page) score.Column {
	c := column(metric.ActionSession)
	for from := 0; from < len(pages); {
		sum, n, to := 0.0, 0.0, from
		for to < len(pages) && pages[to][0].User == pages[from][0].User {
			right, all, visit := 0.0, 0.0, pages[to][0].Visit
			for ; to < len(pages) && pages[to][0].User == pages[from][0].User && pages[to][0].Visit == visit; to++ {
				right, all = right+metric.Share(pages[to].right()), all+1
			}
			sum, n = sum+right/all, n+1
		}
		c.Users, c.Values = append(c.Users, pages[from][0].User), append(c.Values, sum/n)
		from = to
	}
	return c
}

// skill is what the arm gains over the most usual, over what the most probable gains.
func skill(pages []page, id string, of func(p page) (gain, most float64)) score.Column {
	c := column(id)
	c.Signed, c.Why = true, "undefined: the planted probabilities foresee no more than what is most usual"
	for from := 0; from < len(pages); {
		gain, most, to := 0.0, 0.0, from
		for ; to < len(pages) && pages[to][0].User == pages[from][0].User; to++ {
			g, m := of(pages[to])
			gain, most = gain+g, most+m
		}
		c.Users, c.Values, c.Over = append(c.Users, pages[from][0].User), append(c.Values, gain), append(c.Over, most)
		from = to
	}
	return c
}

func column(id string) score.Column {
	h, _ := metric.Describe(id)
	return score.Column{Metric: id, Version: h.Version, Why: "undefined for every user"}
}

// calibration compares stated probabilities with how often people watched.
func calibration(rows []row) score.Whole {
	h, _ := metric.Describe(metric.ActionCalibration)
	var p []float64
	var watched []bool
	for _, r := range rows {
		if r.P != nil {
			p, watched = append(p, *r.P), append(watched, r.Watched)
		}
	}
	w := score.Whole{Metric: h.ID, Version: h.Version, Value: metric.CalibrationError(p, watched), N: len(p), Why: "no interval: an error of calibration is never below 0, and drawing users with replacement would bias it upwards"}
	if math.IsNaN(w.Value) {
		w.Why = "undefined: the agent states no probability"
	}
	return w
}
