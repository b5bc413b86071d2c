package align

import (
	"iter"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
)

// Demonstration is one of what people did, with all that a recipe makes of it.
type Demonstration struct {
	agent.Example
	Number       int // among those that the recipe takes, from 1
	Alternatives []Alternative
	Lines        []Line
}

// Line is one of a training file.
type Line struct {
	File     string
	System   string // what the question says of the person
	Question string
	Answer   string  // the person's
	Rejected string  // the alternative's, of pairs
	Weight   float64 // of pairs; else 1
}

// Demonstrations yields what a recipe makes of the demonstrations of a user, or of all where
// user is negative, in the order in which files have them. Reflections are not among it:
// they take a backend.
func Demonstrations(stage *browse.Stage, r Recipe, user int32) iter.Seq2[Demonstration, error] {
	return func(yield func(Demonstration, error) bool) {
		b, err := newBuilder(r)
		if err != nil {
			yield(Demonstration{}, err)
			return
		}
		d := Demonstration{}
		b.put = func(file string, line any) error {
			d.Lines = append(d.Lines, lineOf(file, line))
			return nil
		}
		for e := range stage.Demonstrations(b.recipe.teaching()) {
			switch {
			case user >= 0 && e.View.User > user:
				return
			case user >= 0 && e.View.User < user:
				b.m.see(&e) // alternatives are drawn by number
				continue
			}
			d = Demonstration{Example: e}
			if err := b.page(&e); err != nil {
				yield(d, err)
				return
			}
			d.Number = b.m.Pages
			if r.Counterfactuals {
				d.Alternatives = alternativesOf(&e, b.alternativeSeed())
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

func lineOf(file string, line any) Line {
	l := Line{File: file, Weight: 1}
	var asked []turn
	switch line := line.(type) {
	case chat:
		last := len(line.Messages) - 1
		asked, l.Answer = line.Messages[:last], line.Messages[last].Content
	case pair:
		asked, l.Answer, l.Rejected = line.Prompt, line.Chosen[0].Content, line.Rejected[0].Content
		if line.Weight != nil {
			l.Weight = *line.Weight
		}
	}
	for _, t := range asked {
		if t.Role == "system" {
			l.System = t.Content
		} else {
			l.Question = t.Content
		}
	}
	return l
}
