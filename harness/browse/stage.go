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
	train      *corpus.Training // what recommenders are fitted on
	evidence   *corpus.Training // what is known of items and people in general
	sessions   *corpus.Sessions // of the evidence; nil: the data has none
	graph      *memory.Graph    // of the evidence
	scale      page.Scale
	titles     []string
	names      []string // of users
	summaries  []string // nil: none
	categories [][]int32
	kinds      []string  // names of categories
	had        []float64 // interactions of the evidence, by category
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
		split: split, train: split.Train(), evidence: split.Evidence(), sessions: split.Sessions(), graph: memory.NewGraph(split.Evidence()),
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
	if s.sessions != nil {
		s.longest = len(s.sessions.LeaveRates())
	}
	s.had = make([]float64, len(s.kinds))
	for it := range int32(s.evidence.Items()) {
		for _, c := range s.of(it) {
			s.had[c] += float64(s.evidence.Count(it))
		}
		sum, n := s.evidence.Values(it)
		s.sum, s.n = s.sum+sum, s.n+float64(n)
	}
}

// others tells of everybody but one user: the mean value, and the share of each
// category among interactions. A user's own, where the evidence has them, would be
// evidence about itself.
func (s *Stage) others(u int32) (mean float64, share []float64) {
	had, sum, n := slices.Clone(s.had), s.sum, s.n
	values := s.evidence.ValuesOf(u)
	for i, it := range s.evidence.Of(u) {
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

func (s *Stage) profile(l *life) agent.Profile {
	p := agent.Profile{Items: len(l.items), Rated: int(l.n), Mean: l.all, All: l.all}
	if l.n > 0 {
		p.Mean = l.sum / l.n
	}
	p.Met, p.Took = int(l.met), int(l.took)
	return p
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
	return agent.Leaving{Source: agent.ExitSessions, Hazard: s.sessions.LeaveRates()}
}
