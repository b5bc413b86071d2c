package action

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record/score"
)

func chance(p float64) *float64 { return &p }

// pages of two users. User 0 has a session of two pages and one of one, user 1 has one
// of two, the second of which got answers in no valid form.
func pages() []row {
	first := func(r row) row { r.PLeave, r.BayesLeave = chance(0.3), chance(0.3); return r }
	second := func(r row) row { r.Page, r.Left, r.Leave, r.BayesLeave = 1, true, true, chance(0.7); return r }
	third := func(r row) row { r.Visit, r.Left, r.PLeave, r.BayesLeave = 1, true, chance(0.6), chance(0.2); return r }
	other := func(r row) row { r.User, r.PLeave, r.BayesLeave = 1, chance(0.5), chance(0.4); return r }
	return []row{
		first(row{Watched: true, P: chance(0.8), Bayes: chance(0.9)}),
		first(row{Slot: 1, P: chance(0.4), Watch: true, Bayes: chance(0.2)}),
		second(row{P: chance(0.5), Watch: true, Bayes: chance(0.3)}),
		second(row{Slot: 1, Watched: true, P: chance(0.9), Bayes: chance(0.4)}),
		third(row{Bayes: chance(0.1)}),
		other(row{Watched: true, P: chance(0.7), Bayes: chance(0.6)}),
		other(row{Slot: 1, P: chance(0.1), Bayes: chance(0.3)}),
		{User: 1, Page: 1, Left: true, Leave: true, Invalid: true, InvalidExit: true, Bayes: chance(0.2), BayesLeave: chance(0.1)},
	}
}

// values gives each metric as its table does.
func values(s score.Sheet) map[string]float64 {
	got := map[string]float64{}
	for _, w := range s.Wholes {
		got[w.Metric] = w.Value
	}
	for _, c := range s.Columns {
		sum, over := 0.0, 0.0
		for i, v := range c.Values {
			if math.IsNaN(v) {
				continue
			}
			sum += v
			if c.Over != nil {
				over += c.Over[i]
			} else {
				over++
			}
		}
		got[c.Metric] = sum / over
	}
	return got
}

func TestSheet(t *testing.T) {
	ln := math.Log
	got := values(sheet(pages()))
	for id, want := range map[string]float64{
		// User 0 four of five: one half leaves it to the agent, who watches. User 1 two of three.
		"action.acc.card": (4.0/5 + 2.0/3) / 2,
		// The second page of both is not foreseen.
		"action.acc.page": (2.0/3 + 1.0/2) / 2,
		// User 0: half of the first session, all of the second.
		"action.acc.session": (0.75 + 0.5) / 2,
		// All of user 0; of user 1 the page that has an answer.
		"action.acc.exit": (1 + 0.5) / 2,
		// Two cards have no probability.
		"action.log-loss":      (-ln(0.8*0.6*0.5*0.9)/4 - ln(0.7*0.9)/2) / 2,
		"action.log-loss.exit": (-ln(0.7*0.6)/2 - ln(0.5)) / 2,
		// Of eight cards five are skipped: user 0 skips three, user 1 two. The agent has 4 and
		// 2, the planted probabilities 4 and 3: (1 + 0) / (1 + 1).
		"action.skill": 0.5,
		// Skipping all and going on is right of no page. The agent has 2 and 1; the planted
		// probabilities have 1 and 1: they miss a card of one page, and leaving after two.
		"action.skill.page": 3.0 / 2,
		// Six probabilities, a bin each: 0.2 + 0.4 + 0.5 + 0.1 + 0.3 + 0.1 in six.
		"action.calibration": 1.6 / 6,
		"action.invalid":     (0 + 0.5) / 2,
	} {
		if v, ok := got[id]; !ok || math.Abs(v-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", id, v, want)
		}
		delete(got, id)
	}
	for id := range got {
		t.Errorf("%s has no hand-computed value", id)
	}
}

// Whoever states no probabilities has no log-loss, and says so; people who are not
// planted leave no room for skill to be told.
func TestWithoutProbabilities(t *testing.T) {
	rows := pages()
	s := sheet(rows)
	if c := s.Columns[4]; c.Metric != "action.log-loss" || !strings.HasPrefix(c.Note, "over the 6 of 8 cards") {
		t.Errorf("%+v", c)
	}
	for i := range rows {
		rows[i].P, rows[i].PLeave, rows[i].Bayes, rows[i].BayesLeave = nil, nil, nil, nil
	}
	s = sheet(rows)
	for _, c := range s.Columns {
		if strings.HasPrefix(c.Metric, "action.skill") {
			t.Errorf("%s without a truth", c.Metric)
		}
		if strings.HasPrefix(c.Metric, "action.log-loss") && (slices.ContainsFunc(c.Values, func(v float64) bool { return v == v }) || c.Why != "undefined: the agent states no probability" || c.Note != "") {
			t.Errorf("%+v", c)
		}
	}
	if w := s.Wholes[0]; !math.IsNaN(w.Value) || w.N != 0 || w.Why != "undefined: the agent states no probability" {
		t.Errorf("%+v", w)
	}
}

// What acts by the planted probabilities has all of the skill there is.
func TestBayesHasAllSkill(t *testing.T) {
	rows := pages()
	for i := range rows {
		rows[i].P, rows[i].PLeave, rows[i].Invalid, rows[i].InvalidExit = rows[i].Bayes, rows[i].BayesLeave, false, false
	}
	if got := values(sheet(rows)); got["action.skill"] != 1 || got["action.skill.page"] != 1 {
		t.Errorf("%v", got)
	}
}
