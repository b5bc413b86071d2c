package gate

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// known are statistics that can be computed by hand: bounds are the mean minus and
// plus half, and a mean above 0 has the p-value p.
type known struct{ half, p float64 }

func (k known) Bounds(d []float64, _ float64) (lo, hi float64) {
	m, _ := mean(d)
	return m - k.half, m + k.half
}

func (k known) Greater(d []float64) float64 {
	if m, _ := mean(d); m > 0 {
		return k.p
	}
	return 1
}

func (known) Holm(p []float64) []float64 {
	out := make([]float64, len(p))
	for i := range p {
		out[i] = min(1, float64(len(p))*p[i]) // Bonferroni: at least as large
	}
	return out
}

// fixture is a run of four users in which arm a got the values.
func fixture(metric string, values ...float64) *Current {
	c := &Current{
		Baseline: Baseline{
			Suite: "s", Run: "0123456789ab", Signature: "1111", Protocol: []record.Fact{{Name: "data", Value: "x"}, {Name: "split", Value: strings.Repeat("a", 64)}},
			Arms: []record.Fact{{Name: "a", Value: "d"}},
		},
		Lower:    map[string]bool{"arp@10": true},
		Unjudged: map[string]string{"coverage@10": "has no value per user"},
		Segments: []record.Segment{{Name: "activity", Groups: []string{"low", "high"}, Of: []int8{0, 0, 1, 1, -1}}},
	}
	s := Series{Recommender: "a", Metric: metric, Version: 1, Values: values}
	s.Mean, s.N = mean(values)
	users := rows(len(values))
	c.Tasks = []BaselineTask{{Task: "offline", Primary: metric, Users: users, Series: []Series{s}}}
	return c
}

func absolute(v float64) Margins { return Margins{Alpha: 0.05, Margins: []Margin{{Absolute: &v}}} }

// TestVerdicts: four users fall from 0.5 by the given losses; the bounds are the
// mean difference ± half.
func TestVerdicts(t *testing.T) {
	relative := 0.2 // of a mean of 0.5: 0.1
	for name, c := range map[string]struct {
		metric string
		now    []float64
		margin Margins
		with   known
		want   Verdict
		more   int
		says   string
	}{
		// mean loss 0; worst bound 0.05 <= 0.1
		"equal":             {"ndcg@10", []float64{0.5, 0.5, 0.5, 0.5}, absolute(0.1), known{0.05, 0.01}, Pass, 0, "no worse than the baseline in all 1 checks"},
		"better":            {"ndcg@10", []float64{0.9, 0.9, 0.9, 0.9}, absolute(0.1), known{0.3, 0.01}, Pass, 0, "no worse"},
		"worst on margin":   {"ndcg@10", []float64{0.5, 0.5, 0.5, 0.5}, absolute(0.125), known{0.125, 0.01}, Pass, 0, "no worse"},
		"zero margin":       {"ndcg@10", []float64{0.5, 0.5, 0.5, 0.5}, absolute(0), known{0.05, 0.01}, Inconclusive, 0, "on the margin"},
		"relative":          {"ndcg@10", []float64{0.45, 0.45, 0.45, 0.45}, Margins{0.05, []Margin{{Relative: &relative}}, "", nil}, known{0.04, 0.01}, Pass, 0, "no worse"},
		"clearly worse":     {"ndcg@10", []float64{0.2, 0.2, 0.2, 0.2}, absolute(0.1), known{0.1, 0.01}, Regression, 0, "a: ndcg@10 loses at least 0.2, which is more"},
		"lower is better":   {"arp@10", []float64{0.2, 0.2, 0.2, 0.2}, absolute(0.1), known{0.1, 0.01}, Pass, 0, "no worse"},
		"lower got higher":  {"arp@10", []float64{0.8, 0.8, 0.8, 0.8}, absolute(0.1), known{0.1, 0.01}, Regression, 0, "loses at least 0.2"},
		"p too large":       {"ndcg@10", []float64{0.2, 0.2, 0.2, 0.2}, absolute(0.1), known{0.1, 0.06}, Inconclusive, 0, "p = 0.06 after Holm"},
		"undefined for all": {"ndcg@10", []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}, absolute(0.1), known{0.1, 0.01}, Inconclusive, 0, "no user has a value in both runs"},
		"one user":          {"ndcg@10", []float64{math.NaN(), 0.1, math.NaN(), math.NaN()}, absolute(0.1), known{0.1, 0.01}, Inconclusive, 0, "one user has a value"},
		// losses 0, 0.2, 0, 0.2: mean 0.1, deviations ±0.1, sd = √(4·0.01/3) = 0.11547. The gap to
		// the margin 0.08 is 0.02: n = (1.644854·0.11547/0.02)² = 90.18, so 91, 87 more than 4.
		"across": {"ndcg@10", []float64{0.5, 0.3, 0.5, 0.3}, absolute(0.08), known{0.05, 0.01}, Inconclusive, 87, "about 87 more users"},
	} {
		t.Run(name, func(t *testing.T) {
			b := fixture(c.metric, 0.5, 0.5, 0.5, 0.5)
			r, err := Judge(&b.Baseline, fixture(c.metric, c.now...), c.margin, c.with)
			if err != nil || r.Verdict != c.want || len(r.Checks) != 1 || r.Checks[0].More != c.more || !strings.Contains(r.Reason, c.says) {
				t.Errorf("%v %q, %+v, %v: want %v %q with %d more", r.Verdict, r.Reason, r.Checks, err, c.want, c.says, c.more)
			}
		})
	}
}

