package reading

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// deck is what cards are made of: all of it from the training part.
type deck struct {
	titles     []string // quoted
	categories [][]int32
	names      []string  // of categories, quoted
	means      []float64 // of training values, one decimal; NaN: none
	train      *corpus.Training
	scale      *sdk.Scale // nil: implicit data
	items      []int32    // that can stand on a card: with training interactions
	users      []int32    // with a history long enough
}

// historyLength is how many of a user's items a page tells of, and minHistory
// how many the user must have.
const (
	historyLength = 6
	minHistory    = 2
)

func newDeck(split *corpus.Split) *deck {
	d := &deck{categories: split.Categories(), train: split.Train(), scale: split.Scale()}
	d.titles = quoted(split.Titles(), d.train.Items())
	d.names = quoted(split.CategoryNames(), 0)
	d.means = means(d.train)
	for it := range int32(d.train.Items()) {
		if d.train.Count(it) > 0 {
			d.items = append(d.items, it)
		}
	}
	for u := range int32(d.train.Users()) {
		if len(d.known(u)) >= minHistory {
			d.users = append(d.users, u)
		}
	}
	return d
}

// means gives the mean training value of each item, rounded as cards print it.
func means(train *corpus.Training) []float64 {
	sum, n := make([]float64, train.Items()), make([]float64, train.Items())
	for u := range int32(train.Users()) {
		values := train.ValuesOf(u)
		for i, it := range train.Of(u) {
			if values != nil && !math.IsNaN(float64(values[i])) {
				sum[it] += float64(values[i])
				n[it]++
			}
		}
	}
	out := make([]float64, len(sum))
	for i := range out {
		out[i] = math.Round(10*sum[i]/n[i]) / 10 // 0/0 is NaN
	}
	return out
}

// known lists the items of a user that have a value, or all where data has none.
func (d *deck) known(u int32) []int32 {
	items, values := d.train.Of(u), d.train.ValuesOf(u)
	if values == nil {
		return items
	}
	var out []int32
	for i, it := range items {
		if !math.IsNaN(float64(values[i])) {
			out = append(out, it)
		}
	}
	return out
}

// value gives what a user gave to one of the known items.
func (d *deck) value(u, item int32) float64 {
	at, ok := slices.BinarySearch(d.train.Of(u), item)
	if !ok || d.train.ValuesOf(u) == nil {
		return math.NaN()
	}
	return float64(d.train.ValuesOf(u)[at])
}

// maxTitle bounds what a title adds to a prompt.
const maxTitle = 120

// quoted makes JSON strings of texts, so that none can end its line or look like
// the page around it; n texts where there are fewer, the missing ones empty.
func quoted(texts []string, n int) []string {
	out := make([]string, max(n, len(texts)))
	for i := range out {
		text := ""
		if i < len(texts) {
			text = texts[i]
		}
		if strings.TrimSpace(text) == "" {
			text = "item " + strconv.Itoa(i+1)
		}
		out[i] = quote(text)
	}
	return out
}

// quote keeps one line of printable text between double quotes.
func quote(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}), " ")
	if runes := []rune(text); len(runes) > maxTitle {
		text = string(runes[:maxTitle-1]) + "…"
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always encodes, into memory
	return strings.TrimSuffix(b.String(), "\n")
}

// luck draws numbers that depend on its seed alone.
type luck struct{ seed, n uint64 }

func (l *luck) below(n int) int {
	l.n++
	return int(sdk.Mix(l.seed, l.n) % uint64(n))
}

// pick draws k different elements; fewer where there are fewer.
func (l *luck) pick(from []int32, k int) []int32 {
	from = slices.Clone(from)
	k = min(k, len(from))
	for i := range k {
		j := i + l.below(len(from)-i)
		from[i], from[j] = from[j], from[i]
	}
	return from[:k]
}
