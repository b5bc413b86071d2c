package metric

import (
	"fmt"
	"strconv"
	"strings"
)

// Direction says which way is better.
type Direction int

// Directions.
const (
	Higher Direction = iota + 1
	Lower
)

// String gives "higher" or "lower".
func (d Direction) String() string {
	switch d {
	case Higher:
		return "higher"
	case Lower:
		return "lower"
	}
	return "unknown"
}

// Metric is one line of the table. Exactly one of User and Whole is set.
type Metric struct {
	Name      string // as in a suite: ndcg
	Version   int
	Unit      string
	Direction Direction
	Empty     string // what happens where there is nothing to measure
	Doc       string // one sentence
	// User computes one user's value; the metric is the mean of those that are
	// not NaN.
	User func(hits []int32, relevant, k int) float64
	// Whole computes one value from the lists of all users.
	Whole func(lists [][]int32, items, k int) float64
}

// ID names the metric at a cutoff: ndcg@10.
func (m Metric) ID(k int) string { return m.Name + "@" + strconv.Itoa(k) }

const leftOut = "users with no relevant item are left out and counted"

// Table lists the metrics of ranked lists in the order in which tables print
// them.
func Table() []Metric {
	return []Metric{
		{
			Name: "ndcg", Version: 1, Unit: "score", Direction: Higher, Empty: leftOut, User: NDCG,
			Doc: "discounted gain of the hits among the first k, over that of the best possible list of min(k, relevant) items",
		},
		{
			Name: "recall", Version: 1, Unit: "share", Direction: Higher, Empty: leftOut, User: Recall,
			Doc: "share of the relevant items that are among the first k",
		},
		{
			Name: "precision", Version: 1, Unit: "share", Direction: Higher, Empty: leftOut, User: Precision,
			Doc: "share of k places that hold relevant items; places left empty are misses",
		},
		{
			Name: "hit", Version: 1, Unit: "share", Direction: Higher, Empty: leftOut, User: Hit,
			Doc: "share of users with at least one relevant item among the first k",
		},
		{
			Name: "mrr", Version: 1, Unit: "score", Direction: Higher, Empty: leftOut, User: MRR,
			Doc: "one over the rank of the first relevant item, 0 beyond k",
		},
		{
			Name: "coverage", Version: 1, Unit: "share", Direction: Higher, Empty: "undefined where the catalogue is empty", Whole: Coverage,
			Doc: "share of the catalogue that is among the first k of anyone's list",
		},
	}
}

// Names lists the names in the order of [Table].
func Names() []string {
	table := Table()
	names := make([]string, len(table))
	for i, m := range table {
		names[i] = m.Name
	}
	return names
}

// Parse reads an id such as ndcg@10.
func Parse(id string) (m Metric, k int, err error) {
	name, cut, _ := strings.Cut(id, "@")
	for _, m := range Table() {
		if m.Name != name {
			continue
		}
		k, err := strconv.Atoi(cut)
		if err != nil || k < 1 || m.ID(k) != id {
			return Metric{}, 0, fmt.Errorf("metric %q: cutoff %q: want a whole number from 1, as in %s", id, cut, m.ID(10))
		}
		return m, k, nil
	}
	return Metric{}, 0, fmt.Errorf("metric %q: unknown name (known: %s)", id, strings.Join(Names(), ", "))
}