// TestFewUsersDoNotPass: a loss of exactly the margin passes in at most 5 % of 1,000 gates and
// 1.96 standard errors of that, however few the users are; all the same values pass.
func TestFewUsersDoNotPass(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{2, 5} {
		passed := 0
		for range 1000 {
			old, now := make([]float64, n), make([]float64, n)
			for i := range now {
				now[i] = r.NormFloat64() - 1
			}
			k := Check{}
			everyone := pair(BaselineTask{Users: rows(n)}, Series{Values: old}, BaselineTask{Users: rows(n)}, Series{Values: now})
			everyone.judge(&k, func(int) bool { return true }, absolute(1).Margins[0], 0.05, Resampling{})
			if k.decide(0.05, 1); k.Verdict == Pass {
				passed++
			}
		}
		t.Logf("%d users: %d of 1,000 pass", n, passed)
		if passed > 63 {
			t.Errorf("%d users: %d of 1,000 pass with a loss of the margin", n, passed)
		}
	}
	b := fixture("ndcg@10", 0.5, 0.25)
	if r, err := Judge(&b.Baseline, fixture("ndcg@10", 0.5, 0.25), absolute(0.1), Resampling{}); err != nil || r.Verdict != Pass {
		t.Errorf("the same values: %+v, %v", r, err)
	}
	if r, err := Judge(&b.Baseline, fixture("ndcg@10", 0.6, 0.35), absolute(0.1), Resampling{}); err != nil || r.Verdict != Inconclusive || !strings.Contains(r.Reason, "so few users can do that by chance (p = 0.25): about 3 more users") {
		t.Errorf("two users with better values: %+v, %v", r, err)
	}
}

func rows(n int) packed {
	out := make(packed, n)
	for i := range out {
		out[i] = float64(i)
	}
	return out
}

