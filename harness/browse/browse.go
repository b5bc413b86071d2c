package browse

import (
	"context"
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/memory"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Settings are the rules of a session that a suite decides.
type Settings struct {
	PageSize int
	Limit    int      // list pages; a session that it stops is censored
	Fields   []string // of cards, in prompts
	Full     bool     // users may go back and open cards
	Prior    Prior
	// Ratio is the items never touched for each that was on the reconstructed pages that
	// arms learn from; 0: pages of one among four, and watching is brought to the rate
	// of Prior.
	Ratio  int
	Seed   uint64 // of the cell; it hashes no arm
	Repeat int
}

// Visit is a session to be run.
type Visit struct {
	User     int32
	Exposure int // which session of the user, from 0
}

// Simulator is an arm ready to browse.
type Simulator struct {
	*Stage
	Settings
	Agent   agent.Agent
	Persona string // mode
	Memory  string // mode
	Placebo string
	Exit    string // where leaving comes from
	Runs    int    // independent runs among the exposures; 0: one

	backend  string          // its name
	language bool            // it is a language model
	asker    agent.Asker     // it
	embed    memory.Embedder // of kinds that ask
	staged   bool            // the agent asks itself what to remember
	forgets  bool            // cards do not speak of the user's past
	lessons  func(user int32, cards []page.Card) []string
}

// Run carries visits out. Sessions come in the order of the visits.
func (s *Simulator) Run(ctx context.Context, rec sdk.Recommender, visits []Visit) ([]trace.Session, error) {
	if err := s.meet(ctx, visits); err != nil {
		return nil, err
	}
	all := make([]*session, len(visits))
	for i, v := range visits {
		all[i] = s.enter(v)
	}
	active := slices.Clone(all)
	for len(active) > 0 {
		if err := s.stock(ctx, rec, active); err != nil {
			return nil, err
		}
		active = slices.DeleteFunc(active, (*session).over)
		if len(active) == 0 {
			break
		}
		views := make([]agent.View, len(active))
		for i, v := range active {
			views[i] = v.view()
		}
		if err := s.remember(ctx, active, views); err != nil {
			return nil, err
		}
		decisions, err := s.decide(ctx, views)
		if err != nil {
			return nil, err
		}
		for i, v := range active {
			v.decided(views[i], decisions[i])
		}
		active = slices.DeleteFunc(active, (*session).over)
	}
	if err := s.close(ctx, all); err != nil {
		return nil, err
	}
	out := make([]trace.Session, len(all))
	for i, v := range all {
		out[i] = v.trace
	}
	return out, nil
}

// Teach has the agent decide about pages that are given, each by itself. It fills in
// whom the agent takes the user for.
func (s *Simulator) Teach(ctx context.Context, views []agent.View) ([]trace.Decision, error) {
	var visits []Visit
	for _, v := range views {
		visits = append(visits, Visit{User: v.User, Exposure: v.Exposure})
	}
	if err := s.meet(ctx, visits); err != nil {
		return nil, err
	}
	active := make([]*session, len(views))
	for i := range views {
		v := &views[i]
		active[i] = s.enter(Visit{User: v.User, Exposure: v.Exposure})
		v.Seed, v.Repeat, v.Persona = active[i].seed, s.Repeat, active[i].persona
		v.Profile = s.profile(active[i].life)
		v.State.Actions = page.Actions(v.State.View, v.State.Page, len(v.State.Cards), s.Full)
		if active[i].life.user != v.User { // a placebo: the cards as a stranger sees them
			for c := range v.State.Cards {
				card := &v.State.Cards[c]
				recent, tired := card.Recent, card.Tired
				*card = s.card(active[i].life, card.Item, nil, nil)
				card.Recent, card.Tired = recent, tired
			}
		}
	}
	if err := s.remember(ctx, active, views); err != nil {
		return nil, err
	}
	return s.decide(ctx, views)
}

// stock asks the recommender for the next list page of every session that needs one.
func (s *Simulator) stock(ctx context.Context, rec sdk.Recommender, active []*session) error {
	wanting := slices.DeleteFunc(slices.Clone(active), func(v *session) bool { return v.at < len(v.lists) })
	const most = 1024 // users in one call
	for part := range slices.Chunk(wanting, most) {
		r := sdk.RecommendRequest{K: s.PageSize, Purpose: sdk.PurposePage, Seed: s.Seed}
		for _, v := range part {
			r.Users = append(r.Users, v.trace.User)
			r.Pages = append(r.Pages, int32(v.at))
			r.Sessions = append(r.Sessions, int64(v.trace.Exposure))
			r.History.Append(v.shown...)
			r.HistoryKinds = append(r.HistoryKinds, v.kinds...)
			r.Exclude.Append(v.excluded()...)
		}
		reply, err := rec.Recommend(ctx, r)
		if err != nil {
			return err
		}
		for i, v := range part {
			items := slices.Clone(reply.Items[i*s.PageSize : i*s.PageSize+int(reply.Counts[i])])
			if len(items) == 0 {
				v.end(trace.EndEmpty)
				continue
			}
			v.lists = append(v.lists, items)
			v.show(items)
		}
	}
	return nil
}

// close interviews everybody who saw a page.
func (s *Simulator) close(ctx context.Context, all []*session) error {
	var closed []agent.Closing
	var whose []*session
	for _, v := range all {
		if len(v.trace.Pages) > 0 {
			closed = append(closed, agent.Closing{View: v.last, Session: &v.trace})
			whose = append(whose, v)
		}
	}
	told, err := s.Agent.Interview(ctx, closed)
	if err != nil || told == nil {
		return err
	}
	for i, v := range whose {
		v.trace.Closing = told[i]
		if told[i] != nil {
			v.trace.Usage.Add(told[i].Usage)
		}
	}
	return nil
}

// session is a visit under way.
type session struct {
	s     *Simulator
	life  *life
	sofar *sofar
	seed  uint64
	trace trace.Session
	last  agent.View

	shown   []int32
	kinds   []uint8 // what became of shown
	lists   [][]int32
	at      int // the list page that is looked at
	detail  int // place of the card that is open; -1: none
	steps   int
	persona string
}

// sessionStream keeps sessions apart from other uses of a cell's seed.
const sessionStream = 0x73657373696f6e // "session"

func (s *Simulator) enter(v Visit) *session {
	out := &session{
		s: s, sofar: s.begin(), detail: -1, trace: trace.Session{User: v.User, Name: s.names[v.User], Exposure: v.Exposure},
		seed: sdk.Mix(s.Seed, sessionStream, uint64(uint32(v.User)), uint64(v.Exposure)),
	}
	person, life := s.person(v.User), v.User
	if person != v.User {
		out.trace.Placebo = &person
	}
	if s.Placebo == agent.PlaceboUser {
		life = person
	}
	out.life = s.whole(life)
	s.introduce(out, person)
	return out
}

func (v *session) over() bool { return v.trace.End != "" }

func (v *session) end(why trace.End) { v.trace.End = why }

// excluded lists what the recommender must not answer: the user's own training and
// validation items, and what the session has shown.
func (v *session) excluded() []int32 {
	u := v.trace.User
	out := slices.Concat(v.s.train.Of(u), v.s.split.Valid().Of(u), v.shown)
	slices.Sort(out)
	return slices.Compact(out)
}

// show notes the cards of a new page.
func (v *session) show(items []int32) {
	v.shown = append(v.shown, items...)
	v.kinds = append(v.kinds, make([]uint8, len(items))...)
}

// items are those of the page that is looked at.
func (v *session) items() []int32 {
	if v.detail >= 0 {
		return v.lists[v.at][v.detail : v.detail+1]
	}
	return v.lists[v.at]
}

func (v *session) view() agent.View {
	st := v.s.state(v.life, v.sofar, v.at, v.items(), v.s.Limit)
	if v.detail >= 0 {
		st.View = trace.Detail
	}
	st.Actions = page.Actions(st.View, v.at, len(st.Cards), v.s.Full)
	return agent.View{
		User: v.trace.User, Exposure: v.trace.Exposure, Seed: v.seed, Repeat: v.s.Repeat,
		Persona: v.persona, Profile: v.s.profile(v.life), State: st,
	}
}

// stepsPerPage bounds the looks at pages, so that a session that goes back and
// forth for ever ends.
const stepsPerPage = 4

// Looks is how many pages a session looks at, at most.
func Looks(s Settings) int {
	if s.Full {
		return stepsPerPage * s.Limit
	}
	return s.Limit
}

// decide asks the agent, and holds it to a decision about every card.
func (s *Simulator) decide(ctx context.Context, views []agent.View) ([]trace.Decision, error) {
	decisions, err := s.Agent.Decide(ctx, views)
	if err != nil {
		return nil, err
	}
	for i, d := range decisions {
		if v := &views[i]; len(d.Cards) != len(v.State.Cards) {
			return nil, fmt.Errorf("user %d, page %d: the agent decided about %d cards of %d", v.User, v.State.Page, len(d.Cards), len(v.State.Cards))
		}
	}
	return decisions, nil
}

// decided takes the agent's decision in and moves on.
func (v *session) decided(seen agent.View, d trace.Decision) {
	v.last = seen
	v.steps++
	v.trace.Usage.Add(d.Usage)
	look := trace.PageView{Page: v.at, Items: slices.Clone(v.items()), Decision: d}
	if v.detail >= 0 {
		look.View = trace.Detail
	}
	v.trace.Pages = append(v.trace.Pages, look)
	v.s.passed(v.sofar, v.at, seen.State.Cards, d)
	v.mark(look)
	switch {
	case d.Invalid != "":
		v.end(trace.EndInvalid)
		return
	case v.detail >= 0:
		v.detail = -1
	case d.Action == trace.Exit:
		v.end(trace.EndExit)
		return
	case d.Action == trace.Click && d.Clicked < len(look.Items):
		v.detail = d.Clicked
	case d.Action == trace.Previous && v.at > 0:
		v.at--
	default:
		v.at++
	}
	if v.at >= v.s.Limit || v.steps >= stepsPerPage*v.s.Limit {
		v.end(trace.EndLimit)
	}
}

// mark tells the recommender, from the next page on, what became of the cards.
func (v *session) mark(look trace.PageView) {
	for i, it := range look.Items {
		c := look.Decision.Cards[i]
		if !c.Watch {
			continue
		}
		at := slices.Index(v.shown, it)
		v.kinds[at] = sdk.HistoryWatched
		if c.Value != nil && *c.Value >= v.s.scale.LikeAt {
			v.kinds[at] = sdk.HistoryLiked
		}
		if c.Value != nil && *c.Value <= v.s.scale.DislikeAt {
			v.kinds[at] = sdk.HistoryDisliked
		}
	}
}

// Header says what the metrics of sessions need to know.
func (s *Simulator) Header(sessions []trace.Session) trace.Header {
	h := trace.Header{
		PageSize: s.PageSize, PageLimit: s.Limit, LikeAt: s.scale.LikeAt, Categories: s.kinds, Items: s.train.Items(), Exit: s.Exit, Runs: s.Runs,
	}
	for u := range int32(s.train.Users()) {
		if len(s.train.Of(u)) > 0 {
			h.Users++
		}
	}
	if note := s.personNote(sessions); note != "" {
		h.Notes = []string{note}
	}
	seen := map[int32]bool{}
	for i := range sessions {
		for _, v := range sessions[i].Pages {
			for _, it := range v.Items {
				seen[it] = true
			}
		}
	}
	for it := range int32(s.train.Items()) {
		if seen[it] {
			h.Shown = append(h.Shown, trace.ItemFacts{Item: it, Title: s.titles[it], Count: int32(s.train.Count(it)), Categories: s.of(it)})
		}
	}
	return h
}
