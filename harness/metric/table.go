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

// Metric is one line of the table. Exactly one of its functions is set: which
// one says what of a cell's evidence the metric reads.
type Metric struct {
	Name      string // as in a suite: ndcg
	Version   int
	Unit      string
	Direction Direction
	Empty     string // what happens where there is nothing to measure
	Doc       string // one sentence
	// User computes one user's value from the ranks of hits. The metric is the
	// mean of those that are not NaN, here and wherever values are per user.
	User func(hits []int32, relevant, k int) float64
	// Shown computes one user's value from how many of all training users have
	// each item of the list.
	Shown func(counts []int32, users, k int) float64
	// Mixed computes one user's value from the categories of each item of the
	// list.
	Mixed func(categories [][]int32, k int) float64
	// Order computes one user's value from the scores of all items; it has no
	// cutoff. See [AUC].
	Order func(above, equal []int32, others int) float64
	// Whole computes one value from the lists of all users.
	Whole func(lists [][]int32, items, k int) float64
	// NoInterval says why a whole metric has no interval.
	NoInterval string
}

// ID names the metric at a cutoff: ndcg@10. Metrics without one ignore k: auc.
func (m Metric) ID(k int) string {
	if m.Order != nil {
		return m.Name
	}
	return m.Name + "@" + strconv.Itoa(k)
}

const leftOut = "users with no relevant item are left out and counted"

const emptyList = "users with an empty list are left out and counted"

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
			Doc:        "share of the catalogue that is among the first k of anyone's list",
			NoInterval: "no interval: it counts distinct items, and drawing users with replacement would bias it downwards",
		},
		{
			Name: "recall-capped", Version: 1, Unit: "share", Direction: Higher, Empty: leftOut, User: RecallCapped,
			Doc: "hits among the first k over min(k, relevant), the most that k places can hold",
		},
		{
			Name: "map", Version: 1, Unit: "score", Direction: Higher, Empty: leftOut, User: MAP,
			Doc: "mean of the precision at each hit among the first k, over min(k, relevant)",
		},
		{
			Name: "auc", Version: 1, Unit: "probability", Direction: Higher, Order: AUC,
			Empty: leftOut + "; undefined for an arm that does not score all items",
			Doc:   "chance that a relevant item is scored above another item that the user has not met, equal scores counting half",
		},
		{
			Name: "gini", Version: 1, Unit: "index", Direction: Lower, Empty: "undefined where nothing is shown", Whole: Gini,
			Doc:        "how unevenly the first k places of all lists are dealt out to the items of the catalogue: 0 evenly, 1 all to one item",
			NoInterval: "no interval: it compares items across all lists, and drawing users with replacement would bias it upwards",
		},
		{
			Name: "novelty", Version: 1, Unit: "bits", Direction: Higher, Empty: emptyList, Shown: Novelty,
			Doc: "mean self-information of the first k items, by the share of training users who have them",
		},
		{
			Name: "diversity", Version: 1, Unit: "score", Direction: Higher, Mixed: Diversity,
			Empty: "users whose list has no two items with categories are left out and counted",
			Doc:   "mean Jaccard distance of the categories of pairs among the first k items",
		},
		{
			Name: "arp", Version: 1, Unit: "users", Direction: Lower, Empty: emptyList, Shown: Popularity,
			Doc: "mean number of training users of the first k items",
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

// Parse reads an id such as ndcg@10 or auc, where k is 0.
func Parse(id string) (m Metric, k int, err error) {
	name, cut, _ := strings.Cut(id, "@")
	for _, m := range Table() {
		if m.Name != name {
			continue
		}
		if id == m.ID(0) && m.Order != nil {
			return m, 0, nil
		}
		if m.Order != nil {
			return Metric{}, 0, fmt.Errorf("metric %q: %s has no cutoff", id, name)
		}
		k, err := strconv.Atoi(cut)
		if err != nil || k < 1 || m.ID(k) != id {
			return Metric{}, 0, fmt.Errorf("metric %q: cutoff %q: want a whole number from 1, as in %s", id, cut, m.ID(10))
		}
		return m, k, nil
	}
	return Metric{}, 0, fmt.Errorf("metric %q: unknown name (known: %s)", id, strings.Join(Names(), ", "))
}
