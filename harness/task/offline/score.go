package offline

import (
	"fmt"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists every family at every cutoff, cutoffs first, then the share of
// ties.
func (Task) Metrics(o sdk.Options) []string {
	var ids []string
	for _, k := range cutoffs(o) {
		for _, m := range families(o) {
			ids = append(ids, m.ID(k))
		}
	}
	return append(ids, metric.TieShare)
}

// Scorer reads rows and computes every metric.
func (t Task) Scorer(o sdk.Options) score.Scorer {
	return func(path string) (score.Sheet, error) {
		rows, err := record.ReadParquet[row](path)
		if err != nil {
			return score.Sheet{}, err
		}
		if len(rows) == 0 {
			return score.Sheet{}, fmt.Errorf("%s: no rows", path)
		}
		return sheet(rows, cutoffs(o), families(o)), nil
	}
}

// sheet computes the metrics of one cell. Rows are one per user, users ascending.
func sheet(rows []row, ks []int, ms []metric.Metric) score.Sheet {
	users := make([]int32, len(rows))
	lists := make([][]int32, len(rows))
	for i, r := range rows {
		users[i], lists[i] = r.User, r.List
	}
	column := func(id string, version int, value func(r row) float64) score.Column {
		c := score.Column{Metric: id, Version: version, Users: users, Values: make([]float64, len(rows))}
		for i, r := range rows {
			c.Values[i] = value(r)
		}
		return c
	}
	var s score.Sheet
	for _, k := range ks {
		for _, m := range ms {
			if m.Whole != nil {
				s.Wholes = append(s.Wholes, score.Whole{
					Metric: m.ID(k), Version: m.Version, Value: m.Whole(lists, int(rows[0].Catalog), k), N: len(rows),
					Why: "no interval: it counts distinct items, and drawing users with replacement would bias it downwards",
				})
				continue
			}
			s.Columns = append(s.Columns, column(m.ID(k), m.Version, func(r row) float64 {
				return m.User(r.Hits, int(r.Relevant), k)
			}))
		}
	}
	tie, _ := metric.Describe(metric.TieShare)
	s.Columns = append(s.Columns, column(tie.ID, tie.Version, func(r row) float64 {
		if len(r.List) == 0 {
			return 0
		}
		return float64(r.Tied) / float64(len(r.List))
	}))
	return s
}

func cutoffs(o sdk.Options) []int {
	list, _ := o["cutoffs"].([]any)
	ks := make([]int, len(list))
	for i, v := range list {
		n, _ := v.(int64)
		ks[i] = int(n)
	}
	return ks
}

func families(o sdk.Options) []metric.Metric {
	list, _ := o["metrics"].([]any)
	var ms []metric.Metric
	for _, v := range list {
		for _, m := range metric.Table() {
			if m.Name == v {
				ms = append(ms, m)
			}
		}
	}
	return ms
}
