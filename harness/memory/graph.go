// Package memory is what a simulated user remembers: a graph of who had what, and
// sentences of the user's own past (METHOD 3).
//
// Its opinion: memory starts from the training part and nothing else, and what is
// asked about an item never rests on the asking user's own interaction with it.
package memory

import (
	"cmp"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/harness/corpus"
)

// Graph finds items alike by who has both. It is safe for concurrent use.
type Graph struct {
	train *corpus.Training
	users [][]int32 // by item

	dense []int32 // co-counts of small catalogues; nil: rows are made on demand
	mu    sync.RWMutex
	rows  map[int32]row
	lines sync.Pool // of *[]int32, zero: a count by item
}

// row is the co-counts of one item: by item where items is nil, else of items, which
// ascend.
type row struct {
	items  []int32
	counts []int32
}

// of counts the users who have z, too.
func (r row) of(z int32) int32 {
	if r.items == nil {
		return r.counts[z]
	}
	if at, ok := slices.BinarySearch(r.items, z); ok {
		return r.counts[at]
	}
	return 0
}

// maxDense is the largest catalogue whose co-counts are kept in one square: 64 MiB.
const maxDense = 4096

// NewGraph counts who has what in training interactions.
func NewGraph(train *corpus.Training) *Graph { return newGraph(train, maxDense) }

func newGraph(train *corpus.Training, square int) *Graph {
	n := train.Items()
	g := &Graph{train: train, users: make([][]int32, n)}
	for it := range g.users {
		g.users[it] = make([]int32, 0, train.Count(int32(it)))
	}
	for u := range int32(train.Users()) {
		for _, it := range train.Of(u) {
			g.users[it] = append(g.users[it], u)
		}
	}
	if n > square {
		g.rows = map[int32]row{}
		g.lines.New = func() any { line := make([]int32, n); return &line }
		return g
	}
	g.dense = make([]int32, n*n)
	for x := range int32(n) {
		g.count(x, g.dense[int(x)*n:(int(x)+1)*n])
	}
	return g
}

// count adds up who has an item and any other. A line at a time stays close at hand,
// which is what makes this fast.
func (g *Graph) count(x int32, line []int32) {
	for _, u := range g.users[x] {
		for _, it := range g.train.Of(u) {
			line[it]++
		}
	}
}

// row gives the co-counts of an item.
func (g *Graph) row(x int32) row {
	if n := g.train.Items(); g.dense != nil {
		return row{counts: g.dense[int(x)*n : (int(x)+1)*n]}
	}
	g.mu.RLock()
	r, ok := g.rows[x]
	g.mu.RUnlock()
	if ok {
		return r
	}
	line, _ := g.lines.Get().(*[]int32) // its New makes nothing else
	g.count(x, *line)
	n := 0
	for _, c := range *line {
		if c > 0 {
			n++
		}
	}
	r = row{items: make([]int32, 0, n), counts: make([]int32, 0, n)}
	for it, c := range *line {
		if c > 0 {
			r.items, r.counts = append(r.items, int32(it)), append(r.counts, c)
		}
	}
	clear(*line)
	g.lines.Put(line)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rows[x] = r
	return r
}

// PathSim is the similarity of two items over the users who have both (Sun, Han, Yan,
// Yu and Wu 2011): 2·|x~z| / (|x~x| + |z~z|). own is 1 where the asking user has x, and
// that interaction is to be left out of what is known of x; else 0. It is 0 where
// nobody has either.
// The asking user has z.
func (g *Graph) PathSim(x, z int32, own int) float64 { return g.alike(g.row(x), x, z, own) }

// alike is PathSim with the row of x.
func (g *Graph) alike(r row, x, z int32, own int) float64 {
	return pathSim(int(r.of(z))-own, len(g.users[x])-own, len(g.users[z]))
}

func pathSim(both, x, z int) float64 {
	if x+z <= 0 {
		return 0
	}
	return 2 * float64(max(0, both)) / float64(x+z)
}

// Affinity s_uy is the mean PathSim of x with the items of a history, x itself left
// out; 0 where nothing is left.
func (g *Graph) Affinity(x int32, own int, history []int32) float64 {
	r := g.row(x)
	sum, n := 0.0, 0
	for _, z := range history {
		if z != x {
			sum += g.alike(r, x, z, own)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Aversion is the mean PathSim of x with what the asking user passed by, over everybody
// else, x itself left out; 0 where nothing is left. Has says what the user has after all:
// what it does not have it shares with nothing, and to take it out there, too, would tell
// what became of x.
func (g *Graph) Aversion(x int32, passed []int32, has func(it int32) bool) float64 {
	r, own := g.row(x), has(x)
	sum, n := 0.0, 0
	for _, z := range passed {
		if z == x {
			continue
		}
		both, ofX, ofZ := int(r.of(z)), len(g.users[x]), len(g.users[z])
		if own {
			ofX--
		}
		if has(z) {
			ofZ--
			if own {
				both--
			}
		}
		sum += pathSim(both, ofX, ofZ)
		n++
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Weights of evidence (METHOD 3).
const (
	weightItems = 0.8
	weightUser  = 0.2
	weightText  = 0.25
)

// Link is an item of a history that speaks about another.
type Link struct {
	At       int // place in the history
	Strength float64
}

// Fits gives, for every item of a history, how well it fits the rest: s_uz. own is 1
// where the graph has the user's interactions: the one with the item is left out; else 0.
func (g *Graph) Fits(history []int32, own int) []float64 {
	out := make([]float64, len(history))
	for at, z := range history {
		out[at] = g.Affinity(z, own, history)
	}
	return out
}

// Evidence picks up to k items of a history that say most about x, by
// 0.8·s_xz + 0.2·s_uz + 0.25·max(0, cos): s_uz is that of [Graph.Fits], and cos how close
// the texts are; nil: no texts. Ties go by item.
func (g *Graph) Evidence(x int32, own int, history []int32, fits []float64, k int, cos func(a, b int32) float64) []Link {
	r := g.row(x)
	links := make([]Link, 0, len(history))
	for at, z := range history {
		if z == x {
			continue
		}
		s := weightItems*g.alike(r, x, z, own) + weightUser*fits[at]
		if cos != nil {
			s += weightText * max(0, cos(x, z))
		}
		links = append(links, Link{at, s})
	}
	slices.SortFunc(links, func(a, b Link) int {
		return cmp.Or(cmp.Compare(b.Strength, a.Strength), cmp.Compare(history[a.At], history[b.At]))
	})
	return links[:min(k, len(links))]
}
