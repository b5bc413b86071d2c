package gate

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/alignuser/alignuser/sdk"
)

// Margin says how much worse a metric may be before it counts as a regression.
type Margin struct {
	Task        string   `toml:"task"`        // empty: every task that has the metric
	Recommender string   `toml:"recommender"` // empty: every arm of the baseline
	Metric      string   `toml:"metric"`      // such as "ndcg@10"; empty: the primary one
	Relative    *float64 `toml:"relative"`    // of the baseline's mean; 0.02 is two per cent
	Absolute    *float64 `toml:"absolute"`    // in the metric's own unit
	Segment     string   `toml:"segment"`     // empty: all users together; else each of its groups by itself
}

// Margins is a margins file.
type Margins struct {
	Alpha   float64  `toml:"alpha"` // one-sided error of a verdict
	Margins []Margin `toml:"margin"`
	path    string   // where they were read; empty: the defaults
	lines   []int    // of each margin
}

// mistake places what is wrong with a margin.
func (m Margins) mistake(i int, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	switch {
	case m.path == "":
		return sdk.Invalidf("", "default margin: %s: write a margins file", text)
	case i < len(m.lines):
		return sdk.Invalidf("", "%s:%d: margin %d: %s", m.path, m.lines[i], i+1, text)
	}
	return sdk.Invalidf("", "%s: margin %d: %s", m.path, i+1, text)
}

const (
	defaultAlpha    = 0.05
	defaultRelative = 0.02
)

// Default is what holds without a file: the primary metric of every task may lose
// two per cent of its mean.
func Default() Margins {
	relative := defaultRelative
	return Margins{Alpha: defaultAlpha, Margins: []Margin{{Relative: &relative}}}
}

// ReadMargins reads a margins file. Every mistake is reported with its line.
func ReadMargins(path string) (Margins, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Margins{}, err
	}
	return parseMargins(path, string(text))
}

func parseMargins(path, text string) (Margins, error) {
	m := Margins{Alpha: defaultAlpha, path: path}
	meta, err := toml.Decode(text, &m)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return m, sdk.Invalidf("", "%s:%d: %s", path, parse.Position.Line, strings.TrimSuffix(parse.Message, "."))
		}
		text, line := strings.TrimPrefix(err.Error(), "toml: "), 0
		if n, _ := fmt.Sscanf(text, "line %d", &line); n == 1 { // a value of a wrong type
			_, text, _ = strings.Cut(text, "(last key ")
			return m, sdk.Invalidf("", "%s:%d: %s", path, line, strings.Replace(text, ")", "", 1))
		}
		return m, sdk.Invalidf("", "%s: %s", path, text)
	}
	lines := strings.Split(text, "\n")
	var wrong []error
	fail := func(line int, format string, args ...any) {
		wrong = append(wrong, sdk.Invalidf("", "%s:%d: %s", path, line, fmt.Sprintf(format, args...)))
	}
	for _, key := range meta.Undecoded() {
		last := key[len(key)-1]
		known := []string{"alpha", "margin"}
		if len(key) > 1 {
			known = []string{"task", "recommender", "metric", "relative", "absolute", "segment"}
		}
		hint := "known: " + strings.Join(known, ", ")
		if near := sdk.Nearest(last, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		fail(lineOf(lines, last), "%s: unknown key (%s)", key, hint)
	}
	if !(m.Alpha > 0 && m.Alpha < 0.5) {
		fail(lineOf(lines, "alpha"), "alpha: want more than 0 and less than 0.5, have %v", m.Alpha)
	}
	starts := linesOf(lines, "[[margin]]")
	if len(m.Margins) == 0 {
		fail(1, "no [[margin]]: add one with a metric and relative or absolute")
	}
	m.lines = starts
	for i, g := range m.Margins {
		line := 1
		if i < len(starts) {
			line = starts[i]
		}
		switch {
		case (g.Relative == nil) == (g.Absolute == nil):
			fail(line, "margin %d: want one of relative and absolute", i+1)
		case g.Relative != nil && !(*g.Relative >= 0 && *g.Relative < 1):
			fail(line, "margin %d: relative: want at least 0 and less than 1, have %v (0.02 is two per cent)", i+1, *g.Relative)
		case g.Absolute != nil && !(*g.Absolute >= 0 && *g.Absolute < 1e12):
			fail(line, "margin %d: absolute: want a number of at least 0, have %v", i+1, *g.Absolute)
		}
	}
	return m, errors.Join(wrong...)
}

// lineOf finds the first line that sets a key; 1 where none does.
func lineOf(lines []string, key string) int {
	i := slices.IndexFunc(lines, func(s string) bool {
		name, _, ok := strings.Cut(s, "=")
		return ok && strings.Trim(strings.TrimSpace(name), `"'`) == key
	})
	return max(i+1, 1)
}

func linesOf(lines []string, text string) (at []int) {
	for i, s := range lines {
		if strings.HasPrefix(strings.ReplaceAll(s, " ", ""), text) {
			at = append(at, i+1)
		}
	}
	return at
}

// String says the margin in words.
func (g Margin) String() string {
	if g.Relative != nil {
		return fmt.Sprintf("%.4g %%", *g.Relative*100)
	}
	return fmt.Sprintf("%.4g", *g.Absolute)
}
