// Package browse runs sessions: a recommender shows pages to a simulated user, an
// agent decides, and the trace says what happened (METHOD 3).
//
// Its opinions. Sessions of many users go forward together, page by page, so that
// recommenders and backends are asked in batches; what happens to one session never
// depends on which others are in its batch. Everything that an agent learns of a
// user or an item is computed here, from the training part, by one function for
// people who are watched learning and people who are simulated.
package browse

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/memory"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/persona"
)

// Stage is what all sessions on one split share. It is safe for concurrent use.
type Stage struct {
	split      *corpus.Split
	train      *corpus.Training
	sessions   *corpus.Sessions // nil: the data has none
	graph      *memory.Graph
	scale      page.Scale
	titles     []string
	names      []string // of users
	summaries  []string // nil: none
	categories [][]int32
	kinds      []string  // names of categories
	had        []float64 // training interactions, by category
	longest    int       // pages of the longest training session: the limit that people's pages name
	sum, n     float64   // of all values

	mu     sync.Mutex
	lives  map[int32]*life
	people map[string][]persona.Persona // by mode
	swap   func() []int32               // by user, whose life a placebo is given
	met    map[pastKey]persona.Found    // personas that a language model chose
	models map[modelKey]*learned
	pasts  map[pastKey]*memory.Past
	texts  map[string]*memory.Texts // by backend
}

// NewStage computes what all sessions share. It needs the corpus open, here only.
func NewStage(split *corpus.Split) *Stage {
	s := &Stage{
		split: split, train: split.Train(), sessions: split.Sessions(), graph: memory.NewGraph(split.Train()),
		titles: split.Titles(), summaries: split.Summaries(), categories: split.Categories(), kinds: split.CategoryNames(),
		lives: map[int32]*life{}, people: map[string][]persona.Persona{}, models: map[modelKey]*learned{}, pasts: map[pastKey]*memory.Past{}, texts: map[string]*memory.Texts{}, met: map[pastKey]persona.Found{},
	}
	if c := split.Scale(); c != nil {
		s.scale = page.Scale{Min: c.Min, Max: c.Max, Step: c.Step, LikeAt: c.LikeAt, DislikeAt: c.DislikeAt}
	}
	s.people[agent.PersonaAttributes] = persona.Attributes(split)
	s.people[agent.PersonaMatched] = persona.Template(split)
	uid, _ := split.UserTable().Column("uid")
	s.names, _ = uid.Data.([]string) // checked when the corpus was built
	s.swap = sync.OnceValue(func() []int32 { return persona.Derange(split, placeboSeed) })
	s.count()
	return s
}

// Users gives the names of all users, by number. They are the data set's and not to be
// believed.
func (s *Stage) Users() []string { return slices.Clone(s.names) }

// count sums values, and interactions by category, and finds the longest session.
func (s *Stage) count() {
	for u := range int32(s.train.Users()) {
		if s.sessions == nil {
			break
		}
		for _, v := range s.sessions.Of(u) {
			s.longest = max(s.longest, len(v.Pages))
		}
	}
	s.had = make([]float64, len(s.kinds))
	for it := range int32(s.train.Items()) {
		for _, c := range s.of(it) {
			s.had[c] += float64(s.train.Count(it))
		}
		sum, n := s.train.Values(it)
		s.sum, s.n = s.sum+sum, s.n+float64(n)
	}
}

// others tells of everybody but one user: the mean value, and the share of each
// category among interactions. A user's own would be evidence about itself.
func (s *Stage) others(u int32) (mean float64, share []float64) {
	had, sum, n := slices.Clone(s.had), s.sum, s.n
	values := s.train.ValuesOf(u)
	for i, it := range s.train.Of(u) {
		for _, c := range s.of(it) {
			had[c]--
		}
		if values != nil && values[i] == values[i] {
			sum, n = sum-float64(values[i]), n-1
		}
	}
	total := 0.0
	for _, v := range had {
		total += v
	}
	for c := range had {
		had[c] = (had[c] + 1) / (total + float64(len(had)))
	}
	if n > 0 {
		return sum / n, had
	}
	return math.NaN(), had
}

func (s *Stage) of(it int32) []int32 {
	if s.categories == nil {
		return nil
	}
	return s.categories[it]
}

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
	mine   map[int32]impressions // of all training sessions
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

