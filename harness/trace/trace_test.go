package trace

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func value(v float64) *float64 { return &v }

// look is a list page whose cards are all skipped but those with a choice.
func look(number int, items []int32, choices map[int32]Choice) PageView {
	v := PageView{Page: number, Items: items, Decision: Decision{Cards: make([]Choice, len(items)), Action: Next}}
	for i, it := range items {
		v.Decision.Cards[i] = choices[it]
	}
	return v
}

// backAndForth looks at two pages, opens a card of the second, goes back to the first
// and leaves.
func backAndForth() Session {
	opened := look(1, []int32{8}, map[int32]Choice{8: {Watch: true, Value: value(4)}})
	opened.View, opened.Decision.Action = Detail, Back
	again := look(0, []int32{5, 6}, map[int32]Choice{5: {Reason: "no more"}, 6: {Watch: true, Value: value(2)}})
	again.Decision.Action = Exit
	return Session{User: 3, End: EndExit, Pages: []PageView{
		look(0, []int32{5, 6}, map[int32]Choice{5: {Watch: true, Value: value(5)}}),
		look(1, []int32{7, 8}, nil), opened, again,
	}}
}

func cards(s *Session) (out []string) {
	for page, c := range s.Seen {
		line := fmt.Sprintf("%d: %d", page, c.Item)
		if c.Watch {
			line += " watched"
		}
		if c.Value != nil {
			line += fmt.Sprint(" ", *c.Value)
		}
		out = append(out, line)
	}
	return out
}

// TestSeen: a card stands once, on the page that showed it first. What was watched
// once stays so, with its first value; what was skipped may be watched at a later look.
func TestSeen(t *testing.T) {
	s := backAndForth()
	want := []string{"0: 5 watched 5", "0: 6 watched 2", "1: 7", "1: 8 watched 4"}
	if diff := cmp.Diff(want, cards(&s)); diff != "" {
		t.Error(diff)
	}
	for range s.Seen {
		break // a reader may stop
	}
	if got := cards(&Session{}); got != nil {
		t.Errorf("of an empty session: %v", got)
	}
}

// TestLast: the furthest list page; a session may end on an earlier one.
func TestLast(t *testing.T) {
	s := backAndForth()
	if s.Last() != 2 {
		t.Errorf("went to page 2 and back: %d", s.Last())
	}
	s.Pages = s.Pages[:1]
	if s.Last() != 1 {
		t.Errorf("left on the first page: %d", s.Last())
	}
	if n := (&Session{}).Last(); n != 0 {
		t.Errorf("saw no page: %d", n)
	}
}

func TestUsageAdds(t *testing.T) {
	u := Usage{Requests: 1, PromptTokens: 20, CompletionTokens: 3}
	u.Add(Usage{Requests: 2, PromptTokens: 100, CompletionTokens: 7})
	if want := (Usage{Requests: 3, PromptTokens: 120, CompletionTokens: 10}); u != want || u.Tokens() != 130 {
		t.Errorf("%+v, %d tokens", u, u.Tokens())
	}
}

// TestAbstain: nothing is watched or valued, and the user leaves.
func TestAbstain(t *testing.T) {
	d := Abstain(3, "no JSON")
	if !slices.Equal(d.Cards, make([]Choice, 3)) || d.Action != Exit || d.Invalid != "no JSON" {
		t.Errorf("%+v", d)
	}
}

// draw draws a session that an agent could have: forward, back, and into cards.
func draw(t *rapid.T, items int) Session {
	s := Session{User: rapid.Int32Range(0, 9).Draw(t, "user"), End: EndExit}
	var pages [][]int32
	choose := func(v PageView) PageView {
		v.Decision = Decision{Cards: make([]Choice, len(v.Items)), Action: Next}
		for i := range v.Decision.Cards {
			if rapid.Bool().Draw(t, "watch") {
				v.Decision.Cards[i] = Choice{Watch: true, Value: value(float64(rapid.IntRange(1, 5).Draw(t, "value")))}
			}
		}
		return v
	}
	for range rapid.IntRange(0, 8).Draw(t, "looks") {
		at := rapid.IntRange(0, len(pages)).Draw(t, "page")
		if at == len(pages) {
			pages = append(pages, rapid.SliceOfNDistinct(rapid.Int32Range(0, int32(items-1)), 1, 4, rapid.ID[int32]).Draw(t, "items"))
		} else if rapid.Bool().Draw(t, "open") {
			card := rapid.SampledFrom(pages[at]).Draw(t, "card")
			s.Pages = append(s.Pages, choose(PageView{View: Detail, Page: at, Items: []int32{card}}))
			continue
		}
		s.Pages = append(s.Pages, choose(PageView{Page: at, Items: pages[at]}))
	}
	return s
}

// TestSeenProperties: every item that any look showed, once, on a page below the
// last, and watched exactly where some look watched it.
func TestSeenProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t, 12)
		if err := s.Check(12); err != nil {
			t.Fatal(err)
		}
		shown, watched := map[int32]bool{}, map[int32]bool{}
		for _, v := range s.Pages {
			for i, it := range v.Items {
				shown[it] = true
				watched[it] = watched[it] || v.Decision.Cards[i].Watch
			}
		}
		n := 0
		for page, c := range s.Seen {
			n++
			if !shown[c.Item] || c.Watch != watched[c.Item] || (c.Value != nil) != c.Watch || page < 0 || page >= s.Last() {
				t.Fatalf("page %d of %d: %+v", page, s.Last(), c)
			}
			delete(shown, c.Item)
		}
		if len(shown) > 0 || n != len(watched) {
			t.Fatalf("%d cards, without %v", n, shown)
		}
	})
}
