package gate

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// JSON writes the report for programs.
func (r Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Markdown writes the report for a pull request.
func (r Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### alignuser gate: %s\n\n%s.\n\n", r.Verdict, escape(r.Reason))
	if len(r.Checks) > 0 {
		b.WriteString("| verdict | what | old | new | difference | margin | n |\n| :-- | :-- | --: | --: | --: | --: | --: |\n")
	}
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s [%s, %s] | %s | %d |\n", c.Verdict, escape(c.subject()),
			c.number(c.Old), c.number(c.New), c.signed(c.Difference), c.signed(c.Lo), c.signed(c.Hi), escape(c.MarginText), c.N)
	}
	fmt.Fprintf(&b, "\n%s\n", escape(r.reading()))
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "- %s\n", escape(n))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Text writes the report for a terminal.
func (r Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "gate: %s: %s\n", r.Verdict, r.Reason)
	wide := 0
	for _, c := range r.Checks {
		wide = max(wide, len(c.subject()))
	}
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "  %-12s  %-*s  %s → %s  %s [%s, %s]  margin %s  n %d\n", c.Verdict, wide, c.subject(),
			c.number(c.Old), c.number(c.New), c.signed(c.Difference), c.signed(c.Lo), c.signed(c.Hi), c.MarginText, c.N)
		if c.Verdict != Pass {
			fmt.Fprintf(&b, "  %-12s  %s\n", "", c.why())
		}
	}
	if len(r.Checks) > 0 {
		fmt.Fprintf(&b, "%s\n", r.reading())
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "· %s\n", n)
	}
	_, err := io.WriteString(w, strings.Map(printable, b.String()))
	return err
}

// printable keeps readers from obeying what stands in a baseline file.
func printable(r rune) rune {
	if unicode.IsControl(r) && r != '\n' {
		return utf8.RuneError
	}
	return r
}

// reading says how to read the numbers.
func (r Report) reading() string {
	return fmt.Sprintf("Differences are paired by user, new minus old; brackets are one-sided %g %% bounds. "+
		"Pass: the worst bound is within the margin, and users are enough to say so. Regression: the best bound is beyond it, and so is the p-value after Holm over all checks. Else inconclusive. "+
		"Run %s against the blessed run %s.", 100*(1-r.Alpha), r.Run, r.Baseline)
}

// JUnit writes the report as a test suite: a regression is a failure, what was
// not judged an error, and what cannot be told is skipped, with the reason.
func (r Report) JUnit(w io.Writer) error {
	type message struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testCase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *message `xml:"failure"`
		Error   *message `xml:"error"`
		Skipped *message `xml:"skipped"`
		Output  string   `xml:"system-out,omitempty"`
	}
	suite := struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Cases    []testCase `xml:"testcase"`
	}{Name: "alignuser gate " + r.Suite}
	for _, c := range r.Checks {
		t := testCase{Class: c.Task, Name: c.subject(), Output: fmt.Sprintf("old %s new %s difference %s [%s, %s] margin %s n %d",
			c.number(c.Old), c.number(c.New), c.signed(c.Difference), c.signed(c.Lo), c.signed(c.Hi), c.MarginText, c.N)}
		switch c.Verdict {
		case Regression:
			t.Failure = &message{Message: c.why()}
			suite.Failures++
		case Inconclusive:
			t.Skipped = &message{Message: "inconclusive: " + c.why()}
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, t)
	}
	if r.Verdict >= Incomparable {
		suite.Errors++
		suite.Cases = append(suite.Cases, testCase{Class: "gate", Name: r.Verdict.String(), Error: &message{Message: r.Reason}})
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// number and signed print what no user has as a dash.
func (c Check) number(v float64) string {
	if c.N == 0 {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

func (c Check) signed(v float64) string {
	if c.N < 2 {
		return "–"
	}
	return fmt.Sprintf("%+.4f", v)
}

// escape keeps names and reasons from becoming Markdown, HTML or a new column.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "\r", " ", "\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]", "\n", " ").Replace(strings.Map(printable, s))
}
