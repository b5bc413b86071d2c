package metric_test

import (
	"fmt"

	"github.com/alignuser/alignuser/harness/metric"
)

// Three items are relevant; two of them came first and third.
func ExampleNDCG() {
	fmt.Printf("%.4f\n", metric.NDCG([]int32{1, 3}, 3, 5))
	// A list of one item does not gain by being short.
	fmt.Printf("%.4f\n", metric.NDCG([]int32{1}, 10, 10))
	// Output:
	// 0.7039
	// 0.2201
}

func ExampleRecall() {
	fmt.Printf("%.4f\n", metric.Recall([]int32{1, 3, 9}, 4, 5))
	// Output: 0.5000
}

func ExamplePrecision() {
	fmt.Printf("%.4f\n", metric.Precision([]int32{1, 3, 9}, 4, 5))
	// Output: 0.4000
}

func ExampleHit() {
	fmt.Println(metric.Hit([]int32{9}, 4, 10), metric.Hit([]int32{9}, 4, 5))
	// Output: 1 0
}

func ExampleMRR() {
	fmt.Println(metric.MRR([]int32{4, 5}, 2, 10), metric.MRR(nil, 0, 10))
	// Output: 0.25 NaN
}

func ExampleCoverage() {
	lists := [][]int32{{0, 1, 7}, {1, 2, 8}}
	fmt.Println(metric.Coverage(lists, 10, 2))
	// Output: 0.3
}

// Four items are relevant; a list of two places that are both hits has all that
// it can have.
func ExampleRecallCapped() {
	fmt.Println(metric.RecallCapped([]int32{1, 2}, 4, 2), metric.Recall([]int32{1, 2}, 4, 2))
	// Output: 1 0.5
}

// Precision is 1/1 at the first hit and 2/3 at the second, of three to be found.
func ExampleMAP() {
	fmt.Printf("%.4f\n", metric.MAP([]int32{1, 3}, 3, 5))
	// Output: 0.5556
}

// Of ten other items none is scored above the first relevant one; of those
// above the second there are four, and two are its equals.
func ExampleAUC() {
	fmt.Println(metric.AUC([]int32{0, 4}, []int32{0, 2}, 10))
	// Output: 0.75
}

// Everybody is shown item 0 first; the second places differ.
func ExampleGini() {
	lists := [][]int32{{0, 1}, {0, 2}, {0, 3}}
	fmt.Println(metric.Gini(lists, 4, 1), metric.Gini(lists, 4, 2))
	// Output: 1 0.3333333333333333
}

// One item that all 7 training users have, and one that nobody has.
func ExampleNovelty() {
	fmt.Println(metric.Novelty([]int32{7, 0}, 7, 1), metric.Novelty([]int32{7, 0}, 7, 2))
	// Output: 0 1.5
}

func ExamplePopularity() {
	fmt.Println(metric.Popularity([]int32{90, 30, 6}, 100, 2))
	// Output: 60
}

// A drama, a comedy, and a film that is both.
func ExampleDiversity() {
	films := [][]int32{{1}, {0}, {0, 1}}
	fmt.Printf("%.4f %.4f\n", metric.Diversity(films, 2), metric.Diversity(films, 3))
	// Output: 1.0000 0.6667
}

func ExampleParse() {
	m, k, err := metric.Parse("ndcg@10")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Name, k, m.Direction)
	fmt.Printf("%.2f\n", m.User([]int32{2}, 1, k))
	_, _, err = metric.Parse("fame@10")
	fmt.Println(err)
	// Output:
	// ndcg 10 higher
	// 0.63
	// metric "fame@10": unknown name (known: ndcg, recall, precision, hit, mrr, coverage, recall-capped, map, auc, gini, novelty, diversity, arp)
}
