// Package preference asks agents which of twenty items a user went on to have (METHOD
// 5, preference).
//
// Its opinions. The decision is the agent's: no quota, and no threshold fitted on what
// is judged; whoever wants another than 0.5 finds it on the validation part and
// declares it. Every ratio of negatives to positives is asked of the same users, and
// every agent and repeat meets the same draws, whatever else the suite holds. Accuracy
// says little where most items are negatives, so that an agent which skips everything
// belongs into every suite.
package preference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "preference"

// Values of options.
const (
	interacted = "interacted"
	liked      = "liked"
	partTest   = "test"
	partValid  = "valid"
)

const (
	perUser = 20 // items that a user is asked about, at most
	least   = 10 // held-out positives of a user: as many as the ratio 1:1 asks for
	usual   = 0.5
)

// Task implements task.Task.
type Task struct{}

// Kind gives "preference".
func (Task) Kind() string { return Kind }

// Subject is agents.
func (Task) Subject() task.Subject { return task.Agents }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Prompts gives the version of what agents are asked.
func (Task) Prompts() int { return agent.PromptsVersion }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "among twenty items, which did this user go on to have? Decided card by card"
}

// Options declares the draws.
func (Task) Options() []sdk.OptionSpec {
	out := []sdk.OptionSpec{
		{Name: "negatives", Type: sdk.OptionList, Element: sdk.OptionInt, Default: []any{int64(1), int64(3), int64(9)}, Min: sdk.Bound(1), Max: sdk.Bound(perUser - 1), Doc: "negatives for each positive; the first one orders the table"},
		{Name: "positive", Type: sdk.OptionEnum, Default: interacted, Choices: []string{interacted, liked}, Doc: "which held-out interactions are positives: any, or those with a value that the data set calls liked"},
		{Name: "hard", Type: sdk.OptionBool, Default: false, Doc: "negatives are as popular in training as their positive: of the same twentieth of all items"},
		{Name: "draws", Type: sdk.OptionInt, Default: int64(5), Min: sdk.Bound(1), Max: sdk.Bound(100), Doc: "draws of items for each user and ratio"},
		{Name: "part", Type: sdk.OptionEnum, Default: partTest, Choices: []string{partTest, partValid}, Doc: "where positives come from; valid serves to find thresholds"},
		{Name: "ratio", Type: sdk.OptionInt, Default: int64(1), Min: sdk.Bound(1), Max: sdk.Bound(100), Doc: "negatives for each positive on the pages that agents learn from, where the data has no sessions"},
		{Name: "thresholds", Type: sdk.OptionList, Element: sdk.OptionFloat, Min: sdk.Bound(0), Max: sdk.Bound(1), Doc: "probability above which a card counts as watched, one for each of negatives; none: 0.5 for all"},
	}
	for _, o := range simulate.SessionOptions() {
		if o.Name == "users" {
			o.Doc = "users drawn by hash of those with enough held-out positives; 0: all of them"
		}
		if o.Name == "users" || o.Name == "card" {
			out = append(out, o)
		}
	}
	return out
}

// Check refuses ratios and thresholds that do not go together.
func (Task) Check(o sdk.Options) error {
	ratios := ratiosOf(o)
	if len(ratios) == 0 {
		return sdk.Invalidf("negatives", "no ratio is asked for: want at least one number of negatives")
	}
	for i, m := range ratios {
		if slices.Contains(ratios[:i], m) {
			return sdk.Invalidf("negatives", "%d is there twice", m)
		}
	}
	if list, _ := o["thresholds"].([]any); len(list) > 0 && len(list) != len(ratios) {
		return sdk.Invalidf("thresholds", "%d thresholds for %d ratios: want one for each of negatives, or none", len(list), len(ratios))
	}
	return nil
}

// ratiosOf lists the negatives for each positive.
func ratiosOf(o sdk.Options) (out []int) {
	list, _ := o["negatives"].([]any)
	for _, v := range list {
		n, _ := v.(int64)
		out = append(out, int(n))
	}
	return out
}

