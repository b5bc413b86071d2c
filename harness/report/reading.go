package report

import (
	"fmt"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
)

// reading says in words how to read a table. It says only what the table shows:
// a sentence on `~` where there is one, on intervals where there are some.
func reading(t Table) string {
	if len(t.Columns) == 0 {
		return "Nothing was measured: every row failed."
	}
	primary := t.Columns[0]
	var s []string
	switch primary.Direction {
	case "lower":
		s = append(s, fmt.Sprintf("Best row first, by %s (lower is better).", primary.Metric))
	case "higher":
		s = append(s, fmt.Sprintf("Best row first, by %s (higher is better).", primary.Metric))
	default:
		s = append(s, fmt.Sprintf("Sorted by %s, largest first.", primary.Metric))
	}
	var intervals, unresolved, failed bool
	var controls []string
	repeats := 0
	for _, r := range t.Rows {
		unresolved = unresolved || r.Unresolved
		failed = failed || r.Failed != ""
		repeats = max(repeats, r.Repeats)
		if r.Control {
			controls = append(controls, r.name())
		}
		for _, c := range r.Cells {
			intervals = intervals || c.Lo != nil
		}
	}
	if intervals {
		s = append(s, fmt.Sprintf("Intervals are 95 %% bootstrap intervals over %s, given %s of each %s.", t.unit(), fits(t, repeats), t.subject()))
	}
	switch {
	case t.hasPlaces():
		s = append(s, "Rows that share a letter are tied: paired differences over "+t.unit()+" do not tell them from the best row of that letter, at 5 % after Holm; ~ marks all but that best one.",
			"Ranks: 95 % of bootstrap samples of "+t.unit()+" rank the row so.")
		if r := t.resolution(); r != "" {
			s = append(s, r)
		}
		s = append(s, t.agreement())
	case unresolved:
		s = append(s, "~ marks a row whose interval overlaps that of the row ranked above it: this table alone does not order the two.")
	}
	if len(controls) > 0 {
		s = append(s, fmt.Sprintf("%s: control, shown as a yardstick and not ranked.", strings.Join(controls, ", ")))
	}
	if failed {
		s = append(s, "Rows without numbers failed, for the reason given.")
	}
	return strings.Join(s, " ")
}

func fits(t Table, repeats int) string {
	what := "fit"
	if t.Judges == record.JudgesBackends {
		what = "attempt"
	}
	if repeats <= 1 {
		return "one " + what
	}
	return fmt.Sprintf("the mean over %d %ss", repeats, what)
}
