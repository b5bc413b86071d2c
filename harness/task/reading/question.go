package reading

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/alignuser/alignuser/sdk"
)

// Kinds of question.
const (
	kindCategory = "category"      // which card is of a category
	kindMean     = "highest-mean"  // which card has the highest mean
	kindRatings  = "most-ratings"  // which card has the most ratings
	kindRated    = "rated-before"  // which card the reader rated before
	kindHowMany  = "how-many"      // how many cards are of a category
	kindSimilar  = "similar-value" // what the reader gave to what a card is similar to
)

func kinds() []string {
	return []string{kindCategory, kindMean, kindRatings, kindRated, kindHowMany, kindSimilar}
}

// cards on a page, and promptsVersion, which counts changes of what is asked.
const (
	cards          = 4
	promptsVersion = 1
)

//go:embed prompts/system.txt
var systemText string

//go:embed prompts/page.txt
var pageText string

// question is one page with one question, and its key.
type question struct {
	kind    string
	page    string
	choices []string
	truth   string
	schema  []byte
}

// unsupported says which kinds the data cannot ask.
func (d *deck) unsupported(kind string) string {
	switch {
	case (kind == kindCategory || kind == kindHowMany) && d.categories == nil:
		return "the data set gives no categories"
	case kind == kindMean && d.scale == nil:
		return "the data set has no values"
	case kind == kindSimilar && d.scale == nil:
		return "the data set has no values"
	case kind == kindSimilar && d.values() == nil:
		return fmt.Sprintf("the scale has more than %d values", maxValues)
	}
	return ""
}

// maxValues is the largest number of choices of a question.
const maxValues = 12

