package browse

import (
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/page"
)

// similarShown is how many of the user's own items a card names (METHOD 3: k2 = 3).
const similarShown = 3

// card tells what the user of a life may know of an item. Its own interaction with
// the item is no part of it: neither of the counts, nor of what is similar (METHOD
// 2). Recent and tired count the kinds watched on the page before and in the session.
func (s *Stage) card(l *life, it int32, recent, tired []float64) page.Card {
	own, ownValue := s.own(l.user, it)
	c := page.Card{
		Item: it, Title: s.titles[it], Count: s.evidence.Count(it) - own, Mean: math.NaN(), Shown: -1, KinMean: math.NaN(), KinRate: math.NaN(),
	}
	sum, n := s.evidence.Values(it)
	if !math.IsNaN(ownValue) {
		sum, n = sum-ownValue, n-1
	}
	if n > 0 {
		c.Mean = sum / float64(n)
	}
	if s.summaries != nil {
		c.Summary = s.summaries[it]
	}
	if s.sessions != nil {
		m := l.mine[it]
		c.Shown, c.Watched = s.sessions.ShownCount(it)-m.shown, s.sessions.WatchedCount(it)-m.watched
		s.reacted(&c, l, own)
	}
	s.kin(&c, l, s.of(it), recent, tired)
	s.alike(&c, l, own)
	return c
}

// reacted fills in what rests on cards that were shown before.
func (s *Stage) reacted(c *page.Card, l *life, own int) {
	const damping = 5 // how many cards the user's rate, and everybody's, counts for
	usual := (l.took + damping*usualRate) / (l.met + damping)
	of := s.of(c.Item)
	c.KinRate = usual
	if len(of) > 0 {
		c.KinRate = 0
	}
	for _, k := range of {
		c.KinRate += (l.tookKinds[k] + damping*usual) / (l.metKinds[k] + damping) / float64(len(of))
	}
	c.Skipped = l.skips[c.Item]
	c.Aversion = s.graph.Aversion(c.Item, l.skipped, func(it int32) bool {
		has, _ := s.own(l.user, it)
		return has > 0
	})
}

// usualRate stands in for the rate of a user who was shown nothing yet.
const usualRate = 0.25

// own reports whether an item's statistics have an interaction of the user, and its
// value: it is to be left out of what the user is told. Of users who are no part of the
// evidence they have none.
func (s *Stage) own(u, it int32) (int, float64) {
	at, ok := slices.BinarySearch(s.evidence.Of(u), it)
	if !ok {
		return 0, math.NaN()
	}
	if values := s.evidence.ValuesOf(u); values != nil {
		return 1, float64(values[at])
	}
	return 1, math.NaN()
}

// kin fills in what rests on categories.
func (s *Stage) kin(c *page.Card, l *life, of []int32, recent, tired []float64) {
	if len(of) == 0 {
		return
	}
	const damping = 5 // how many interactions everybody's taste counts for
	sum, n := 0.0, 0.0
	for _, k := range of {
		c.Categories = append(c.Categories, s.kinds[k])
		c.Kin = max(c.Kin, int(l.kinds[k]))
		sum, n = sum+l.given[k], n+l.rated[k]
		c.Lift += math.Log((l.kinds[k]+damping*l.share[k])/(float64(len(l.items))+damping)/l.share[k]) / float64(len(of))
		if recent != nil {
			c.Recent += recent[k] / float64(len(of))
			c.Tired += tired[k] / float64(len(of))
		}
	}
	if n > 0 {
		c.KinMean = sum / n
	}
}

// alike fills in what rests on who had both items.
func (s *Stage) alike(c *page.Card, l *life, own int) {
	type link struct {
		at  int
		sim float64
	}
	var best [similarShown]link
	found := 0
	sum, others := 0.0, 0.0
	for at, z := range l.items {
		if z == c.Item {
			continue
		}
		others++
		sim := s.graph.PathSim(c.Item, z, own)
		if sim <= 0 {
			continue
		}
		sum += sim
		place := found
		for place > 0 && (best[place-1].sim < sim || best[place-1].sim == sim && l.items[best[place-1].at] > z) {
			place--
		}
		if place < similarShown {
			found = min(found+1, similarShown)
			copy(best[place+1:found], best[place:])
			best[place] = link{at, sim}
		}
	}
	if others > 0 {
		c.Affinity = sum / others
	}
	for _, b := range best[:found] {
		c.Similar = append(c.Similar, page.Similar{Title: s.titles[l.items[b.at]], Value: l.values[b.at], Strength: b.sim})
	}
}
