package browse

import (
	"context"
	"errors"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/persona"
)

// guessStream keeps guesses apart from other uses of a cell's seed.
const guessStream = 0x6775657373 // "guess"

// Guess has the agent's backend guess who users are, by their history in training
// alone. A placebo with the life of another user is told the other's history. It is
// only for agents that ask.
func (s *Simulator) Guess(ctx context.Context, users []int32, about []persona.Property) ([]persona.Guess, error) {
	if s.asker == nil {
		return nil, errors.New("browse: an agent that asks no backend cannot guess")
	}
	g, err := persona.NewGuesser(s.split)
	if err != nil {
		return nil, err
	}
	out := make([]persona.Guess, len(users))
	err = agent.Each(ctx, len(users), func(ctx context.Context, i int) (err error) {
		u := users[i]
		if s.Placebo == agent.PlaceboUser {
			u = s.swap()[u]
		}
		out[i], err = g.Guess(ctx, s.asker, u, about, s.Seed^guessStream, s.Repeat)
		return err
	})
	return out, err
}
