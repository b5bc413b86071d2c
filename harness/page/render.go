package page

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/alignuser/alignuser/harness/trace"
)

// Fields of a card that a suite may switch off. The title is always there.
const (
	FieldCategories = "categories"
	FieldSummary    = "summary"
	FieldMean       = "mean"
	FieldCount      = "count"
	FieldSessions   = "sessions"
	FieldSimilar    = "similar"
	FieldKin        = "kin"
)

// Fields lists them all, in the order in which cards print them.
func Fields() []string {
	return []string{FieldCategories, FieldSummary, FieldMean, FieldCount, FieldSessions, FieldSimilar, FieldKin}
}

// maxText is where long text of a data set is cut, in runes.
const maxText = 300

// Quote writes text of a data set as data: a JSON string on one line, cut where it
// is very long, without characters that steer a terminal or turn text around.
func Quote(text string) string {
	clean := Clean(text)
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(clean); err != nil {
		panic(fmt.Sprintf("page: %v", err)) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Clean makes one line of text that others wrote, cut where it is very long.
func Clean(text string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r): // of any kind, so that words stay apart
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	if runes := []rune(clean); len(runes) > maxText {
		clean = string(runes[:maxText]) + "…"
	}
	return clean
}

// Number writes a number with at most two places.
func Number(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// Render writes a page as text, with the fields that are on.
func Render(s State, fields []string) string {
	var b strings.Builder
	if s.View == trace.Detail {
		b.WriteString("# Details\n")
	} else {
		fmt.Fprintf(&b, "# Page %d of at most %d\n", s.Page+1, s.Limit)
	}
	for i, c := range s.Cards {
		fmt.Fprintf(&b, "%s: %s\n", Reference(i), Quote(c.Title))
		c.render(&b, fields, s.View == trace.Detail)
	}
	if len(s.Given) > 0 {
		b.WriteString("\n# Earlier in this visit\n")
		for _, g := range s.Given {
			b.WriteString("- " + g.text() + "\n")
		}
	}
	return b.String()
}

func (c *Card) render(b *strings.Builder, fields []string, all bool) {
	on := func(field string) bool { return all || slices.Contains(fields, field) }
	if on(FieldCategories) && len(c.Categories) > 0 {
		quoted := make([]string, len(c.Categories))
		for i, name := range c.Categories {
			quoted[i] = Quote(name)
		}
		fmt.Fprintf(b, "  kind: %s\n", strings.Join(quoted, ", "))
	}
	if on(FieldSummary) && c.Summary != "" {
		fmt.Fprintf(b, "  about: %s\n", Quote(c.Summary))
	}
	if on(FieldMean) && !math.IsNaN(c.Mean) {
		fmt.Fprintf(b, "  mean: %s\n", Number(c.Mean))
	}
	if on(FieldCount) {
		fmt.Fprintf(b, "  %d ratings\n", c.Count)
	}
	if on(FieldSessions) && c.Shown >= 0 {
		fmt.Fprintf(b, "  shown %d times; watched %d times\n", c.Shown, c.Watched)
	}
	if on(FieldSimilar) && len(c.Similar) > 0 {
		fmt.Fprintf(b, "  fit with what you had: %s of 100", Number(100*c.Affinity))
		if c.Aversion > 0 {
			fmt.Fprintf(b, "; with what you skipped: %s", Number(100*c.Aversion))
		}
		b.WriteString("\n")
		parts := make([]string, len(c.Similar))
		for i, s := range c.Similar {
			parts[i] = "alike " + Number(100*s.Strength) + ": "
			if math.IsNaN(s.Value) {
				parts[i] += "you watched " + Quote(s.Title)
			} else {
				parts[i] += "you gave " + Number(s.Value) + " to " + Quote(s.Title)
			}
		}
		fmt.Fprintf(b, "  similar: %s\n", strings.Join(parts, "; "))
	}
	if on(FieldKin) && len(c.Categories) > 0 && c.Kin >= 0 {
		fmt.Fprintf(b, "  of this kind you had %d", c.Kin)
		if !math.IsNaN(c.KinMean) {
			fmt.Fprintf(b, "; their average %s", Number(c.KinMean))
		}
		if !math.IsNaN(c.KinRate) {
			fmt.Fprintf(b, "; of 100 shown you take %s", Number(100*c.KinRate))
		}
		if c.Tired > 0 {
			fmt.Fprintf(b, "; in this visit %s", Number(c.Tired))
		}
		b.WriteString("\n")
		if c.Skipped > 0 {
			fmt.Fprintf(b, "  you passed it by %d times\n", c.Skipped)
		}
	}
}

func (g Given) text() string {
	switch {
	case !g.Watched:
		return "skipped " + Quote(g.Title)
	case math.IsNaN(g.Value):
		return "watched " + Quote(g.Title)
	}
	return "watched " + Quote(g.Title) + " and gave it " + Number(g.Value)
}
