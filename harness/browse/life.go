package browse

import (
	"math"
	"sync"

	"github.com/alignuser/alignuser/harness/corpus"
)

// life is what is known of a user at one moment: what was had before it.
type life struct {
	user   int32
	items  []int32 // oldest first
	values []float64
	kinds  []float64             // items by category
	given  []float64             // sum of their values
	rated  []float64             // how many have one
	sum, n float64               // of values
	all    float64               // mean value of everybody else; NaN: none
	share  []float64             // of everybody else's interactions, by category
	mine   map[int32]impressions // of all sessions that the evidence has of the user
	// What became of the cards of earlier training sessions.
	met, took           float64
	metKinds, tookKinds []float64     // by category
	skipped             []int32       // items shown and skipped, in their order, each once
	skips               map[int32]int // how often

	once sync.Once // of a whole life
	fits []float64 // how well each item fits the others

	linked  bool      // keeps linkage as the life goes on
	linkage []float64 // by item: sum of its similarities with the others
}

// fitting gives fits of a life under way that is linked.
func (l *life) fitting() []float64 {
	out := make([]float64, len(l.linkage))
	for i, sum := range l.linkage {
		out[i] = sum / float64(max(1, len(l.linkage)-1))
	}
	return out
}

// impressions count how often a user was shown an item in sessions.
type impressions struct{ shown, watched int }

func (s *Stage) newLife(u int32) *life {
	k := len(s.kinds)
	l := &life{user: u, kinds: make([]float64, k), given: make([]float64, k), rated: make([]float64, k), mine: map[int32]impressions{}, metKinds: make([]float64, k), tookKinds: make([]float64, k), skips: map[int32]int{}}
	l.all, l.share = s.others(u)
	if s.sessions != nil {
		for _, v := range s.sessions.Of(u) {
			for _, p := range v.Pages {
				for i, it := range p.Items {
					m := l.mine[it]
					m.shown++
					if p.Watched[i] {
						m.watched++
					}
					l.mine[it] = m
				}
			}
		}
	}
	return l
}

// live adds an interaction.
func (s *Stage) live(l *life, it int32, value float64) {
	if l.linked {
		own := 0.0
		for at, z := range l.items {
			l.linkage[at] += s.graph.PathSim(z, it, 1)
			own += s.graph.PathSim(it, z, 1)
		}
		l.linkage = append(l.linkage, own)
	}
	l.items, l.values = append(l.items, it), append(l.values, value)
	rated := !math.IsNaN(value)
	if rated {
		l.sum, l.n = l.sum+value, l.n+1
	}
	for _, c := range s.of(it) {
		l.kinds[c]++
		if rated {
			l.given[c] += value
			l.rated[c]++
		}
	}
}

// visit adds what became of the cards of a session.
func (s *Stage) visit(l *life, v corpus.Visit) {
	for _, p := range v.Pages {
		for i, it := range p.Items {
			took := 0.0
			if p.Watched[i] {
				took = 1
			} else if l.skips[it]++; l.skips[it] == 1 {
				l.skipped = append(l.skipped, it)
			}
			l.met, l.took = l.met+1, l.took+took
			for _, k := range s.of(it) {
				l.metKinds[k], l.tookKinds[k] = l.metKinds[k]+1, l.tookKinds[k]+took
			}
		}
	}
}

// whole gives a user's life at the end of training.
func (s *Stage) whole(u int32) *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lives[u]; l != nil {
		return l
	}
	l := s.newLife(u)
	for _, e := range s.split.History(u) {
		s.live(l, e.Item, float64(e.Value))
	}
	for _, v := range s.split.Past(u) {
		s.visit(l, v)
	}
	s.lives[u] = l
	return l
}
