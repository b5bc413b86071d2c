package record

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Cell is one metric of one cell. In a summary, one cell stands for all repeats
// and Repeat is how many they were.
type Cell struct {
	Task, Recommender, Agent string
	Repeat                   int
	Metric                   string
	Version                  int
	Value                    float64 // NaN: N is 0, and a warning says why
	N                        int     // how many units (mostly users) the value rests on
	Lo, Hi                   float64 // 95 % interval; both NaN: none
	Warnings                 []string
}

// Key gives the cell that the metric belongs to.
func (c Cell) Key() CellKey { return CellKey{c.Task, c.Recommender, c.Agent, c.Repeat} }

// HasInterval reports whether Lo and Hi are there.
func (c Cell) HasInterval() bool { return !math.IsNaN(c.Lo) }

// Check refuses what must not be written: names that are no names, numbers
// that are not finite, a missing value that nothing explains.
func (c Cell) Check() error {
	if err := c.Key().Check(); err != nil {
		return err
	}
	if err := checkMetric(c.Metric); err != nil {
		return err
	}
	if c.Version < 1 {
		return fmt.Errorf("metric %s: version %d: want at least 1", c.Metric, c.Version)
	}
	fail := func(format string, args ...any) error {
		return fmt.Errorf("metric %s: %s", c.Metric, fmt.Sprintf(format, args...))
	}
	switch {
	case c.N < 0:
		return fail("n = %d", c.N)
	case math.IsNaN(c.Value) && (c.N > 0 || len(c.Warnings) == 0):
		return fail("value is NaN with n = %d and %d warnings: NaN means that n is 0 and a warning says why", c.N, len(c.Warnings))
	case math.IsInf(c.Value, 0) || math.IsInf(c.Lo, 0) || math.IsInf(c.Hi, 0):
		return fail("value %v [%v, %v] is not finite", c.Value, c.Lo, c.Hi)
	case math.IsNaN(c.Lo) != math.IsNaN(c.Hi):
		return fail("half an interval: [%v, %v]", c.Lo, c.Hi)
	case c.Lo > c.Hi:
		return fail("interval [%v, %v] is upside down", c.Lo, c.Hi)
	}
	return nil
}

func checkMetric(id string) error {
	ok := id != ""
	for _, r := range id {
		ok = ok && r > ' ' && r < 0x7f && !strings.ContainsRune(`",;\`, r)
	}
	if !ok {
		return fmt.Errorf("metric %q: want letters, digits and marks without spaces, commas, quotes", id)
	}
	return nil
}

func cellHeader(repeat string) []string {
	return []string{"task", "recommender", "agent", repeat, "metric", "version", "value", "n", "lo", "hi", "warnings"}
}

// WriteCells writes cells.csv, sorted by cell; the metrics of a cell keep the
// order they are given in.
func WriteCells(path string, cells []Cell) error { return writeCells(path, "repeat", cells) }

// WriteSummary writes summary.csv, whose column repeats counts what went in.
func WriteSummary(path string, cells []Cell) error { return writeCells(path, "repeats", cells) }

// ReadCells reads cells.csv and refuses anything that WriteCells would not write.
func ReadCells(path string) ([]Cell, error) { return readCells(path, "repeat") }

// ReadSummary reads summary.csv.
func ReadSummary(path string) ([]Cell, error) { return readCells(path, "repeats") }

func writeCells(path, repeat string, cells []Cell) error {
	cells = slices.Clone(cells)
	slices.SortStableFunc(cells, func(a, b Cell) int { return a.Key().Compare(b.Key()) })
	var check cellCheck
	rows := make([][]string, len(cells))
	for i, c := range cells {
		if err := check.next(c, repeat); err != nil {
			return fmt.Errorf("%s: %s: %w", path, c.Key(), err)
		}
		rows[i] = []string{
			c.Task, dash(c.Recommender), dash(c.Agent), strconv.Itoa(c.Repeat), c.Metric, strconv.Itoa(c.Version),
			optional(c.Value), strconv.Itoa(c.N), optional(c.Lo), optional(c.Hi), joinWarnings(c.Warnings),
		}
	}
	return writeTable(path, cellHeader(repeat), rows)
}

func readCells(path, repeat string) (cells []Cell, err error) {
	var check cellCheck
	err = readTable(path, cellHeader(repeat), func(f []string) error {
		c, err := parseCell(f, repeat)
		if err != nil {
			return err
		}
		cells = append(cells, c)
		return check.next(c, repeat)
	})
	if err != nil {
		return nil, err
	}
	return cells, nil
}

func parseCell(f []string, repeat string) (c Cell, err error) {
	low := 0
	if repeat == "repeats" {
		low = 1
	}
	key, err := parseKey(f, low)
	if err != nil {
		return c, err
	}
	c = Cell{Task: key.Task, Recommender: key.Recommender, Agent: key.Agent, Repeat: key.Repeat, Metric: strings.Clone(f[4])}
	var errs [6]error
	c.Version, errs[0] = parseInt(f[5], 1)
	c.Value, errs[1] = parseOptional(f[6])
	c.N, errs[2] = parseInt(f[7], 0)
	c.Lo, errs[3] = parseOptional(f[8])
	c.Hi, errs[4] = parseOptional(f[9])
	c.Warnings, errs[5] = splitWarnings(f[10])
	for i, err := range errs {
		if err != nil {
			return c, fmt.Errorf("%s: %w", cellHeader(repeat)[i+5], err)
		}
	}
	return c, nil
}

// cellCheck holds what is true of a whole table: order, and no metric twice.
type cellCheck struct {
	last    CellKey
	metrics map[string]bool
}

func (k *cellCheck) next(c Cell, repeat string) error {
	if err := c.Check(); err != nil {
		return err
	}
	if repeat == "repeats" && c.Repeat < 1 {
		return errors.New("a summary of no repeats")
	}
	key := c.Key()
	if k.metrics == nil || key != k.last {
		if k.metrics != nil && k.last.Compare(key) > 0 {
			return fmt.Errorf("cell %s is out of order", key)
		}
		k.last, k.metrics = key, map[string]bool{}
	}
	if k.metrics[c.Metric] {
		return fmt.Errorf("metric %s is there twice", c.Metric)
	}
	k.metrics[c.Metric] = true
	return nil
}

// optional leaves NaN empty.
func optional(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return formatFloat(v)
}

func parseOptional(s string) (float64, error) {
	if s == "" {
		return math.NaN(), nil
	}
	return parseFloat(s)
}

// joinWarnings puts warnings in one field, with ';' between them and a
// backslash before every ';' and backslash inside one.
func joinWarnings(ws []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `;`, `\;`)
	out := make([]string, 0, len(ws))
	for _, w := range ws {
		if w = cleanText(w); w != "" {
			out = append(out, escape.Replace(w))
		}
	}
	return strings.Join(out, ";")
}

func splitWarnings(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	var out []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == ';'):
			i++
			b.WriteByte(s[i])
		case s[i] == '\\':
			return nil, fmt.Errorf("a backslash before neither ; nor backslash in %q", s)
		case s[i] == ';':
			out = append(out, b.String())
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	out = append(out, b.String())
	if joinWarnings(out) != s {
		return nil, fmt.Errorf("want warnings with ; between them, have %q", s)
	}
	return out, nil
}
