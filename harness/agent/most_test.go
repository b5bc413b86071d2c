package agent

import (
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// TestMost: what is asked of arms, call by call.
func TestMost(t *testing.T) {
	visit := Asked{Visits: 1, Pages: 5, Users: 1, Items: 300}
	for name, c := range map[string]struct {
		kind     string
		options  sdk.Options
		language bool
		asked    Asked
		want     int64
	}{
		// A question a page and an interview.
		"fused": {"prompted", nil, true, visit, 5 + 1},
		// Each page is embedded, and so are the past and 300 items, 128 at a time.
		"fused, both memories": {"simuser", sdk.Options{"mode": "fused"}, false, visit, 5 + 1 + 5 + 1 + 3},
		// Five questions and two of a look again a page; a language model proposes five
		// personas and judges each.
		"staged": {"simuser", sdk.Options{"self-check": true}, true, visit, 5*(5+2) + 1 + 5 + 1 + 3 + 6},
		// Three questions a page, and no interview. Its memory takes no texts.
		"steps":        {"aligned", nil, true, visit, 5 * 3},
		"looked again": {"aligned-plus", nil, true, visit, 5 * (3 + 2)},
		// One thing of a page is one question whatever the mode, and no visit ends.
		"a step":            {"simuser", sdk.Options{"memory": "none", "persona": "none", "self-check": true}, true, Asked{Steps: 7, Users: 2, Items: 300}, 7},
		"a step, recalled":  {"simuser", sdk.Options{"memory": "episodic", "mode": "fused"}, false, Asked{Steps: 7, Users: 2, Items: 300}, 7 + 7 + 2},
		"a step, in memory": {"simuser", sdk.Options{"memory": "episodic"}, false, Asked{Steps: 7, Users: 2, Items: 300}, 7 + 2},
		"guesses":           {"simuser", nil, true, Asked{Guesses: 9}, 9},
		"a rule":            {"logistic", nil, true, visit, 0},
	} {
		k, _ := KindOf(c.kind)
		o, wrong := sdk.Canonical(k.Options, c.options)
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		calls, prompt, answers := Most(c.kind, o, c.language, c.asked)
		if calls != c.want {
			t.Errorf("%s: %d calls, want %d", name, calls, c.want)
		}
		if (prompt > 0) != (c.want > 0) || (answers > 0) != (c.want > 0) {
			t.Errorf("%s: %d tokens of prompts, %d of answers", name, prompt, answers)
		}
	}
}

// TestAsked: three cells of two visits each; whoever is met once is met for all.
func TestAsked(t *testing.T) {
	a := Asked{Steps: 1, Users: 4}
	a.Add(Asked{Visits: 2, Pages: 10, Guesses: 1, Steps: 2, Users: 2}, 3)
	if want := (Asked{Visits: 6, Pages: 30, Guesses: 3, Steps: 7, Users: 6}); a != want {
		t.Errorf("%+v, want %+v", a, want)
	}
}
