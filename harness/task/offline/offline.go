// Package offline ranks the whole catalogue for every user and compares the
// head of the ranking with the held-out part (METHOD 6, offline). No item is
// sampled away: all but those a user met before the test compete.
package offline

import (
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "offline"

// Values of the option relevance.
const (
	relevanceInteracted = "interacted"
	relevanceLiked      = "liked"
)

// Task implements task.Task.
type Task struct{}

// Kind gives "offline".
func (Task) Kind() string { return Kind }

// Subject is recommenders.
func (Task) Subject() task.Subject { return task.Recommenders }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "full rankings of the catalogue against each user's held-out items"
}

// Options declares cutoffs, metrics and relevance.
func (Task) Options() []sdk.OptionSpec {
	return []sdk.OptionSpec{
		{
			Name: "cutoffs", Type: sdk.OptionList, Element: sdk.OptionInt, Default: []any{10, 5, 20},
			Min: sdk.Bound(1), Max: sdk.Bound(1000),
			Doc: "lengths k at which the head of the ranking is judged; the first one orders the table",
		},
		{
			Name: "metrics", Type: sdk.OptionList, Element: sdk.OptionEnum, Choices: metric.Names(),
			Default: []any{"ndcg", "recall", "precision", "hit", "mrr", "coverage"},
			Doc:     "metric families, each reported at every cutoff (auc has none); the first one orders the table",
		},
		{
			Name: "relevance", Type: sdk.OptionEnum, Choices: []string{relevanceInteracted, relevanceLiked},
			Default: relevanceInteracted,
			Doc:     "which held-out interactions count: any, or those with a value at or above the data set's like-at",
		},
	}
}

// Check refuses empty lists and repeated entries.
func (Task) Check(o sdk.Options) error {
	for _, name := range []string{"cutoffs", "metrics"} {
		list, _ := o[name].([]any)
		if len(list) == 0 {
			return sdk.Invalidf(name, "the list is empty: name at least one, or leave the key out for the default")
		}
		for i, v := range list {
			if slices.Contains(list[:i], v) {
				return sdk.Invalidf(name, "%v is named twice", v)
			}
		}
	}
	return nil
}

// Bind finds the relevant items of every user.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	test := split.Test()
	b := &bound{split: split, depth: slices.Max(cutoffs(o)), relevant: make([][]int32, test.Users()), perCall: maxScores}
	liked := o.String("relevance") == relevanceLiked
	scale := split.Scale()
	if liked && scale == nil {
		return nil, sdk.Invalidf("relevance", "%q needs values, and the data set is implicit: use %q", relevanceLiked, relevanceInteracted)
	}
	held := 0
	for u := range int32(test.Users()) {
		items := test.Of(u)
		if len(items) > 0 {
			held++
		}
		if liked {
			items = likedOnly(items, test.ValuesOf(u), scale.LikeAt)
		}
		if len(items) > 0 {
			b.users = append(b.users, u)
			b.relevant[u] = items
		}
	}
	if len(b.users) == 0 {
		return nil, sdk.Invalidf("", "no user has a relevant held-out item: raise split.test, or set relevance = %q", relevanceInteracted)
	}
	for _, m := range families(o) {
		if isWide(m) && !b.wide {
			b.wide, b.categories = true, split.Categories()
		}
		b.scores = b.scores || m.Order != nil
		if m.Mixed != nil && b.categories == nil {
			return nil, sdk.Invalidf("metrics", "%s compares categories of items, and the data set gives none: take it out", m.Name)
		}
	}
	for u := range int32(split.Train().Users()) {
		if len(split.Train().Of(u)) > 0 {
			b.trainUsers++
		}
	}
	judged := split.Stats().UsersJudged
	b.leftOut = judged - len(b.users)
	b.withoutTest = judged - held
	return b, nil
}

// isWide says whether a metric reads more than the ranks of hits and the list.
func isWide(m metric.Metric) bool { return m.Shown != nil || m.Mixed != nil || m.Order != nil }

func likedOnly(items []int32, values []float32, likeAt float64) []int32 {
	var kept []int32
	for i, it := range items {
		if float64(values[i]) >= likeAt {
			kept = append(kept, it)
		}
	}
	return kept
}

// bound is the task with its data. It is read-only once made.
type bound struct {
	split       *corpus.Split
	users       []int32 // those with a relevant item, ascending
	relevant    [][]int32
	depth       int // longest cutoff
	leftOut     int // users without a relevant item
	withoutTest int // of those, users without any held-out item

	wide       bool      // the evidence is of wideRow
	scores     bool      // all items are to be scored
	trainUsers int32     // users with training interactions
	categories [][]int32 // by item; nil: not asked for, or the data set gives none
	perCall    int       // scores that one call may answer
}

// Controls is the oracle, which ranks the relevant items first.
func (b *bound) Controls() []task.Control {
	oracle := control.NewOracle(b.split.Test().Items(), func(u int32) []int32 { return b.relevant[u] })
	return []task.Control{{Name: control.OracleName, Recommender: oracle}}
}

// Refuses nobody: whatever recommends can be ranked.
func (*bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts counts who was judged and who was not.
func (b *bound) Facts() []record.Fact {
	return []record.Fact{
		{Name: "users judged", Value: fmt.Sprint(len(b.users))},
		{Name: "users left out", Value: fmt.Sprintf("%d without a relevant held-out item (%d of them without any held-out item)", b.leftOut, b.withoutTest)},
		{Name: "candidates", Value: fmt.Sprintf("all %d items but those in the user's training and validation parts", b.split.Test().Items())},
	}
}

// Users counts those with a relevant item.
func (b *bound) Users() int { return len(b.users) }

// Size is the number of batches.
func (b *bound) Size() int { return task.Batches(len(b.users)) }
