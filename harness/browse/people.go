package browse

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/persona"
)

// personSeed fixes what is drawn for matching: the same in every run on a split.
const personSeed = 0x706572736f6e // "person"

// matched is the persona of a user as a language model sees it.
type matched struct {
	text string
	ok   bool
}

// meet finds the personas of visitors, where a language model is to propose and choose
// them. Each user is matched once a backend and run.
func (s *Simulator) meet(ctx context.Context, visits []Visit) error {
	if s.Persona != agent.PersonaMatched || !s.language {
		return nil
	}
	var unknown []int32
	s.mu.Lock()
	for _, v := range visits {
		u := s.person(v.User)
		if _, known := s.met[pastKey{s.backend, u}]; !known && !slices.Contains(unknown, u) {
			unknown = append(unknown, u)
		}
	}
	s.mu.Unlock()
	if len(unknown) == 0 {
		return nil
	}
	m, err := persona.NewMatcher(s.split, s.people[agent.PersonaMatched])
	if err != nil {
		return err
	}
	errs := make([]error, len(unknown))
	found := make([]matched, len(unknown))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(64, len(unknown)) {
		workers.Go(func() {
			for i := range next {
				p, ok, err := m.Match(ctx, s.asker, unknown[i], personSeed)
				found[i], errs[i] = matched{p.Text(), ok}, err
			}
		})
	}
	for i := range unknown {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, u := range unknown {
		s.met[pastKey{s.backend, u}] = found[i]
	}
	return nil
}

// person gives whose persona a user has. It takes the lock of stranger only.
func (s *Simulator) person(u int32) int32 {
	if s.Placebo == agent.PlaceboUser || s.Placebo == agent.PlaceboPersona {
		return s.swapped()[u]
	}
	return u
}

// described gives the text of a persona.
func (s *Simulator) described(u int32) string {
	if s.Persona == agent.PersonaMatched && s.language {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.met[pastKey{s.backend, u}].text
	}
	return s.persona(s.Persona, u)
}

// personNote says how personas came about.
func (s *Simulator) personNote(users []int32) string {
	if s.Persona != agent.PersonaMatched {
		return ""
	}
	if !s.language {
		return "personas by template: the backend is no language model"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, u := range users {
		if !s.met[pastKey{s.backend, u}].ok {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("personas of %d of %d users by template: the backend's answers could not be used", n, len(users))
}