// TestNoVerdict: what was measured otherwise, or is missing, is not judged.
func TestNoVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Current)
		want   Verdict
		says   string
	}{
		"control":   {func(c *Current) { c.Invalid = []string{"offline: oracle below random"} }, Invalid, "a control of the run failed"},
		"split":     {func(c *Current) { c.Signature, c.Protocol[1].Value = "2", strings.Repeat("b", 64) }, Incomparable, "split (was aaaaaaaaaaaa, is bbbbbbbbbbbb)"},
		"part gone": {func(c *Current) { c.Signature, c.Protocol = "2", c.Protocol[:1] }, Incomparable, "split (was aaaaaaaaaaaa, is none)"},
		"nameless":  {func(c *Current) { c.Signature = "2" }, Incomparable, "signature (was 1111, is 2)"},
		"version":   {func(c *Current) { c.Tasks[0].Series[0].Version = 2 }, Incomparable, "of version 1 in the baseline and 2"},
		"failed": {func(c *Current) {
			c.Tasks, c.Failed = nil, []record.Fact{{Name: "a", Value: "exit status 1"}}
		}, Invalid, "a has no ndcg@10 in this run: exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			b, now := fixture("ndcg@10", 1, 1), fixture("ndcg@10", 1, 1)
			c.change(now)
			r, err := Judge(&b.Baseline, now, Default(), known{})
			if err != nil || r.Verdict != c.want || !strings.Contains(r.Reason, c.says) || len(r.Checks) > 0 {
				t.Errorf("%v %q, %v: want %v %q", r.Verdict, r.Reason, err, c.want, c.says)
			}
		})
	}
}

// TestSegments: users 2 and 3 lose 0.4 and 0 and 1 nothing. Together they lose
// 0.2; group by group, it is seen whom it hit. User 4 is in no group.
func TestSegments(t *testing.T) {
	b, now := fixture("ndcg@10", 0.5, 0.5, 0.5, 0.5, 0.5), fixture("ndcg@10", 0.5, 0.5, 0.1, 0.1, 0.5)
	m := absolute(0.3)
	r, err := Judge(&b.Baseline, now, m, known{0.01, 0.01})
	if err != nil || r.Verdict != Pass {
		t.Fatalf("together: %v, %v", r, err)
	}
	m.Margins[0].Segment = "activity"
	r, err = Judge(&b.Baseline, now, m, known{0.01, 0.01})
	if err != nil || r.Verdict != Regression || len(r.Checks) != 2 || r.Checks[0].Verdict != Pass || r.Checks[1].Verdict != Regression || r.Checks[1].N != 2 {
		t.Fatalf("by group: %+v, %v", r, err)
	}
	if r.Checks[1].P != 0.02 { // 2 checks times 0.01
		t.Errorf("p = %v: not adjusted over the groups", r.Checks[1].P)
	}
	if want := "1 of 2 checks; a: ndcg@10 of activity high loses"; !strings.HasPrefix(r.Reason, want) {
		t.Errorf("%q, want %q", r.Reason, want)
	}
}

// TestSegmentsOfNobody: a group of which nobody is tested in either run is noted, one whose
// users are gone is not passed over, and questions are in no group of users.
func TestSegmentsOfNobody(t *testing.T) {
	nan := math.NaN()
	m := absolute(0.3)
	m.Margins[0].Segment = "activity"
	b, now := fixture("ndcg@10", 0.5, 0.5, nan, nan, 0.5), fixture("ndcg@10", 0.5, 0.5, nan, nan, 0.5)
	r, err := Judge(&b.Baseline, now, m, known{0.01, 0.01})
	if err != nil || r.Verdict != Pass || len(r.Checks) != 1 || len(r.Notes) == 0 || r.Notes[0] != "a: ndcg@10 of activity high: nobody of them is tested, so not judged" {
		t.Errorf("nobody is high: %+v, %v", r, err)
	}
	b = fixture("ndcg@10", 0.5, 0.5, 0.5, nan, 0.5)
	if r, err = Judge(&b.Baseline, now, m, known{0.01, 0.01}); err != nil || r.Verdict != Inconclusive || len(r.Checks) != 2 {
		t.Errorf("the high are gone: %+v, %v", r, err)
	}
	now.Units = map[string]string{"offline": "questions"}
	if _, err = Judge(&b.Baseline, now, m, known{}); err == nil || !strings.Contains(err.Error(), "rows of offline are questions, and segments are of users") {
		t.Errorf("groups of questions: %v", err)
	}
}