// impressions count how often a user was shown an item in training sessions.
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
	if s.sessions != nil {
		for _, v := range s.sessions.Of(u) {
			s.visit(l, v)
		}
	}
	s.lives[u] = l
	return l
}

func (s *Stage) profile(l *life) agent.Profile {
	p := agent.Profile{Items: len(l.items), Rated: int(l.n), Mean: l.all, All: l.all}
	if l.n > 0 {
		p.Mean = l.sum / l.n
	}
	p.Met, p.Took = int(l.met), int(l.took)
	return p
}

// similarShown is how many of the user's own items a card names (METHOD 3: k2 = 3).
const similarShown = 3

// card tells what the user of a life may know of an item. Its own interaction with
// the item is no part of it: neither of the counts, nor of what is similar (METHOD
// 2). Recent and tired count the kinds watched on the page before and in the session.
func (s *Stage) card(l *life, it int32, recent, tired []float64) page.Card {
	own, ownValue := s.own(l.user, it)
	c := page.Card{
		Item: it, Title: s.titles[it], Count: s.train.Count(it) - own, Mean: math.NaN(), Shown: -1, KinMean: math.NaN(), KinRate: math.NaN(),
	}
	sum, n := s.train.Values(it)
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
	sum, n := 0.0, 0.0
	for _, z := range l.skipped {
		if z != c.Item {
			sum, n = sum+s.graph.PathSim(c.Item, z, own), n+1
		}
	}
	if n > 0 {
		c.Aversion = sum / n
	}
}

// usualRate stands in for the rate of a user who was shown nothing yet.
const usualRate = 0.25

// own reports whether a user has an item in training, and the value given.
func (s *Stage) own(u, it int32) (int, float64) {
	at, ok := slices.BinarySearch(s.train.Of(u), it)
	if !ok {
		return 0, math.NaN()
	}
	if values := s.train.ValuesOf(u); values != nil {
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

// persona gives the text that a prompt says of a user.
func (s *Stage) persona(mode string, u int32) string {
	if mode == agent.PersonaNone || mode == "" {
		return ""
	}
	return s.people[mode][u].Text()
}

// placeboSeed fixes who is exchanged with whom: placebos of all runs on a split are
// the same.
const placeboSeed = 0x706c616365626f // "placebo"

// modelKey tells models apart.
type modelKey struct {
	kind  string
	prior Prior
	ratio int
}

// learned is a model, fitted on first use.
type learned struct {
	once  sync.Once
	model *agent.Model
	err   error
}

// Prior is what is declared where the data has no sessions (METHOD 4).
type Prior struct {
	WatchRate float64 // of cards
	Leave     float64 // after every page
}

// Model gives the model of a kind of arm, fitted on this split's demonstrations. With a
// ratio, pages without sessions are reconstructed at it, and watching keeps its rate.
func (s *Stage) Model(ctx context.Context, k agent.Kind, prior Prior, ratio int) (*agent.Model, error) {
	s.mu.Lock()
	key := modelKey{k.Name, prior, ratio}
	m := s.models[key]
	if m == nil {
		m = &learned{}
		s.models[key] = m
	}
	s.mu.Unlock()
	m.once.Do(func() {
		m.model, m.err = agent.Fit(ctx, s.Demonstrations(Teaching{Ratio: ratio}), k.Learns, agent.Prior{WatchRate: prior.WatchRate, Leave: []float64{prior.Leave}, Keep: ratio > 0})
	})
	return m.model, m.err
}

// Leaving gives the probability of leaving for arms that have none of their own:
// that of training sessions by page, or the declared one.
func (s *Stage) Leaving(prior Prior) agent.Leaving {
	if s.sessions == nil {
		return agent.Leaving{Source: agent.ExitPrior, Hazard: []float64{prior.Leave}}
	}
	var left, seen []float64
	for u := range int32(s.train.Users()) {
		for _, v := range s.sessions.Of(u) {
			for n, p := range v.Pages {
				if n == len(seen) {
					seen, left = append(seen, 0), append(left, 0)
				}
				seen[n]++
				if p.Left {
					left[n]++
				}
			}
		}
	}
	l := agent.Leaving{Source: agent.ExitSessions}
	for n := range seen {
		l.Hazard = append(l.Hazard, (left[n]+1)/(seen[n]+2))
	}
	return l
}
