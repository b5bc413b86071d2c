package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/trace"
)

// SessionFile is the evidence of a cell of sessions, read for people to look at.
type SessionFile struct {
	Key      record.CellKey
	Header   trace.Header
	Sessions []trace.Session

	items map[int32]trace.ItemFacts
}

// LoadSessions reads the sessions of a cell of a run folder.
func LoadSessions(dir string, key record.CellKey) (*SessionFile, error) {
	h, sessions, err := record.ReadSessions(record.EvidencePath(dir, key))
	if err != nil {
		return nil, err
	}
	f := &SessionFile{Key: key, Header: h, Sessions: sessions, items: map[int32]trace.ItemFacts{}}
	for _, it := range h.Shown {
		f.items[it.Item] = it
	}
	return f, nil
}

// Find gives a session by the user's name in the data set, or number, and by which
// of the user's sessions it is; nil: there is none.
func (f *SessionFile) Find(user string, exposure int) *trace.Session {
	for _, byNumber := range []bool{false, true} {
		for i := range f.Sessions {
			s := &f.Sessions[i]
			name := s.Name
			if byNumber {
				name = strconv.Itoa(int(s.User))
			}
			if name == user && s.Exposure == exposure {
				return s
			}
		}
	}
	return nil
}

// story is a session in words: what both the terminal and the page show.
type story struct {
	Title   string
	Person  []string
	Placebo string
	Pages   []storyPage
	End     string
	Closing string
	Cost    string
}

type storyPage struct {
	Title, Action, Reason, Invalid string
	Cards                          []storyCard
}

type storyCard struct {
	Watched, Liked   bool
	Title, Kinds     string
	Value, P, Reason string
}

func (f *SessionFile) story(s *trace.Session) story {
	who := s.Name
	if who == "" {
		who = strconv.Itoa(int(s.User))
	}
	out := story{Title: fmt.Sprintf("user %s, session %d: %s", oneLine(who), s.Exposure+1, f.Key.Arm())}
	for line := range strings.Lines(s.Persona) {
		out.Person = append(out.Person, oneLine(line))
	}
	if s.Placebo != nil {
		out.Placebo = fmt.Sprintf("placebo: the agent was given the life of user number %d", *s.Placebo)
	}
	for _, v := range s.Pages {
		out.Pages = append(out.Pages, f.page(v))
	}
	pages := s.Last()
	out.End = map[trace.End]string{
		trace.EndExit: "left after page %d", trace.EndLimit: "stopped by the limit after page %d (censored)",
		trace.EndEmpty: "ended after page %d: the recommender had nothing more to show", trace.EndInvalid: "ended on page %d: the answer could not be used",
	}[s.End]
	out.End = fmt.Sprintf(out.End, pages)
	if c := s.Closing; c != nil {
		out.Closing = fmt.Sprintf("satisfaction %d of 10: %s", c.Satisfaction, oneLine(c.Reason))
		if c.Invalid != "" {
			out.Closing = "no usable answer: " + oneLine(c.Invalid)
		}
	}
	if s.Usage.Requests > 0 {
		out.Cost = fmt.Sprintf("%s questions, %s tokens", Count(int(s.Usage.Requests)), Count(int(s.Usage.Tokens())))
	}
	return out
}

func (f *SessionFile) page(v trace.PageView) storyPage {
	p := storyPage{Title: fmt.Sprintf("Page %d", v.Page+1), Reason: oneLine(v.Decision.Reason), Invalid: oneLine(v.Decision.Invalid)}
	if v.View == trace.Detail {
		p.Title = fmt.Sprintf("Details, from page %d", v.Page+1)
	}
	for i, it := range v.Items {
		c, facts := v.Decision.Cards[i], f.items[it]
		card := storyCard{Watched: c.Watch, Title: oneLine(facts.Title), Reason: oneLine(c.Reason)}
		if card.Title == "" {
			card.Title = "item " + strconv.Itoa(int(it))
		}
		var kinds []string
		for _, k := range facts.Categories {
			if int(k) < len(f.Header.Categories) {
				kinds = append(kinds, oneLine(f.Header.Categories[k]))
			}
		}
		card.Kinds = strings.Join(kinds, ", ")
		if c.Value != nil {
			card.Value = strconv.FormatFloat(*c.Value, 'g', 3, 64)
			card.Liked = f.Header.LikeAt > 0 && *c.Value >= f.Header.LikeAt
		}
		if c.P != nil {
			card.P = fmt.Sprintf("%.2f", *c.P)
		}
		p.Cards = append(p.Cards, card)
	}
	p.Action = string(v.Decision.Action)
	if v.Decision.Action == trace.Click && v.Decision.Clicked < len(p.Cards) {
		p.Action += " " + p.Cards[v.Decision.Clicked].Title
	}
	if l := v.Decision.Leave; l != nil {
		p.Action += fmt.Sprintf(" (probability of leaving %.2f)", *l)
	}
	if s := v.Decision.Feeling; s != nil {
		p.Action += fmt.Sprintf(", satisfaction %d and fatigue %d of 5", s.Satisfaction, s.Fatigue)
	}
	return p
}

// Session prints a session for a terminal.
func Session(w io.Writer, f *SessionFile, s *trace.Session, o TerminalOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	t := &screen{TerminalOptions: o}
	st := f.story(s)
	t.add(t.paint(bold, st.Title))
	if st.Placebo != "" {
		t.add(st.Placebo)
	}
	for _, line := range st.Person {
		t.add("  " + line)
	}
	for _, p := range st.Pages {
		t.add("")
		t.add(t.paint(bold, p.Title))
		for _, c := range p.Cards {
			mark := "  skip    "
			if c.Watched {
				mark = fmt.Sprintf("  watch %s ", pad(c.Value, 1))
			}
			line := mark + c.Title
			if c.Kinds != "" {
				line += t.paint(faint, " · "+c.Kinds)
			}
			if c.P != "" {
				line += t.paint(faint, " · p "+c.P)
			}
			t.add(line)
			if c.Reason != "" {
				t.para(plain, "          ", c.Reason)
			}
		}
		if p.Invalid != "" {
			t.add("  no usable answer: " + p.Invalid)
		}
		t.add("  → " + p.Action)
		if p.Reason != "" {
			t.para(plain, "    ", p.Reason)
		}
	}
	t.add("")
	t.add(st.End)
	if st.Closing != "" {
		t.add("interview: " + st.Closing)
	}
	if st.Cost != "" {
		t.add(t.paint(faint, st.Cost))
	}
	return t.writeTo(w)
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-len(s))) }
