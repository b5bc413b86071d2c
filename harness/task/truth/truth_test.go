package truth

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/trace"
)

func TestResults(t *testing.T) {
	lo, hi := 2.0, 3.0
	got, err := parseResults(strings.NewReader("arm, metric, value, n, lo, hi\nease,sim.n-like,2.5,400,2,3\nease,sim.n-view,5,400,,\npopular,sim.n-like,1.5,380,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]trace.Measured{
		"ease":    {{Metric: "sim.n-like", Value: 2.5, N: 400, Lo: &lo, Hi: &hi}, {Metric: "sim.n-view", Value: 5, N: 400}},
		"popular": {{Metric: "sim.n-like", Value: 1.5, N: 380}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBadResults(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "line 1: want a header",
		"arm,metric,value\n":   "column n is missing",
		"arm,metric,value,n\n": "no results",
		"arm,metric,value,n\nEase,sim.n-like,1,1\n":                      "line 2: arm:",
		"arm,metric,value,n\nease,sim.n-lik,1,1\n":                       "did you mean sim.n-like?",
		"arm,metric,value,n\nease,sim.n-like,NaN,1\n":                    `line 2: value "NaN"`,
		"arm,metric,value,n\nease,sim.n-like,1,0\n":                      `line 2: n "0"`,
		"arm,metric,value,n\nease,sim.n-like,1,1\nease,sim.n-like,2,1\n": "line 3: sim.n-like of arm ease is there twice",
		"arm,metric,value,n\nease,sim.n-like,1\n":                        "wrong number of fields",
	} {
		if _, err := parseResults(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzResults(f *testing.F) {
	f.Add("arm,metric,value,n\nease,sim.n-like,1,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseResults(strings.NewReader(text))
		if err == nil && len(got) == 0 {
			t.Error("neither results nor an error")
		}
	})
}

// Four exposures are two runs of two.
func TestDivide(t *testing.T) {
	var all []trace.Session
	for n := range 4 {
		all = append(all, trace.Session{User: 1, Exposure: n})
	}
	first, second := divide(all)
	if len(first) != 2 || len(second) != 2 || first[1].Exposure != 1 || second[0].Exposure != 2 {
		t.Errorf("%v, %v", first, second)
	}
}
