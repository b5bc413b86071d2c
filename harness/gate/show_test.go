package gate

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// hostile is a report whose names try to be more than names.
func hostile(t *testing.T) Report {
	t.Helper()
	const name = "a|b<script>*x*\x1b[2J"
	c := func(v ...float64) *Current {
		out := fixture("ndcg@10", v...)
		out.Tasks[0].Series[0].Recommender = name
		out.Arms[0].Name = name
		out.Suite = `s"<&`
		return out
	}
	m := absolute(0.1)
	m.Margins = append(m.Margins, Margin{Absolute: m.Margins[0].Absolute, Segment: "activity"})
	r, err := Judge(&c(0.5, 0.5, 0.5, 0.5).Baseline, c(0.5, 0.5, 0.1, 0.4), m, known{0.01, 0.01})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestShown: all users lose 0.125, those of low activity nothing, those of high
// activity 0.25, each ± 0.01, against a margin of 0.1.
func TestShown(t *testing.T) {
	r := hostile(t)
	show := func(write func(io.Writer) error) string {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := show(r.Text)
	for _, want := range []string{
		"gate: regression: 2 of 3 checks; a|b<script>*x*�[2J: ndcg@10 loses at least 0.115, which is more than the margin\n",
		"  pass          a|b<script>*x*�[2J: ndcg@10 of activity low ",
		"0.5000 → 0.2500  -0.2500 [-0.2600, -0.2400]  margin 0.1  n 2\n",
		"brackets are one-sided 95 % bounds",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	markdown := show(r.Markdown)
	for _, want := range []string{
		"### alignuser gate: regression\n",
		`| regression | a\|b&lt;script&gt;\*x\*`,
		"| 0.5000 | 0.2500 | -0.2500 [-0.2600, -0.2400] | 0.1 | 2 |\n",
	} {
		if !strings.Contains(markdown, want) || strings.ContainsAny(markdown, "\x1b<") {
			t.Errorf("want %q in\n%s", want, markdown)
		}
	}
	var suite struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Cases    []struct {
			Name    string `xml:"name,attr"`
			Failure *struct {
				Message string `xml:"message,attr"`
			} `xml:"failure"`
		} `xml:"testcase"`
	}
	junit := show(r.JUnit)
	if err := xml.Unmarshal([]byte(junit), &suite); err != nil || suite.Name != `alignuser gate s"<&` || suite.Tests != 3 || suite.Failures != 2 ||
		len(suite.Cases) != 3 || suite.Cases[0].Failure == nil || suite.Cases[1].Failure != nil || !strings.Contains(suite.Cases[2].Failure.Message, "loses at least 0.24") {
		t.Errorf("%v, %+v\n%s", err, suite, junit)
	}
	var back struct {
		Verdict string
		Checks  []struct {
			Group, Verdict string
			Difference     float64
		}
	}
	if err := json.Unmarshal([]byte(show(r.JSON)), &back); err != nil || back.Verdict != "regression" || len(back.Checks) != 3 || back.Checks[2].Group != "high" || back.Checks[2].Difference != -0.25 {
		t.Errorf("%v, %+v", err, back)
	}
}

// TestShownWithoutVerdict: what was not judged is an error, never an empty, green
// suite; what cannot be told is skipped.
func TestShownWithoutVerdict(t *testing.T) {
	for _, c := range []struct {
		r    Report
		want []string
	}{
		{Report{Verdict: Incomparable, Reason: "split"}, []string{`tests="1" failures="0" errors="1" skipped="0"`, `<error message="split">`}},
		{Report{Verdict: Invalid, Reason: "oracle"}, []string{`errors="1"`, `name="invalid"`}},
		{Report{Verdict: Inconclusive, Checks: []Check{{Verdict: Inconclusive}}}, []string{`tests="1" failures="0" errors="0" skipped="1"`, `<skipped message="inconclusive: no user`}},
	} {
		var b bytes.Buffer
		if err := c.r.JUnit(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: want %q in\n%s", c.r.Verdict, want, b.String())
			}
		}
	}
}

func TestExitStatus(t *testing.T) {
	for v, want := range map[Verdict]int{Pass: 0, Regression: 3, Inconclusive: 4, Incomparable: 5, Invalid: 6} {
		if v.ExitStatus() != want {
			t.Errorf("%s: %d, want %d", v, v.ExitStatus(), want)
		}
	}
}
