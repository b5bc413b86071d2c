package report

import "github.com/alignuser/alignuser/harness/metric"

// describe gives unit, direction and meaning of a metric. A metric that this
// program does not know keeps its column, without an arrow.
func describe(id string) (Column, bool) {
	h, ok := metric.Describe(id)
	if !ok {
		return Column{}, false
	}
	c := Column{Metric: id, Version: h.Version, Unit: h.Unit, Doc: h.Doc}
	if h.Direction != 0 {
		c.Direction = h.Direction.String()
	}
	if h.Empty != "" {
		c.Doc += "; " + h.Empty
	}
	return c, true
}

// family is a metric without its cutoff, for explaining it once.
type family struct {
	name, doc string
	version   int
}

// families lists the metrics of a table once each, in column order.
func families(t Table) []family {
	var out []family
	seen := map[family]bool{}
	for _, c := range t.Columns {
		name := c.Metric
		if k := cutoff(c.Metric); k != "" {
			name = c.Metric[:len(c.Metric)-len(k)] + "k"
		}
		f := family{name, c.Doc, c.Version}
		if c.Doc != "" && !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	return out
}