// TestMarginsOfNothing: a margin that no check comes of would pass everything.
func TestMarginsOfNothing(t *testing.T) {
	for text, want := range map[string]string{
		"[[margin]]\nmetric = \"ndgc@10\"\nrelative = 0.1":                     `gate.toml:1: margin 1: metric "ndgc@10": unknown (did you mean ndcg@10?)`,
		"[[margin]]\nrelative = 0.1\n[[margin]]\ntask='x'\nrelative=0.1":       `gate.toml:3: margin 2: task "x": unknown (the baseline has offline)`,
		"[[margin]]\nrecommender = \"b\"\nrelative = 0.1":                      `recommender "b": unknown`,
		"[[margin]]\nsegment = \"age\"\nrelative = 0.1":                        `segment "age": unknown (the run has activity)`,
		"\n[[margin]]\nmetric = \"coverage@10\"\nabsolute = 0.1":               `gate.toml:2: margin 1: metric coverage@10 has no value per user: choose another`,
		"alpha = 0.01\n[[margin]]\ntask = \"offline\"\nrelative = 0.1\n#ok...": "",
	} {
		m, err := parseMargins("gate.toml", text)
		if err != nil {
			t.Fatal(err)
		}
		b, now := fixture("ndcg@10", 1, 1), fixture("ndcg@10", 1, 1)
		_, err = Judge(&b.Baseline, now, m, known{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	b, now := fixture("ndcg@10", 1, 1), fixture("ndcg@10", 1, 1)
	b.Tasks[0].Primary = "coverage@10"
	_, err := Judge(&b.Baseline, now, Default(), known{})
	var invalid *sdk.Error
	if !errors.As(err, &invalid) || !strings.Contains(err.Error(), "matches nothing that the baseline has (coverage@10, the primary metric of offline, has no value per user)") {
		t.Errorf("a primary metric without values: %v", err)
	}
}

// TestMargins: every mistake has its line.
func TestMargins(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "gate.toml:1: no [[margin]]",
		"[[margin]\n":                           "gate.toml:2: ",
		"alhpa = 0.1\n[[margin]]\nrelative=0.1": "gate.toml:1: alhpa: unknown key (did you mean alpha?)",
		"[[margin]]\nmetrics = \"x\"\nrelative = 0.1":         "gate.toml:2: margin.metrics: unknown key (did you mean metric?)",
		"alpha = 0.5\n[[margin]]\nrelative = 0.1":             "gate.toml:1: alpha: want more than 0 and less than 0.5, have 0.5",
		"alpha = nan\n[[margin]]\nrelative = 0.1":             "gate.toml:1: alpha",
		"\n[[margin]]\nmetric = \"x\"":                        "gate.toml:2: margin 1: want one of relative and absolute",
		"[[margin]]\nrelative = 0.1\nabsolute = 0.1":          "margin 1: want one of",
		"[[margin]]\nrelative = 2.0":                          "gate.toml:1: margin 1: relative: want at least 0 and less than 1, have 2",
		"[[margin]]\nrelative=0.1\n[[margin]]\nabsolute = -1": "gate.toml:3: margin 2: absolute: want a number of at least 0, have -1",
		"[[margin]]\nabsolute = inf":                          "absolute: want",
		"[[margin]]\nabsolute = \"x\"":                        `gate.toml:2: "margin.absolute": incompatible types`,
	} {
		if _, err := parseMargins("gate.toml", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzMargins(f *testing.F) {
	f.Add("alpha = 0.1\n[[margin]]\nmetric = \"ndcg@10\"\nrelative = 0.02\n")
	f.Add("[[margin]]\nabsolute = 1\nx = 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMargins("m.toml", text)
		if err == nil && (len(m.Margins) == 0 || !(m.Alpha > 0 && m.Alpha < 0.5)) {
			t.Errorf("taken: %+v", m)
		}
	})
}
