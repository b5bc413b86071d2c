package sdk

import (
	"cmp"
	"slices"
)

// TieHash orders items of equal score: the smaller hash comes first. Every arm
// uses the same seed, so no recommender gains by the order of ids. The hash is
// splitmix64's finaliser over seed, user and item folded in that order:
//
//	h = mix(seed + 0x9e3779b97f4a7c15)
//	h = mix(h ^ (uint64(uint32(user)) + 0x9e3779b97f4a7c15))
//	h = mix(h ^ (uint64(uint32(item)) + 0x9e3779b97f4a7c15))
func TieHash(seed uint64, user, item int32) uint64 {
	return Mix(seed, uint64(uint32(user)), uint64(uint32(item)))
}

// Mix derives a seed from a seed and any number of parts, the way TieHash does.
func Mix(seed uint64, parts ...uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15
	h := mix64(seed + golden)
	for _, p := range parts {
		h = mix64(h ^ (p + golden))
	}
	return h
}

// mix64 is the finaliser of splitmix64 (Steele, Lea, Flood 2014, variant 13).
func mix64(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// ranked is an item with its score.
type ranked struct {
	Item  int32
	Score float32
	tie   uint64
}

func before(a, b ranked) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	if c := cmp.Compare(a.tie, b.tie); c != 0 {
		return c
	}
	return cmp.Compare(a.Item, b.Item)
}

// Ranker turns dense scores into the answer of Recommend: it leaves out
// excluded items, keeps to candidates, and orders ties by hash. It keeps
// buffers between calls and must not be shared by goroutines.
type Ranker struct {
	blocked []bool
	heap    []ranked
}

// Fill writes row i of a reply from scores over all items (length n, by item
// id). NaN scores are left out.
func (k *Ranker) Fill(reply *RecommendReply, r *RecommendRequest, i int, scores []float32) {
	if len(k.blocked) < len(scores) {
		k.blocked = make([]bool, len(scores))
	}
	exclude := r.Exclude.Row(i)
	for _, it := range exclude {
		if int(it) < len(scores) && it >= 0 {
			k.blocked[it] = true
		}
	}
	k.heap = k.heap[:0]
	user := r.Users[i]
	if r.Candidates != nil {
		for _, it := range r.Candidates.Row(i) {
			if it >= 0 && int(it) < len(scores) && !k.blocked[it] {
				k.blocked[it] = true // a candidate named twice counts once
				k.offer(r.Seed, user, it, scores[it], r.K)
			}
		}
		for _, it := range r.Candidates.Row(i) {
			if it >= 0 && int(it) < len(scores) {
				k.blocked[it] = false
			}
		}
	} else {
		for it := range scores {
			if !k.blocked[it] {
				k.offer(r.Seed, user, int32(it), scores[it], r.K)
			}
		}
	}
	for _, it := range exclude {
		if int(it) < len(scores) && it >= 0 {
			k.blocked[it] = false
		}
	}
	slices.SortFunc(k.heap, before)
	reply.Counts[i] = int32(len(k.heap))
	for j, x := range k.heap {
		reply.Items[i*r.K+j], reply.Scores[i*r.K+j] = x.Item, x.Score
	}
}

// offer keeps the best limit items in a heap with the worst on top.
func (k *Ranker) offer(seed uint64, user, item int32, score float32, limit int) {
	if score != score || limit == 0 {
		return
	}
	if len(k.heap) == limit && score < k.heap[0].Score {
		return
	}
	x := ranked{Item: item, Score: score, tie: TieHash(seed, user, item)}
	if len(k.heap) < limit {
		k.heap = append(k.heap, x)
		for c := len(k.heap) - 1; c > 0; {
			p := (c - 1) / 2
			if before(k.heap[c], k.heap[p]) <= 0 {
				break
			}
			k.heap[c], k.heap[p] = k.heap[p], k.heap[c]
			c = p
		}
		return
	}
	if before(x, k.heap[0]) >= 0 {
		return
	}
	k.heap[0] = x
	for p := 0; ; {
		c := 2*p + 1
		if c >= len(k.heap) {
			break
		}
		if c+1 < len(k.heap) && before(k.heap[c+1], k.heap[c]) > 0 {
			c++
		}
		if before(k.heap[c], k.heap[p]) <= 0 {
			break
		}
		k.heap[p], k.heap[c] = k.heap[c], k.heap[p]
		p = c
	}
}
