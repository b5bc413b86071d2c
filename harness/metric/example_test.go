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

func ExampleParse() {
	m, k, err := metric.Parse("ndcg@10")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Name, k, m.Direction)
	fmt.Printf("%.2f\n", m.User([]int32{2}, 1, k))
	_, _, err = metric.Parse("auc@10")
	fmt.Println(err)
	// Output:
	// ndcg 10 higher
	// 0.63
	// metric "auc@10": unknown name (known: ndcg, recall, precision, hit, mrr, coverage)
}
