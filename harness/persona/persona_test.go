package persona

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
)

// TestHabits by hand. Users 0 to 4 have five interactions or more.
//
// Engagement: 5, 5, 6, 6, 6. Boundaries are the values at ceil(5/3) = 2 and ceil(10/3) =
// 4: 5 and 6. Users 0 and 1 equal the first and are low, the others equal the second and
// are medium; nobody is high.
//
// Conformity, over items 0 to 4, which have five raters or more (item 5 has three).
// Sums: item 0 5+3+3+3+1+4 = 19 of 6, items 1 and 2 5+3·4+4 = 21 of 6, items 3 and 4
// 5+3·4 = 17 of 5.
// User 0: 5 − 14/5 = 2.2, 5 − 16/5 = 1.8 twice, 5 − 12/4 = 2 twice:
// (4.84 + 2·3.24 + 2·4)/5 = 3.864.
// Users 1 to 3: 3 − 16/5 = −0.2, 3 − 18/5 = −0.6 twice, 3 − 14/4 = −0.5 twice:
// (0.04 + 2·0.36 + 2·0.25)/5 = 0.252.
// User 4: 1 − 18/5 = −2.6 in place of −0.2: (6.76 + 0.72 + 0.5)/5 = 1.596.
// Sorted: 0.252 three times, 1.596, 3.864; boundaries 0.252 and 1.596: user 4 equals the
// second and is medium, user 0 is high.
//
// Variety: users 0 and 1 have odd, even and late, the others war, too: 3, 3, 4, 4, 4, with
// boundaries 3 and 4, so low and medium.
//
// Means are 5 (not picky), 3 (extremely), 3, 3, 16/6 and 4 (moderately).
func TestHabits(t *testing.T) {
	got := make([]Persona, 6)
	Habits(split(t, crowd()), got)
	want := []Persona{
		{Pickiness: Low, Engagement: Low, Conformity: High, Variety: Low},
		{Pickiness: High, Engagement: Low, Conformity: Low, Variety: Low},
		{Pickiness: High, Engagement: Medium, Conformity: Low, Variety: Medium},
		{Pickiness: High, Engagement: Medium, Conformity: Low, Variety: Medium},
		{Pickiness: High, Engagement: Medium, Conformity: Medium, Variety: Medium},
		{Pickiness: Medium},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Without values there is neither pickiness nor conformity; without categories no
// variety and no taste.
func TestHabitsOfLittle(t *testing.T) {
	f := crowd()
	f.scale, f.categories = nil, nil
	s := split(t, f)
	for u, p := range Template(s) {
		if p.Pickiness != 0 || p.Conformity != 0 || p.Variety != 0 || p.Taste != "" || (p.Engagement == 0) != (u == 5) {
			t.Errorf("user %d: %+v", u, p)
		}
	}
}

// User 0 had three even items (0, 2, 4), two odd ones (1, 3) and one late (4), all of
// value 5; user 5 two even ones and one odd of 4. A missing value is of no mean.
func TestTaste(t *testing.T) {
	f := crowd()
	for i := range f.rows {
		if x := &f.rows[i]; x.user == 5 && x.item != 0 {
			x.value = float32(math.NaN())
		}
	}
	people := Template(split(t, f))
	for u, want := range map[int]string{
		0: `mostly "even" (3 watched, mean 5), "odd" (2 watched, mean 5), "late" (1 watched, mean 5)`,
		5: `mostly "even" (2 watched, mean 4), "odd" (1 watched)`,
	} {
		if got := people[u].Taste; got != want {
			t.Errorf("user %d: %s, want %s", u, got, want)
		}
	}
}

// Attributes of MovieLens 100K and of the planted population. What is missing is left
// out, and long text is no attribute.
func TestAttributes(t *testing.T) {
	f := crowd()
	f.attributes = []sdk.Column{
		{Name: "age", Data: []int32{31, 17, -1, 70, 25, 18}},
		{Name: "gender", Data: []string{"F", "M", "", "F", "M", "F"}},
		{Name: "occupation", Data: []string{"writer", "student", "", "none", strings.Repeat("x", 61), "doctor"}},
		{Name: "openness", Data: []uint8{1, 2, 3, 0, 4, 2}},
		{Name: "neuroticism", Data: []uint8{3, 1, 2, 1, 1, 1}},
	}
	people := Attributes(split(t, f))
	for u, want := range []string{
		"occupation: \"writer\"\nage: \"25-34\"\ngender: \"F\"\nopenness: low\nneuroticism: high",
		"occupation: \"student\"\nage: \"under 18\"\ngender: \"M\"\nopenness: medium\nneuroticism: low",
		"openness: high\nneuroticism: medium",
	} {
		if got := people[u].Text(); got != want {
			t.Errorf("user %d: %q, want %q", u, got, want)
		}
	}
	if p := people[4]; p.Occupation != "" || p.Age != "25-34" || p.Traits[0] != 0 {
		t.Errorf("user 4: %+v", p)
	}
}

// TestHeldOutLeavesNoTrace is the leakage rule of METHOD 2: whatever becomes of held-out
// interactions, no persona changes; of one that trains, some does.
func TestHeldOutLeavesNoTrace(t *testing.T) {
	told := func(change func(*films)) string {
		f := crowd()
		change(&f)
		s := split(t, f)
		return fmt.Sprint(Template(s), Derange(s, 1))
	}
	plain := told(func(*films) {})
	last := len(crowd().rows) - 1
	for name, change := range map[string]func(*films){
		"another value": func(f *films) { f.rows[last].value = 5 },
		"another user":  func(f *films) { f.rows[last].user = 5 },
		"another item":  func(f *films) { f.rows[last].user, f.rows[last].item = 5, 4 },
		"more":          func(f *films) { f.rows = append(f.rows, row{5, 3, 2, tests}, row{5, 4, 2, tests}, row{5, 5, 2, tests}) },
	} {
		if d := cmp.Diff(plain, told(change)); d != "" {
			t.Errorf("%s held out: %s", name, d)
		}
	}
	if told(func(f *films) { f.rows[last].part = trains; f.rows = append(f.rows, row{5, 3, 2, tests}) }) == plain {
		t.Error("what trains is in no persona: this test could not fail")
	}
}

// TestDerange: nobody gets himself, everybody is somebody's, and the two are of one
// third by activity. Of n users, even ids first and odd ones in reverse, the i-th has i
// interactions, so that the thirds end at the ceil(n/3)-th, the ceil(2n/3)-th and the last.
func TestDerange(t *testing.T) {
	for n := 1; n <= 10; n++ {
		f := films{users: n + 1} // the last user has nothing
		place := make([]int, n)  // by user, from 1
		for i := range n {
			u := 2 * i
			if u >= n {
				u = 2*(n-i) - 1
			}
			place[u] = i + 1
			f.titles = append(f.titles, fmt.Sprint(i))
			for it := range i + 1 {
				f.rows = append(f.rows, row{int32(u), int32(it), 0, trains})
			}
		}
		f.titles = append(f.titles, "held out")
		f.rows = append(f.rows, row{0, int32(n), 0, tests})
		s := split(t, f)
		third := func(u int32) int {
			switch i := place[u]; {
			case i <= (n+2)/3:
				return 0
			case i <= (2*n+2)/3:
				return 1
			}
			return 2
		}
		sizes := [3]int{}
		for u := range int32(n) {
			sizes[third(u)]++
		}
		got := Derange(s, 7)
		if got[n] != int32(n) {
			t.Errorf("%d users: who has nothing is given %d", n, got[n])
		}
		for u := range int32(n) {
			if n > 1 && got[u] == u {
				t.Errorf("%d users: %d gets himself", n, u)
			}
			if !slices.Contains(sizes[:], 1) && third(u) != third(got[u]) {
				t.Errorf("%d users: %d gets %d of another third", n, u, got[u])
			}
		}
		all := slices.Sorted(slices.Values(got))
		if !slices.Equal(all, slices.Compact(slices.Clone(all))) {
			t.Errorf("%d users: %v is no exchange", n, got)
		}
		if !slices.Equal(got, Derange(s, 7)) {
			t.Errorf("%d users: the same seed gives another exchange", n)
		}
		if n == 10 && slices.Equal(got, Derange(s, 8)) {
			t.Error("another seed gives the same exchange")
		}
	}
}

// Whatever the texts are, a persona is one line for each thing that is known, of the
// form label: value, and what comes from data is one JSON string.
func TestTextIsLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Persona{
			Occupation: rapid.String().Draw(t, "occupation"), Age: rapid.String().Draw(t, "age"),
			Other: []Attribute{{rapid.String().Draw(t, "name"), rapid.String().Draw(t, "value")}}, Pickiness: Low,
		}
		lines := strings.Split(p.Text(), "\n")
		want := 1
		for _, v := range []string{p.Occupation, p.Age, p.Other[0].Value} {
			if v != "" {
				want++
			}
		}
		if len(lines) != want {
			t.Fatalf("%d lines, want %d: %q", len(lines), want, lines)
		}
		for _, line := range lines[:len(lines)-1] {
			label, value, ok := strings.Cut(line, ": ")
			if !ok || label != word(label) || len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
				t.Fatalf("%q is no label with a quoted value", line)
			}
		}
	})
}