// thresholdsOf gives a threshold for each ratio.
func thresholdsOf(o sdk.Options) []float64 {
	out := slices.Repeat([]float64{usual}, len(ratiosOf(o)))
	list, _ := o["thresholds"].([]any)
	for i, v := range list {
		out[i], _ = v.(float64)
	}
	return out
}

// bound is the task with its data. It is read-only once made.
type bound struct {
	deck
	options    sdk.Options
	split      *corpus.Split
	thresholds []float64
	users      []int32

	eligible, few, poor, strange int // users: those who may be asked, and why others may not
}

// Bind finds the users to ask.
func (t Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	if err := t.Check(o); err != nil {
		return nil, err
	}
	d, err := newDeck(o, split)
	if err != nil {
		return nil, err
	}
	b := &bound{deck: d, options: o, split: split, thresholds: thresholdsOf(o)}
	var eligible []int32
	for u := range int32(split.Train().Users()) {
		switch {
		case !split.Judged(u): // nobody is asked about the other half
		case len(split.Train().Of(u)) == 0:
			b.strange++
		case len(b.positives[u]) < least:
			b.few++
		case !b.enough(u):
			b.poor++
		default:
			eligible = append(eligible, u)
		}
	}
	b.eligible = len(eligible)
	if b.eligible == 0 && b.poor > 0 {
		return nil, sdk.Invalidf("negatives", "%d users have at least %d positives, and none of them has left enough items untouched: ask for fewer negatives%s", b.poor, least, map[bool]string{true: ", or set hard = false"}[o.Bool("hard")])
	}
	if b.eligible == 0 {
		return nil, sdk.Invalidf("part", "no user has %d positives in the %s part: hold out more (split.%[2]s), or count more as positive", least, o.String("part"))
	}
	b.users = simulate.Draw(eligible, o.Int("users"))
	return b, nil
}

// Controls is the oracle, which knows the positives.
func (*bound) Controls() []task.Control { return []task.Control{{Name: control.OracleName}} }

// Refuses nobody.
func (*bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says who was asked about what.
func (b *bound) Facts() []record.Fact {
	positives := "items of the " + b.options.String("part") + " part"
	if b.options.String("positive") == liked {
		positives += " with a value of at least " + page.Number(b.split.Scale().LikeAt)
	}
	negatives := "uniform over the items that the user has in no part"
	if b.options.Bool("hard") {
		negatives += ", of the positive's twentieth of items by training count"
	}
	learn := fmt.Sprintf("%d for each positive, on pages reconstructed from training", b.options.Int("ratio"))
	if b.split.Sessions() != nil {
		learn = "as they were in training sessions"
	}
	var sets, thresholds []string
	for i, m := range b.ratios {
		n := positivesOf(m)
		sets = append(sets, fmt.Sprintf("%d + %d", n, n*m))
		thresholds = append(thresholds, fmt.Sprintf("%s at 1:%d", page.Number(b.thresholds[i]), m))
	}
	return []record.Fact{
		{Name: "users", Value: fmt.Sprintf("%d of %d with at least %d positives, the same for every ratio (left out: %d with fewer, %d with too few untouched items, %d without training interactions)", len(b.users), b.eligible, least, b.few, b.poor, b.strange)},
		{Name: "items", Value: fmt.Sprintf("positives + negatives for each user: %s; %d draws, the same for every agent and repeat", strings.Join(sets, ", "), b.draws)},
		{Name: "positives", Value: positives},
		{Name: "negatives", Value: negatives},
		{Name: "watched", Value: "probability above " + strings.Join(thresholds, ", ") + ", as declared; without a probability, or at the threshold, what the agent chose"},
		{Name: "negatives learned from", Value: learn},
		{Name: "prompts", Value: fmt.Sprintf("version %d", agent.PromptsVersion)},
	}
}

// Most counts the pages of a cell, one question each.
func (b *bound) Most() agent.Asked {
	steps := 0
	for _, m := range b.ratios {
		steps += len(b.users) * b.draws * pagesOf(positivesOf(m)*(m+1))
	}
	return agent.Asked{Steps: steps, Users: len(b.users)}
}

// Users counts whom the task asks about.
func (b *bound) Users() int { return len(b.users) }

// Size is the number of batches.
func (b *bound) Size() int { return (len(b.users) + batch - 1) / batch }
