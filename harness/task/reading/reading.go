// Package reading asks a language-model backend questions whose answers stand on
// the page: can it read a card, compare numbers, count, and answer in the form
// that is asked for? It is the control of every suite with agents. A backend that
// fails here fails there for reasons that have nothing to do with people.
//
// Pages are made of the suite's own data, of its training part only, and are the
// same for every backend and repeat.
package reading

import (
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "reading"

// Task implements task.Task.
type Task struct{}

// Kind gives "reading".
func (Task) Kind() string { return Kind }

// Subject is backends.
func (Task) Subject() task.Subject { return task.Backends }

// Version of the evidence and of the prompts.
func (Task) Version() int { return promptsVersion }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "questions whose answers stand on the page: can a backend read, and answer in the form asked for?"
}

// Options declares questions, kinds and temperature.
func (Task) Options() []sdk.OptionSpec {
	all := kinds()
	list := make([]any, len(all))
	for i, k := range all {
		list[i] = k
	}
	return []sdk.OptionSpec{
		{
			Name: "questions", Type: sdk.OptionInt, Default: int64(200), Min: sdk.Bound(1), Max: sdk.Bound(10_000),
			Doc: "questions asked of each backend, the kinds in turn",
		},
		{
			Name: "kinds", Type: sdk.OptionList, Element: sdk.OptionEnum, Choices: all, Default: list,
			Doc: "what is asked; kinds that the data cannot ask are left out, and the table says so",
		},
		{
			Name: "temperature", Type: sdk.OptionFloat, Default: 0.0, Min: sdk.Bound(0), Max: sdk.Bound(2),
			Doc: "of the answers",
		},
	}
}

// Check refuses an empty list and repeated kinds.
func (Task) Check(o sdk.Options) error {
	list := asked(o)
	if len(list) == 0 {
		return sdk.Invalidf("kinds", "the list is empty: name at least one, or leave the key out for all")
	}
	for i, k := range list {
		if slices.Contains(list[:i], k) {
			return sdk.Invalidf("kinds", "%v is named twice", k)
		}
	}
	return nil
}

func asked(o sdk.Options) []string {
	list, _ := o["kinds"].([]any)
	out := make([]string, len(list))
	for i, k := range list {
		out[i], _ = k.(string)
	}
	return out
}

// Bind draws the questions. Data and split decide them and no seed does: runs of
// one protocol ask the same, whatever their replicates.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	d := newDeck(split)
	b := &bound{wanted: o.Int("questions"), temperature: o.Float("temperature")}
	var possible []string
	for _, k := range asked(o) {
		if why := d.unsupported(k); why != "" {
			b.facts = append(b.facts, record.Fact{Name: "not asked", Value: k + ": " + why})
		} else {
			possible = append(possible, k)
		}
	}
	if len(possible) == 0 {
		return nil, sdk.Invalidf("kinds", "the data set can ask none of these: take some of %s", kindRatings+", "+kindRated)
	}
	if len(d.items) < cards || len(d.users) == 0 {
		return nil, sdk.Invalidf("", "the training part is too small for a page: it needs %d items, and a user with %d of them", cards, minHistory)
	}
	b.questions = d.questions(seedOf(split), b.wanted, possible)
	if len(b.questions) == 0 {
		return nil, sdk.Invalidf("kinds", "no page of this data has exactly one answer to %v: take other kinds", possible)
	}
	return b, nil
}

// seedOf makes a number of the split's identity.
func seedOf(split *corpus.Split) uint64 {
	seed := uint64(promptsVersion)
	for _, c := range []byte(split.Digest()) {
		seed = sdk.Mix(seed, uint64(c))
	}
	return seed
}

// bound is the task with its questions. It is read-only once made.
type bound struct {
	wanted      int
	temperature float64
	questions   []question
	facts       []record.Fact
}

// Chance is the control that answers by a seeded draw among the choices.
const Chance = "chance"

// Controls are the oracle, which answers with the key, and chance.
func (*bound) Controls() []task.Control {
	return []task.Control{{Name: control.OracleName}, {Name: Chance}}
}

// Refuses nobody: whatever generates can be asked.
func (*bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says what was asked.
func (b *bound) Facts() []record.Fact {
	count := map[string]int{}
	for _, q := range b.questions {
		count[q.kind]++
	}
	text := ""
	for _, k := range kinds() {
		if count[k] > 0 {
			text += fmt.Sprintf(", %d %s", count[k], k)
		}
	}
	facts := append([]record.Fact{{Name: "questions", Value: fmt.Sprintf("%d: %s", len(b.questions), text[2:])}}, b.facts...)
	if n := b.wanted - len(b.questions); n > 0 {
		facts = append(facts, record.Fact{Name: "questions left out", Value: fmt.Sprintf("%d, for which no page with exactly one answer was found", n)})
	}
	return append(facts, record.Fact{Name: "prompts", Value: fmt.Sprintf("version %d, %d cards a page", promptsVersion, cards)})
}

// Users counts the questions: they are the unit of chance.
func (b *bound) Users() int { return len(b.questions) }

// Size is the number of questions.
func (b *bound) Size() int { return len(b.questions) }
