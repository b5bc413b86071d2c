package align

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// TestHeldOutLeavesNoTrace: whatever people did in what is held out, the files that teach
// are the same to the byte; what they did in training changes them.
func TestHeldOutLeavesNoTrace(t *testing.T) {
	changes := map[string]func(c *card){
		"values": func(c *card) {
			if c.watched {
				c.value = 6 - c.value
			}
		},
		"a work that nobody met": func(c *card) {
			if c.watched && c.page == 1 && (c.session == 0 || c.session == visits-1) {
				c.item = markerItem
			}
		},
		"who left": func(c *card) { c.left = false },
	}
	for _, sessions := range []bool{true, false} {
		plain, _ := made(t, stage(t, library{sessions: sessions}), recipe())
		if len(plain) != 6 || plain[PolicyFile] == "" || plain[PairsFile] == "" || (plain[WorldFile] == "") == sessions {
			t.Fatalf("sessions %t: %d files", sessions, len(plain))
		}
		for name, change := range changes {
			other := func(part bool) map[string]string {
				files, _ := made(t, stage(t, library{sessions, func(c *card, held bool) {
					if held == part {
						change(c)
					}
				}}), recipe())
				return files
			}
			held := other(true)
			if d := cmp.Diff(plain, held); d != "" {
				t.Errorf("sessions %t, %s: what is held out is taught: %s", sessions, name, d)
			}
			for file, text := range held {
				if sessions && strings.Contains(text, marker) { // reconstructed pages draw from all works
					t.Errorf("%s tells of the work that is held out", file)
				}
			}
			if !sessions && name == "who left" {
				continue // nothing says so
			}
			trained := other(false)
			if cmp.Equal(plain, trained) {
				t.Errorf("sessions %t, %s: training is not taught: this test could not fail", sessions, name)
			}
			if name == "a work that nobody met" && sessions && !strings.Contains(trained[PolicyFile], marker) {
				t.Error("the marker of training is not found: this test could not fail")
			}
		}
	}
}

// TestManifestCounts: four people with four visits each in training, of two pages with
// three cards, one watched and valued; they left after every second page.
func TestManifestCounts(t *testing.T) {
	files, m := made(t, stage(t, library{sessions: true}), recipe())
	want := Manifest{
		Version: Version, Prompts: agent.PromptsVersion, Recipe: recipe(), Data: "d", Signature: "s",
		Users: 4, Items: 10, First: "1970-01-01", Last: "1970-01-04",
		Pages: 32, Cards: 96, Watched: 32, Valued: 32, Left: 16, Alternatives: 96, Rejected: 96,
		Reflections: 12, Reflecting: m.Reflecting,
		Files: []File{{PolicyFile, 96}, {WorldFile, 32}, {PairsFile, 96}, {ReflectionFile, 0}, {LessonsFile, 12}},
	}
	if d := cmp.Diff(&want, m); d != "" {
		t.Error(d)
	}
	for _, f := range m.Files {
		if n := strings.Count(files[f.Name], "\n"); n != f.Lines {
			t.Errorf("%s has %d lines, not %d", f.Name, n, f.Lines)
		}
	}
	_, m = made(t, stage(t, library{}), recipe())
	if m.Reconstructed != m.Pages || m.Left != 0 || m.Rejected >= m.Alternatives || m.First == "" || m.Files[1].Lines != 0 {
		t.Errorf("without sessions: %+v", m)
	}
	c := newCensus()
	c.see(&agent.Example{From: sdk.MissingTime, To: sdk.MissingTime})
	timeless := &Manifest{}
	if c.tell(timeless); timeless.First != "" || timeless.Last != "" {
		t.Errorf("no times: %s to %s", timeless.First, timeless.Last)
	}
}

// TestEqualRecipesGiveEqualBytes, and others do not.
func TestEqualRecipesGiveEqualBytes(t *testing.T) {
	for _, sessions := range []bool{true, false} {
		l := library{sessions: sessions}
		a, _ := made(t, stage(t, l), recipe())
		b, _ := made(t, stage(t, l), recipe())
		if d := cmp.Diff(a, b); d != "" {
			t.Error(d)
		}
		other := recipe()
		other.Seed = 2
		if c, _ := made(t, stage(t, l), other); c[PairsFile] == a[PairsFile] || c[PolicyFile] != a[PolicyFile] {
			t.Error("the seed draws alternatives, and nothing else")
		}
		other = recipe()
		other.Examples = 5
		few, m := made(t, stage(t, l), other)
		if m.Pages != 5 {
			t.Errorf("%d pages, want 5", m.Pages)
		}
		for line := range strings.Lines(few[PolicyFile]) {
			if !strings.Contains(a[PolicyFile], line) {
				t.Errorf("a page that is not among all: %s", line)
			}
		}
	}
}