// values lists the scale's values as cards print them; nil: too many.
func (d *deck) values() []string {
	s := d.scale
	if s.Step <= 0 || (s.Max-s.Min)/s.Step > maxValues-1 {
		return nil
	}
	var out []string
	for i := range int(math.Round((s.Max-s.Min)/s.Step)) + 1 {
		out = append(out, decimal(s.Min+float64(i)*s.Step))
	}
	return out
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// questions draws n of them, the kinds in turn. Fewer come where the data holds
// no page that has exactly one answer.
func (d *deck) questions(seed uint64, n int, kinds []string) []question {
	const attempts = 200
	page := template.Must(template.New("page").Parse(pageText))
	var out []question
	for i := range n {
		l := &luck{seed: sdk.Mix(seed, uint64(i))}
		for range attempts {
			if q, ok := d.draw(l, kinds[i%len(kinds)], page); ok {
				out = append(out, q)
				break
			}
		}
	}
	return out
}

// scene is what a page shows.
type scene struct {
	user    int32
	history []int32
	cards   []int32
	similar []int32 // of each card, one of the user's items
}

// draw makes a page and asks; ok is false where it has not exactly one answer.
func (d *deck) draw(l *luck, kind string, page *template.Template) (q question, ok bool) {
	s, ok := d.scene(l, kind)
	if !ok {
		return q, false
	}
	q = question{kind: kind, choices: references()}
	text := ""
	switch kind {
	case kindCategory, kindHowMany:
		from := d.categories[s.cards[l.below(cards)]]
		if len(from) == 0 {
			return q, false
		}
		category := from[l.below(len(from))]
		holding := d.holding(s.cards, category)
		if kind == kindHowMany {
			// The category of a card of the page, so at least one has it.
			q.choices, q.truth = []string{"0", "1", "2", "3", "4"}, strconv.Itoa(len(holding))
			text = "How many of the cards are of the category " + d.names[category] + "?"
			break
		}
		if len(holding) != 1 {
			return q, false
		}
		q.truth, text = reference(holding[0]), "Which card is of the category "+d.names[category]+"?"
	case kindMean:
		at, unique := largest(s.cards, func(it int32) float64 { return d.means[it] })
		if !unique {
			return q, false
		}
		q.truth, text = reference(at), "Which card has the highest mean?"
	case kindRatings:
		at, unique := largest(s.cards, func(it int32) float64 { return float64(d.train.Count(it)) })
		if !unique {
			return q, false
		}
		q.truth, text = reference(at), "Which card has the most ratings?"
	case kindRated:
		q.truth = reference(slices.IndexFunc(s.cards, func(it int32) bool { return slices.Contains(s.history, it) }))
		text = "Which card has the reader rated before?"
	case kindSimilar:
		at := l.below(cards)
		q.choices, q.truth = d.values(), decimal(d.value(s.user, s.similar[at]))
		text = "Which value did the reader give to the item that " + reference(at) + " is similar to?"
		if !slices.Contains(q.choices, q.truth) {
			return q, false
		}
	}
	q.schema = schema(q.choices)
	var b bytes.Buffer
	if err := page.Execute(&b, d.view(s, text, q.choices)); err != nil {
		panic(fmt.Sprintf("reading: %v", err)) // the template is ours and memory takes all
	}
	q.page = b.String()
	return q, true
}

// scene draws a reader and the cards. One card is of the reader's history where
// the question asks for it, and none elsewhere.
func (d *deck) scene(l *luck, kind string) (s scene, ok bool) {
	s.user = d.users[l.below(len(d.users))]
	known := d.known(s.user)
	s.history = l.pick(known, historyLength)
	all := d.train.Of(s.user)
	for tries := 0; len(s.cards) < cards; tries++ {
		if tries == 50*cards {
			return s, false
		}
		it := d.items[l.below(len(d.items))]
		if _, met := slices.BinarySearch(all, it); !met && !slices.Contains(s.cards, it) && !d.sameTitle(s, it) {
			s.cards = append(s.cards, it)
		}
	}
	if kind == kindRated {
		s.cards[l.below(cards)] = s.history[l.below(len(s.history))]
	}
	for _, it := range s.cards {
		others := slices.DeleteFunc(slices.Clone(known), func(k int32) bool { return k == it })
		s.similar = append(s.similar, d.nearest(l, it, others))
	}
	return s, true
}

// sameTitle keeps two items of one title off a page: no reader could tell them
// apart.
func (d *deck) sameTitle(s scene, item int32) bool {
	same := func(it int32) bool { return d.titles[it] == d.titles[item] }
	return slices.ContainsFunc(s.cards, same) || slices.ContainsFunc(s.history, same)
}

// nearest is one of the items that share most categories with an item.
func (d *deck) nearest(l *luck, item int32, from []int32) int32 {
	best, most := l.pick(from, 1)[0], -1
	for _, it := range l.pick(from, 8) {
		if n := d.shared(it, item); n > most {
			best, most = it, n
		}
	}
	return best
}

func (d *deck) shared(a, b int32) int {
	if d.categories == nil {
		return 0
	}
	n := 0
	for _, c := range d.categories[a] {
		if slices.Contains(d.categories[b], c) {
			n++
		}
	}
	return n
}

// holding gives the places of the cards that are of a category.
func (d *deck) holding(items []int32, category int32) (at []int) {
	for i, it := range items {
		if slices.Contains(d.categories[it], category) {
			at = append(at, i)
		}
	}
	return at
}

// largest gives the place of the largest value, and whether no other is as large.
func largest(items []int32, value func(int32) float64) (at int, unique bool) {
	for i, it := range items {
		switch v, top := value(it), value(items[at]); {
		case math.IsNaN(v):
			return 0, false
		case i == 0 || v > top:
			at, unique = i, true
		case v == top:
			unique = false
		}
	}
	return at, unique
}

func reference(at int) string { return "ITEM_" + strconv.Itoa(at+1) }

func references() []string {
	out := make([]string, cards)
	for i := range out {
		out[i] = reference(i)
	}
	return out
}

// schema leaves one choice open.
func schema(choices []string) []byte {
	b, err := json.Marshal(map[string]any{
		"type":                 "object",
		"properties":           map[string]any{"answer": map[string]any{"type": "string", "enum": choices}},
		"required":             []string{"answer"},
		"additionalProperties": false,
	})
	if err != nil {
		panic(fmt.Sprintf("reading: %v", err)) // maps of strings
	}
	return b
}

// view is what the page's template is given.
type view struct {
	History, Cards []string
	Question       string
	Choices        string
}

func (d *deck) view(s scene, text string, choices []string) view {
	v := view{Question: text, Choices: strings.Join(choices, ", ")}
	for _, it := range s.history {
		line := d.titles[it]
		if value := d.value(s.user, it); !math.IsNaN(value) {
			line += ", value: " + decimal(value)
		}
		v.History = append(v.History, line)
	}
	for i, it := range s.cards {
		line := reference(i) + ": " + d.titles[it]
		if d.categories != nil {
			names := []string{}
			for _, c := range d.categories[it] {
				names = append(names, d.names[c])
			}
			line += "; categories: " + strings.Join(names, ", ")
		}
		if !math.IsNaN(d.means[it]) {
			line += "; mean: " + strconv.FormatFloat(d.means[it], 'f', 1, 64)
		}
		line += "; ratings: " + strconv.Itoa(d.train.Count(it)) + "; similar: " + d.titles[s.similar[i]]
		if value := d.value(s.user, s.similar[i]); !math.IsNaN(value) {
			line += ", which the reader gave " + decimal(value)
		}
		v.Cards = append(v.Cards, line)
	}
	return v
}
