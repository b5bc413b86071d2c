package prediction

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/harness/metric"
)

// File is predictions of one kind.
type File struct {
	Kind  string
	Cases int

	decisions []decision
	ratings   []rated
	steps     []step
}

// decision is a case of preference.
type decision struct {
	agent, user, set, item string
	truth, decided         bool
	p                      *float64 // of yes
	line                   int
}

// rated is a case of rating.
type rated struct {
	agent, user, item string
	value             float64
	predicted         *float64 // nil: none
	line              int
}

// step is a case of action.
type step struct {
	agent, session   string
	number           int
	truth, predicted metric.Step
	line             int
}

// add reads a line of the file's kind.
func (f *File) add(c columns, l line) error {
	for name := range l.cells {
		if !slices.Contains(c.names, name) {
			return l.errorf("%q is unknown%s: want %s", name, didYouMean(name, c.names), c)
		}
	}
	agent, err := l.agent()
	if err != nil {
		return err
	}
	switch f.Kind {
	case Action:
		err = f.addStep(agent, l)
	case Rating:
		err = f.addRating(agent, l)
	default:
		err = f.addDecision(agent, l)
	}
	return err
}

func (f *File) addDecision(agent string, l line) (err error) {
	d := decision{agent: agent, set: l.cells["set"], line: l.number}
	if d.user, err = l.name("user"); err != nil {
		return err
	}
	if d.item, err = l.name("item"); err != nil {
		return err
	}
	if d.truth, err = l.yes("truth"); err != nil {
		return err
	}
	if l.cells["p"] == "" && l.cells["decision"] == "" {
		return l.errorf("p and decision are missing: want a probability from 0 to 1, or WATCH or SKIP")
	}
	if l.cells["p"] != "" {
		p, err := l.number64("p")
		if err != nil || p < 0 || p > 1 {
			return l.errorf("p %q: want a probability from 0 to 1", l.cells["p"])
		}
		d.p, d.decided = &p, p >= 0.5
	}
	if l.cells["decision"] != "" {
		if d.decided, err = l.yes("decision"); err != nil {
			return err
		}
	}
	f.decisions = append(f.decisions, d)
	return nil
}

func (f *File) addRating(agent string, l line) (err error) {
	r := rated{agent: agent, line: l.number}
	if r.user, err = l.name("user"); err != nil {
		return err
	}
	if r.item, err = l.name("item"); err != nil {
		return err
	}
	if r.value, err = l.number64("value"); err != nil {
		return err
	}
	if l.cells["predicted"] != "" {
		v, err := l.number64("predicted")
		if err != nil {
			return err
		}
		r.predicted = &v
	}
	f.ratings = append(f.ratings, r)
	return nil
}

func (f *File) addStep(agent string, l line) (err error) {
	s := step{agent: agent, line: l.number}
	if s.session, err = l.name("session"); err != nil {
		return err
	}
	if s.number, err = strconv.Atoi(strings.TrimSpace(l.cells["step"])); err != nil {
		return l.errorf("step %q: want a whole number, in the order of the session", l.cells["step"])
	}
	if s.truth.Type, err = l.name("type"); err != nil {
		return err
	}
	s.truth.Target, s.truth.Text = l.cells["target"], l.cells["text"]
	s.predicted = metric.Step{Type: l.cells["predicted_type"], Target: l.cells["predicted_target"], Text: l.cells["predicted_text"]}
	f.steps = append(f.steps, s)
	return nil
}

// name reads a cell that must not be empty.
func (l line) name(column string) (string, error) {
	if l.cells[column] == "" {
		return "", l.errorf("%s is missing", column)
	}
	return l.cells[column], nil
}

func (l line) number64(column string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(l.cells[column]), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, l.errorf("%s %q: want a number", column, l.cells[column])
	}
	return v, nil
}

// yes reads a decision.
func (l line) yes(column string) (bool, error) {
	switch strings.ToUpper(strings.TrimSpace(l.cells[column])) {
	case "WATCH", "1", "TRUE":
		return true, nil
	case "SKIP", "0", "FALSE":
		return false, nil
	case "":
		return false, l.errorf("%s is missing", column)
	}
	return false, l.errorf("%s %q: want WATCH or SKIP, or 1 or 0", column, l.cells[column])
}

// finish orders cases, so that the order of lines changes nothing, and refuses what is
// there twice.
func (f *File) finish() error {
	slices.SortFunc(f.decisions, func(a, b decision) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.user, b.user), cmp.Compare(a.set, b.set), cmp.Compare(a.item, b.item), cmp.Compare(a.line, b.line))
	})
	for i := 1; i < len(f.decisions); i++ {
		a, b := f.decisions[i-1], f.decisions[i]
		if a.agent == b.agent && a.user == b.user && a.set == b.set && a.item == b.item {
			return twice(a.line, b.line, fmt.Sprintf("item %q of user %q", b.item, b.user))
		}
		if a.agent == b.agent && (a.p == nil) != (b.p == nil) {
			return &lineError{max(a.line, b.line), fmt.Errorf("p: either all lines have a probability or none has, and line %d differs", min(a.line, b.line))}
		}
	}
	slices.SortFunc(f.ratings, func(a, b rated) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.user, b.user), cmp.Compare(a.item, b.item), cmp.Compare(a.line, b.line))
	})
	for i := 1; i < len(f.ratings); i++ {
		if a, b := f.ratings[i-1], f.ratings[i]; a.agent == b.agent && a.user == b.user && a.item == b.item {
			return twice(a.line, b.line, fmt.Sprintf("item %q of user %q", b.item, b.user))
		}
	}
	slices.SortFunc(f.steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.session, b.session), cmp.Compare(a.number, b.number), cmp.Compare(a.line, b.line))
	})
	for i := 1; i < len(f.steps); i++ {
		if a, b := f.steps[i-1], f.steps[i]; a.agent == b.agent && a.session == b.session && a.number == b.number {
			return twice(a.line, b.line, fmt.Sprintf("step %d of session %q", b.number, b.session))
		}
	}
	return nil
}

func twice(first, second int, what string) error {
	return &lineError{second, fmt.Errorf("%s is there twice, in line %d too", what, first)}
}
