package browse

import (
	"context"
	"math"
	"strings"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/memory"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
)

// pastKey tells memories apart: vectors are a backend's own.
type pastKey struct {
	backend string
	user    int32
}

func episodic(mode string) bool { return mode == agent.MemoryEpisodic || mode == agent.MemoryBoth }

func graphed(mode string) bool { return mode == agent.MemoryGraph || mode == agent.MemoryBoth }

// rememberedItems is how much of the past sentences are made of: the latest.
const rememberedItems = 100

// remember gives views what their users recall. What the visit itself brought stands
// on the page already, so that memory grows with it.
func (s *Simulator) remember(ctx context.Context, active []*session, views []agent.View) error {
	for i, v := range active {
		if s.forgets {
			forget(&views[i])
		}
		if s.lessons != nil {
			views[i].Lessons = s.lessons(v.life.user, views[i].State.Cards)
		}
		if graphed(s.Memory) {
			if err := s.evidence(ctx, v.life, views[i].State.Cards); err != nil {
				return err
			}
		}
		if !episodic(s.Memory) {
			continue
		}
		past, err := s.past(ctx, v.life)
		if err != nil {
			return err
		}
		if s.staged {
			views[i].Recall = func(ctx context.Context, questions []string) ([]string, trace.Usage, error) {
				found, err := past.Recall(ctx, s.embed, questions)
				return found, trace.Usage{Requests: 1}, err
			}
			continue
		}
		var questions []string
		for _, c := range views[i].State.Cards {
			questions = append(questions, s.describe(c.Item))
		}
		if views[i].Memory, err = past.Recall(ctx, s.embed, questions); err != nil {
			return err
		}
	}
	return nil
}

// evidence puts on each card what the graph memory says is closest to it.
func (s *Simulator) evidence(ctx context.Context, l *life, cards []page.Card) error {
	var cos func(a, b int32) float64
	if s.embed != nil { // else by who had both alone
		texts, err := s.itemTexts(ctx)
		if err != nil {
			return err
		}
		cos = texts.Cosine
	}
	l.once.Do(func() { l.fits = s.graph.Fits(l.items, s.counted(l.user)) })
	s.link(l, l.fits, cards, cos)
	return nil
}

// counted is 1 where the evidence has a user's interactions, which are to be left out of
// what the user is told of the items; else 0.
func (s *Stage) counted(u int32) int {
	if s.split.Attests(u) {
		return 1
	}
	return 0
}

// link names on each card the items of a life that say most about it.
func (s *Stage) link(l *life, fits []float64, cards []page.Card, cos func(a, b int32) float64) {
	for i := range cards {
		c := &cards[i]
		own, _ := s.own(l.user, c.Item)
		c.Similar = c.Similar[:0]
		for _, link := range s.graph.Evidence(c.Item, own, l.items, fits, similarShown, cos) {
			c.Similar = append(c.Similar, page.Similar{Title: s.titles[l.items[link.At]], Value: l.values[link.At], Strength: link.Strength})
		}
	}
}

// itemTexts embeds what is said of every item, once a backend.
func (s *Simulator) itemTexts(ctx context.Context) (*memory.Texts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.texts[s.backend]; ok {
		return t, nil
	}
	all := make([]string, len(s.titles))
	for it := range all {
		all[it] = s.describe(int32(it))
	}
	t, err := memory.NewTexts(ctx, s.embed, all)
	if err == nil {
		s.texts[s.backend] = t
	}
	return t, err
}

// describe is an item in words.
func (s *Stage) describe(it int32) string {
	parts := []string{s.titles[it]}
	for _, k := range s.of(it) {
		parts = append(parts, s.kinds[k])
	}
	if s.summaries != nil {
		parts = append(parts, s.summaries[it])
	}
	return strings.ToValidUTF8(strings.Join(parts, " "), "")
}

// past gives a user's sentences.
func (s *Simulator) past(ctx context.Context, l *life) (*memory.Past, error) {
	key := pastKey{s.backend, l.user}
	s.mu.Lock()
	p := s.pasts[key]
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	var sentences []string
	for at := max(0, len(l.items)-rememberedItems); at < len(l.items); at++ {
		it := l.items[at]
		line := "watched " + page.Quote(s.titles[it])
		for _, k := range s.of(it) {
			line += ", " + page.Quote(s.kinds[k])
		}
		if v := l.values[at]; !math.IsNaN(v) {
			line += ": gave it " + page.Number(v)
		}
		sentences = append(sentences, line)
	}
	p, err := memory.NewPast(ctx, s.embed, sentences)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pasts[key] = p
	return p, nil
}
