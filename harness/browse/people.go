package browse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/persona"
	"github.com/alignuser/alignuser/harness/trace"
)

// personSeed fixes what is drawn for matching: the same in every run on a split.
const personSeed = 0x706572736f6e // "person"

// matching reports whether a language model is to propose and choose personas.
func (s *Simulator) matching() bool { return s.Persona == agent.PersonaMatched && s.language }

// meet finds the personas of visitors, where a language model is to propose and choose
// them. Each user is matched once a backend and run.
func (s *Simulator) meet(ctx context.Context, visits []Visit) error {
	if !s.matching() {
		return nil
	}
	unknown := s.strangers(visits)
	if len(unknown) == 0 {
		return nil
	}
	m, err := persona.NewMatcher(s.split, s.people[agent.PersonaMatched])
	if err != nil {
		return err
	}
	found := make([]persona.Found, len(unknown))
	err = agent.Each(ctx, len(unknown), func(ctx context.Context, i int) (err error) {
		found[i], err = m.Match(ctx, s.asker, unknown[i], personSeed)
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, u := range unknown {
		s.met[pastKey{s.backend, u}] = found[i]
	}
	return nil
}

// strangers lists whom visitors are taken for and nobody has met yet.
func (s *Simulator) strangers(visits []Visit) []int32 {
	var out []int32
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range visits {
		u := s.person(v.User)
		if _, known := s.met[pastKey{s.backend, u}]; !known {
			out = append(out, u)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// person gives whose persona a user has. It takes no lock.
func (s *Simulator) person(u int32) int32 {
	if s.Placebo == agent.PlaceboUser || s.Placebo == agent.PlaceboPersona {
		return s.swap()[u]
	}
	return u
}

// introduce gives a session its persona. Whoever meets somebody a second time asks
// nobody, so that the cost of matching is in the user's first session alone; that of
// every cell has it, whichever cell was there first.
func (s *Simulator) introduce(v *session, person int32) {
	v.persona = s.persona(s.Persona, person)
	if s.matching() {
		s.mu.Lock()
		f := s.met[pastKey{s.backend, person}]
		s.mu.Unlock()
		v.persona = f.Persona.Text()
		v.trace.Matching = &trace.Matching{Score: f.Score, Template: f.Template, Invalid: f.Invalid}
		if v.trace.Exposure == 0 {
			v.trace.Usage.Add(trace.Usage{Requests: f.Usage.Requests, PromptTokens: f.Usage.PromptTokens, CompletionTokens: f.Usage.CompletionTokens})
		}
	}
	v.trace.Persona = v.persona
}

// personNote says how personas came about. It reads the sessions and nothing else: a
// cell that goes on after a kill has met nobody of those before.
func (s *Simulator) personNote(sessions []trace.Session) string {
	if s.Persona != agent.PersonaMatched {
		return ""
	}
	if !s.language {
		return "personas by template: the backend is no language model"
	}
	users := map[int32]bool{}
	why := map[string]int{}
	invalid := 0
	for i := range sessions {
		u, m := s.person(sessions[i].User), sessions[i].Matching
		if m == nil || users[u] {
			continue
		}
		users[u] = true
		invalid += m.Invalid
		if m.Template != "" {
			why[m.Template]++
		}
	}
	var parts []string
	for reason, n := range why {
		parts = append(parts, fmt.Sprintf("personas of %d of %d users by template: %s", n, len(users), reason))
	}
	slices.Sort(parts)
	if invalid > 0 {
		parts = append(parts, fmt.Sprintf("answers about personas that were invalid: %d", invalid))
	}
	return strings.Join(parts, "; ")
}