// TestDigestCoversTheRecipe: a change of any field is another recipe.
func TestDigestCoversTheRecipe(t *testing.T) {
	changes := []func(*Recipe){
		func(r *Recipe) { r.Persona = "none" }, func(r *Recipe) { r.Memory = "none" }, func(r *Recipe) { r.Fields = nil },
		func(r *Recipe) { r.WorldModel = false }, func(r *Recipe) { r.Counterfactuals = false }, func(r *Recipe) { r.Objective = "pairs" },
		func(r *Recipe) { r.Learning = "lessons" }, func(r *Recipe) { r.Ratio = 2 }, func(r *Recipe) { r.Examples = 1 }, func(r *Recipe) { r.Seed = 2 },
	}
	seen := []string{recipe().Digest("d"), recipe().Digest("e")}
	for _, change := range changes {
		r := recipe()
		change(&r)
		seen = append(seen, r.Digest("d"))
	}
	if slices.Sort(seen); len(slices.Compact(seen)) != 2+len(changes) {
		t.Error("digests are not what names recipes")
	}
}

// TestAnswersFitTheirSchemas: what is taught is what is asked for, of every question, and
// so is what is not.
func TestAnswersFitTheirSchemas(t *testing.T) {
	for _, sessions := range []bool{true, false} {
		asked := map[agent.Question]int{}
		for d, err := range Demonstrations(stage(t, library{sessions: sessions}), recipe(), -1) {
			if err != nil {
				t.Fatal(err)
			}
			fits(t, &d.Example, d.Decision, asked, agent.AskWatch, agent.AskValue, agent.AskAct, agent.AskNext)
			for _, a := range d.Alternatives {
				fits(t, &d.Example, a.Decision, asked, a.Question)
			}
		}
		if len(asked) != 4 {
			t.Errorf("asked %v", asked)
		}
	}
}

// fits puts questions, and holds the answers against their schemas.
func fits(t *testing.T, e *agent.Example, d trace.Decision, count map[agent.Question]int, questions ...agent.Question) {
	t.Helper()
	script, err := agent.NewScript(page.Fields())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		v := asked(e, q)
		messages, shape, ok := script.Put(&v)
		if !ok {
			continue
		}
		answer, ok := script.Answer(&v, &d)
		if !ok {
			continue
		}
		count[q]++
		schema, err := llm.NewSchema([]byte(shape))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate([]byte(answer)); err != nil {
			t.Errorf("%s\n%s\n%v", messages[1].Content, answer, err)
		}
		var back map[string]any
		if err := json.Unmarshal([]byte(answer), &back); err != nil {
			t.Error(err)
		}
	}
}

// TestPoliciesAreNotTold: no question of a training line tells the answer: the world model
// and the values are asked without what was given.
func TestPoliciesAreNotTold(t *testing.T) {
	for d, err := range Demonstrations(stage(t, library{sessions: true}), recipe(), -1) {
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []agent.Question{agent.AskWatch, agent.AskValue, agent.AskNext} {
			v := asked(&d.Example, q)
			if v.Did == nil {
				continue
			}
			if v.Did.Action != "" || slices.ContainsFunc(v.Did.Cards, func(c trace.Choice) bool { return c.Value != nil }) {
				t.Errorf("question %d tells %+v", q, v.Did)
			}
		}
	}
}

// three is a page of three cards: the first was watched and given a value, the second was
// skipped, the third was watched and given none.
func three(scale page.Scale, value float64, action trace.Action, reconstructed bool) *agent.Example {
	v := agent.View{State: page.State{Scale: scale, Cards: []page.Card{{Title: "a"}, {Title: "b"}, {Title: "c"}}}}
	return &agent.Example{View: v, Reconstructed: reconstructed, Decision: trace.Decision{
		Cards: []trace.Choice{{Watch: true, Value: &value}, {}, {Watch: true}}, Action: action,
	}}
}

