package truth

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// readResults reads a CSV of results by arm. Errors name the line and the remedy.
func readResults(path string) (map[string][]trace.Measured, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, sdk.Invalidf("results", "%v", err)
	}
	defer f.Close()
	out, err := parseResults(f)
	if err != nil {
		return nil, sdk.Invalidf("results", "%s: %v", path, err)
	}
	return out, nil
}

func parseResults(r io.Reader) (map[string][]trace.Measured, error) {
	c := csv.NewReader(r)
	c.TrimLeadingSpace = true
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: want a header: arm, metric, value, n: %w", err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"arm", "metric", "value", "n"} {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("line 1: column %s is missing: want arm, metric, value, n", name)
		}
	}
	out := map[string][]trace.Measured{}
	for {
		fields, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := c.FieldPos(0)
		arm, m, err := measured(fields, at)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if slices.ContainsFunc(out[arm], func(x trace.Measured) bool { return x.Metric == m.Metric }) {
			return nil, fmt.Errorf("line %d: %s of arm %s is there twice", line, m.Metric, arm)
		}
		out[arm] = append(out[arm], m)
	}
	if len(out) == 0 {
		return nil, errors.New("no results")
	}
	return out, nil
}

func measured(fields []string, at map[string]int) (arm string, m trace.Measured, err error) {
	arm, m.Metric = fields[at["arm"]], fields[at["metric"]]
	if err := record.CheckName(arm); err != nil {
		return "", m, fmt.Errorf("arm: %w", err)
	}
	known := []string{}
	for _, v := range metric.Visits() {
		known = append(known, v.ID)
	}
	if !slices.Contains(known, m.Metric) {
		return "", m, fmt.Errorf("metric %q: want one of task simulate, such as %s (did you mean %s?)", m.Metric, metric.SimLike, sdk.Nearest(m.Metric, known))
	}
	number := func(name string) (float64, error) {
		v, err := strconv.ParseFloat(strings.TrimSpace(fields[at[name]]), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("%s %q: want a number", name, fields[at[name]])
		}
		return v, nil
	}
	if m.Value, err = number("value"); err != nil {
		return "", m, err
	}
	if m.N, err = strconv.Atoi(strings.TrimSpace(fields[at["n"]])); err != nil || m.N < 1 {
		return "", m, fmt.Errorf("n %q: want a whole number above 0", fields[at["n"]])
	}
	for _, bound := range []struct {
		name string
		to   **float64
	}{{"lo", &m.Lo}, {"hi", &m.Hi}} {
		i, ok := at[bound.name]
		if !ok || strings.TrimSpace(fields[i]) == "" {
			continue
		}
		v, err := number(bound.name)
		if err != nil {
			return "", m, err
		}
		*bound.to = &v
	}
	return arm, m, nil
}

// sealGiven writes what was measured elsewhere.
func (b *bound) sealGiven(c task.Cell) error {
	given := b.given[c.Key.Recommender]
	if given == nil {
		return fmt.Errorf("%s: the results have no line of arm %s", b.options.String("results"), c.Key.Recommender)
	}
	return c.SealSessions(func(w io.Writer) error { return record.WriteSessions(w, trace.Header{Given: given}, nil) })
}
