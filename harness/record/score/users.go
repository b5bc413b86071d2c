package score

import (
	"math"

	"github.com/alignuser/alignuser/harness/record"
)

// PerUser gives the values of a metric by user: the mean over those of the cells in
// question, repeats say, in which the user has one. It is nil where no such cell has the
// metric.
func PerUser(judged []Judged, metric string, of func(record.CellKey) bool) map[int32]float64 {
	var sums map[int32]float64
	counts := map[int32]float64{}
	for _, j := range judged {
		if !of(j.Key) {
			continue
		}
		for _, c := range j.Sheet.Columns {
			if c.Metric != metric {
				continue
			}
			if sums == nil {
				sums = map[int32]float64{}
			}
			for i, u := range c.Users {
				if v := c.Values[i]; !math.IsNaN(v) {
					sums[u] += v
					counts[u]++
				}
			}
		}
	}
	for u := range sums {
		sums[u] /= counts[u]
	}
	return sums
}