// TestCandidates counts by hand what else could have been done, what of it the log
// contradicts, and what weighs how much: |r' - r| over the range.
func TestCandidates(t *testing.T) {
	stars := page.Scale{Min: 1, Max: 5, Step: 1}
	values := []string{`value: gives 1 to "a" (true, 0.75)`, `value: gives 2 to "a" (true, 0.5)`, `value: gives 3 to "a" (true, 0.25)`, `value: gives 5 to "a" (true, 0.25)`}
	quarters := []string{`value: gives 0 to "a" (true, 0.3)`, `value: gives 50 to "a" (true, 0.2)`, `value: gives 75 to "a" (true, 0.45)`, `value: gives 100 to "a" (true, 0.7)`}
	for _, c := range []struct {
		name string
		of   *agent.Example
		want []string
	}{
		{"logged, stayed", three(stars, 4, trace.Next, false), slices.Concat(
			[]string{`watch: skips "a" (true, 1)`}, values,
			[]string{`watch: watches "b" (true, 1)`, `watch: skips "c" (true, 1)`, "act: leaves (true, 1)"})},
		{"logged, left", three(page.Scale{}, 4, trace.Exit, false), []string{
			`watch: skips "a" (true, 1)`, `watch: watches "b" (true, 1)`, `watch: skips "c" (true, 1)`, "act: stays (true, 1)",
		}},
		{"reconstructed: nobody was shown b, and nothing is known of leaving", three(stars, 4, trace.Next, true), slices.Concat(
			[]string{`watch: skips "a" (true, 1)`}, values,
			[]string{`watch: watches "b" (false, 1)`, `watch: skips "c" (true, 1)`})},
		// Answers can say 0, 25, 50, 75 or 100; 30 is said as 25, which is no alternative.
		{"a value between two answers", three(page.Scale{Min: 0, Max: 100, Step: 1}, 30, trace.Next, true), slices.Concat(
			[]string{`watch: skips "a" (true, 1)`}, quarters,
			[]string{`watch: watches "b" (false, 1)`, `watch: skips "c" (true, 1)`})},
	} {
		var got []string
		words := map[agent.Question]string{agent.AskWatch: "watch", agent.AskValue: "value", agent.AskAct: "act"}
		for _, a := range candidates(c.of) {
			got = append(got, fmt.Sprintf("%s: %s (%t, %.4g)", words[a.Question], a.What, a.Rejected, a.Weight))
			if n := differences(c.of.Decision, a.Decision); n != 1 {
				t.Errorf("%s: %s differs in %d things", c.name, a.What, n)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func differences(a, b trace.Decision) (n int) {
	if a.Action != b.Action {
		n++
	}
	for i := range a.Cards {
		x, y := a.Cards[i], b.Cards[i]
		if x.Watch != y.Watch || x.Value != nil && y.Value != nil && math.Abs(*x.Value-*y.Value) > 1e-9 {
			n++
		}
	}
	return n
}

// TestDraw: as many as are wanted, in their order, each as likely.
func TestDraw(t *testing.T) {
	all := []int{0, 1, 2, 3, 4, 5}
	times := make([]int, len(all))
	for seed := range uint64(6000) {
		got := draw(all, 3, seed)
		if len(got) != 3 || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != 3 {
			t.Fatalf("seed %d: %v", seed, got)
		}
		for _, n := range got {
			times[n]++
		}
	}
	for n, k := range times { // 3000 expected, standard deviation 39
		if k < 2800 || k > 3200 {
			t.Errorf("%d is drawn %d times of 6000, want about 3000", n, k)
		}
	}
	if !slices.Equal(draw(all, 7, 1), all) {
		t.Error("more than there is")
	}
}

// TestDemonstrationsAreTheFiles: what inspect shows is what the files hold.
func TestDemonstrationsAreTheFiles(t *testing.T) {
	s := stage(t, library{sessions: true})
	files, _ := made(t, s, recipe())
	all := map[string][]string{}
	var second []int
	for d, err := range Demonstrations(s, recipe(), -1) {
		if err != nil {
			t.Fatal(err)
		}
		if d.View.User == 1 {
			second = append(second, d.Number)
		}
		for _, l := range d.Lines {
			all[l.File] = append(all[l.File], l.Question+l.Answer+l.Rejected)
		}
	}
	for _, name := range []string{PolicyFile, WorldFile, PairsFile} {
		var want []string
		for line := range strings.Lines(files[name]) {
			var l struct {
				Messages, Prompt, Chosen, Rejected []turn
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, turn := range slices.Concat(l.Messages, l.Prompt, l.Chosen, l.Rejected) {
				if turn.Role != "system" {
					text += turn.Content
				}
			}
			want = append(want, text)
		}
		if d := cmp.Diff(want, all[name]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	var alone []int
	for d := range Demonstrations(s, recipe(), 1) {
		alone = append(alone, d.Number)
	}
	if len(alone) != 8 || !slices.Equal(alone, second) {
		t.Errorf("of one person: %v, want %v", alone, second)
	}
}
