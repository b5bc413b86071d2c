// Package page is what a simulated user sees: the state of a session, which
// actions are open in it, and the one renderer that turns it into text.
//
// Its opinion: what comes from a data set is data. Titles, categories and summaries
// are JSON strings on one line, whatever they hold, so that none of them can look
// like a card, a heading or an instruction. Whoever decides without reading, such
// as a rule, finds the same facts as numbers on the [Card].
package page

import (
	"math"
	"strconv"

	"github.com/alignuser/alignuser/harness/trace"
)

// State is one page before one user.
type State struct {
	View    string // trace.List or trace.Detail
	Page    int    // of the list, from 0
	Limit   int    // list pages that a session may have
	Cards   []Card
	Given   []Given // what was decided earlier in the session, oldest first
	Actions []string
	Scale   Scale
}

// Scale of values; the zero Scale is that of data without values.
type Scale struct {
	Min, Max, Step, LikeAt, DislikeAt float64
}

// Values lists the values that may be given, at most 11; nil: none.
func (s Scale) Values() []float64 {
	if !(s.Max > s.Min) {
		return nil
	}
	const most = 11
	step := s.Step
	if step <= 0 || (s.Max-s.Min)/step > most-1 {
		step = (s.Max - s.Min) / 4
	}
	var out []float64
	for i := 0; ; i++ {
		v := s.Min + float64(i)*step
		if v > s.Max+1e-9 {
			return out
		}
		out = append(out, v)
	}
}

// Card is an item on a page with what a user may know of it (METHOD 3). All of it
// rests on the training part, and on the session so far.
type Card struct {
	Item       int32
	Title      string
	Categories []string
	Summary    string
	Count      int       // training interactions, without the user's own
	Mean       float64   // of their values; NaN: none
	Shown      int       // cards of training sessions; -1: the data has no sessions
	Watched    int       // of them
	Similar    []Similar // to the user's own items, the most similar first
	Kin        int       // of the user's training items that share a category; -1: not told
	KinMean    float64   // mean of the values given to them; NaN: none

	// Of data with sessions: what the user did when such cards were shown before.
	Skipped  int     // how often this one was shown to the user and skipped
	KinRate  float64 // share of cards of its kind that the user watched when shown; NaN: no sessions
	Aversion float64 // mean PathSim with what the user skipped
	// For rules; of what is shown above they are the fuller form.
	Affinity float64 // mean PathSim with the user's training items
	Lift     float64 // mean over categories of log(user's share / everybody's share)
	Recent   float64 // mean over categories of cards watched on the page before
	Tired    float64 // mean over categories of cards watched in the session
}

// Similar is an item that the user had, and the value given to it.
type Similar struct {
	Title    string
	Value    float64 // NaN: none
	Strength float64 // how alike, from 0; cards show a hundred times that
}

// Forget takes from a card what the user's own past says about it.
func (c *Card) Forget() {
	c.Similar, c.Kin, c.KinMean, c.Affinity, c.Lift = nil, -1, math.NaN(), 0, 0
	c.Skipped, c.KinRate, c.Aversion = 0, math.NaN(), 0
}

// Given is what a user decided about a card earlier in the session.
type Given struct {
	Page    int
	Item    int32
	Title   string
	Watched bool
	Value   float64 // NaN: none
}

// Reference names a card in prompts and answers: ITEM_1 is the first.
func Reference(place int) string { return "ITEM_" + strconv.Itoa(place+1) }

// Actions lists what may be done after a page. Full allows going back and opening
// a card; else a session goes forward or ends.
func Actions(view string, number, cards int, full bool) []string {
	if view == trace.Detail {
		return []string{string(trace.Back)}
	}
	out := []string{string(trace.Next)}
	if full && number > 0 {
		out = append(out, string(trace.Previous))
	}
	if full {
		for i := range cards {
			out = append(out, Open(i))
		}
	}
	return append(out, string(trace.Exit))
}

// Open is the action that opens a card: CLICK:ITEM_2.
func Open(place int) string { return string(trace.Click) + ":" + Reference(place) }

// Parse reads an action as [Actions] writes it.
func Parse(text string) (a trace.Action, clicked int, ok bool) {
	switch a = trace.Action(text); a {
	case trace.Next, trace.Previous, trace.Exit, trace.Back:
		return a, 0, true
	}
	const head = string(trace.Click) + ":ITEM_"
	if len(text) <= len(head) || text[:len(head)] != head {
		return "", 0, false
	}
	n, err := strconv.Atoi(text[len(head):])
	if err != nil || n < 1 || Open(n-1) != text { // +2 and 02 are no references
		return "", 0, false
	}
	return trace.Click, n - 1, true
}
