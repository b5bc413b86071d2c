package metric

import (
	"fmt"
	"math"
)

// NDCG is the normalised discounted cumulative gain at k with binary gain:
//
//	DCG@k  = Σ 1/log2(r+1) over hits at ranks r <= k
//	IDCG@k = Σ 1/log2(i+1) for i = 1 … min(k, relevant)
//	nDCG@k = DCG@k / IDCG@k
//
// It lies in [0, 1]; 1 means that the first min(k, relevant) places are hits.
// NaN where nothing is relevant. Järvelin and Kekäläinen, Cumulated gain-based
// evaluation of IR techniques, TOIS 20(4), 2002, with the discount from rank 2
// on that Burges et al. (ICML 2005) made usual.
func NDCG(hits []int32, relevant, k int) float64 {
	within := inside(hits, relevant, k)
	if relevant == 0 {
		return math.NaN()
	}
	var dcg, ideal float64
	for _, r := range within {
		dcg += discount(int(r))
	}
	for i := 1; i <= min(k, relevant); i++ {
		ideal += discount(i)
	}
	return dcg / ideal
}

func discount(rank int) float64 { return 1 / math.Log2(float64(rank)+1) }

// Recall is the share of the relevant items that are among the first k:
//
//	recall@k = |hits at ranks <= k| / relevant
//
// It lies in [0, 1] and cannot reach 1 where relevant > k. NaN where nothing is
// relevant.
func Recall(hits []int32, relevant, k int) float64 {
	within := inside(hits, relevant, k)
	if relevant == 0 {
		return math.NaN()
	}
	return float64(len(within)) / float64(relevant)
}

// RecallCapped is recall over what a list of k places can hold:
//
//	recall-capped@k = |hits at ranks <= k| / min(k, relevant)
//
// It lies in [0, 1] and can always reach 1. It is recall@k where relevant <= k
// and precision@k where relevant >= k. NaN where nothing is relevant. Liang,
// Krishnan, Hoffman and Jebara, Variational autoencoders for collaborative
// filtering, WWW 2018, there called Recall@R.
func RecallCapped(hits []int32, relevant, k int) float64 {
	within := inside(hits, relevant, k)
	if relevant == 0 {
		return math.NaN()
	}
	return float64(len(within)) / float64(min(k, relevant))
}

// Precision is the share of the first k places that hold relevant items:
//
//	precision@k = |hits at ranks <= k| / k
//
// A place that the list leaves empty is a miss. It lies in [0, 1] and cannot
// reach 1 where relevant < k. NaN where nothing is relevant.
func Precision(hits []int32, relevant, k int) float64 {
	within := inside(hits, relevant, k)
	if relevant == 0 {
		return math.NaN()
	}
	return float64(len(within)) / float64(k)
}

// Hit is 1 where any of the first k items is relevant, else 0; its mean over
// users is the hit rate. NaN where nothing is relevant. Deshpande and Karypis,
// Item-based top-N recommendation algorithms, TOIS 22(1), 2004, there with one
// relevant item a user.
func Hit(hits []int32, relevant, k int) float64 {
	within := inside(hits, relevant, k)
	switch {
	case relevant == 0:
		return math.NaN()
	case len(within) > 0:
		return 1
	}
	return 0
}

// MRR is the reciprocal rank of the first hit, 0 where it lies beyond k or
// there is none; its mean over users is the mean reciprocal rank:
//
//	mrr@k = 1 / (rank of the first hit), if that is <= k
//
// It lies in {0} ∪ [1/k, 1]. NaN where nothing is relevant. Voorhees, The
// TREC-8 question answering track report, 1999.
func MRR(hits []int32, relevant, k int) float64 {
	within := inside(hits, relevant, k)
	switch {
	case relevant == 0:
		return math.NaN()
	case len(within) > 0:
		return 1 / float64(within[0])
	}
	return 0
}

// MAP is the average precision at k; its mean over users is the mean average
// precision:
//
//	map@k = Σ (hits at ranks <= r) / r over hits at ranks r <= k, / min(k, relevant)
//
// It lies in [0, 1]; 1 means that the first min(k, relevant) places are hits.
// NaN where nothing is relevant. Average precision is that of Buckley and
// Voorhees, Evaluating evaluation measure stability, SIGIR 2000. They divide by
// all that is relevant; with a cutoff a perfect list would then be worth
// k/relevant, so this divides by what k places can hold.
func MAP(hits []int32, relevant, k int) float64 {
	within := inside(hits, relevant, k)
	if relevant == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i, r := range within {
		sum += float64(i+1) / float64(r)
	}
	return sum / float64(min(k, relevant))
}

// inside gives the hits at ranks <= k, having checked what was handed in.
func inside(hits []int32, relevant, k int) []int32 {
	if k < 1 {
		panic(fmt.Sprintf("metric: cutoff %d: want at least 1", k))
	}
	if len(hits) > relevant {
		panic(fmt.Sprintf("metric: %d hits of %d relevant items", len(hits), relevant))
	}
	n := 0
	last := int32(0)
	for _, r := range hits {
		if r <= last {
			panic(fmt.Sprintf("metric: rank %d after %d: want ranks ascending from 1", r, last))
		}
		last = r
		if int(r) <= k {
			n++
		}
	}
	return hits[:n]
}
