package metric

import (
	"fmt"
	"math"
)

// Novelty is the mean self-information of the items shown: how surprising it is
// that a user drawn at random has met them. With c the number of training users
// of an item and users the number of all training users:
//
//	novelty@k = mean of −log2((c + 1)/(users + 1)) over the first k items
//
// It is measured in bits and lies in [0, log2(users + 1)]; 0 means items that
// everybody has. The mean is over the places that the list fills. NaN where it
// fills none. Panics where k < 1 or a count is not in [0, users]. Zhou et al.,
// Solving the apparent diversity-accuracy dilemma of recommender systems, PNAS
// 107(10), 2010. The 1 added above and below is ours: an item without training
// users would be infinitely novel.
func Novelty(counts []int32, users, k int) float64 {
	return over(counts, users, k, func(c int32) float64 {
		return math.Log2((float64(users) + 1) / (float64(c) + 1))
	})
}

// Popularity is the average recommendation popularity:
//
//	arp@k = mean of c over the first k items
//
// with c the number of training users of an item. It lies in [0, users]. The
// mean is over the places that the list fills. NaN where it fills none. Panics
// where k < 1 or a count is not in [0, users]. Yin, Cui, Li, Yao and Chen,
// Challenging the long tail recommendation, PVLDB 5(9), 2012; the name is of
// Abdollahpouri, Burke and Mobasher, FLAIRS 2019.
func Popularity(counts []int32, users, k int) float64 {
	return over(counts, users, k, func(c int32) float64 { return float64(c) })
}

// over averages a property of the first k items.
func over(counts []int32, users, k int, of func(count int32) float64) float64 {
	if k < 1 {
		panic(fmt.Sprintf("metric: cutoff %d: want at least 1", k))
	}
	shown := counts[:min(k, len(counts))]
	sum := 0.0
	for _, c := range shown {
		if c < 0 || int(c) > users {
			panic(fmt.Sprintf("metric: %d training users of %d", c, users))
		}
		sum += of(c)
	}
	return sum / float64(len(shown)) // 0/0 is NaN: nothing is shown
}

// Diversity is the mean dissimilarity of the pairs of items that a list shows,
// by the Jaccard index of their categories:
//
//	diversity@k = mean of 1 − |A ∩ B| / |A ∪ B| over pairs of the first k items
//
// Pairs in which an item has no category are left out. It lies in [0, 1]; 0
// means that all items have the same categories, 1 that no two share any. NaN
// where no pair is left. Each item's categories ascend; panics where they do
// not, or k < 1. Intra-list diversity of Smyth and McClave, Similarity vs.
// diversity, ICCBR 2001, as a mean; one minus the intra-list similarity of
// Ziegler et al., Improving recommendation lists through topic diversification,
// WWW 2005, over the number of pairs.
func Diversity(categories [][]int32, k int) float64 {
	if k < 1 {
		panic(fmt.Sprintf("metric: cutoff %d: want at least 1", k))
	}
	for _, c := range categories {
		for i := 1; i < len(c); i++ {
			if c[i] <= c[i-1] {
				panic(fmt.Sprintf("metric: category %d after %d: want them ascending", c[i], c[i-1]))
			}
		}
	}
	shown := categories[:min(k, len(categories))]
	sum, pairs := 0.0, 0
	for i, a := range shown {
		for _, b := range shown[:i] {
			if len(a) > 0 && len(b) > 0 {
				sum += 1 - jaccard(a, b)
				pairs++
			}
		}
	}
	return sum / float64(pairs) // 0/0 is NaN: no pair
}

// jaccard compares two ascending lists that are not both empty.
func jaccard(a, b []int32) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			common++
			i++
			j++
		}
	}
	return float64(common) / float64(len(a)+len(b)-common)
}
