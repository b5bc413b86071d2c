package metric

import "slices"

// Head is what a table prints of a metric.
type Head struct {
	ID        string
	Version   int
	Unit      string
	Direction Direction // 0: neither way is better
	Doc       string
	Empty     string // what happens where there is nothing to measure; may be left out
}

// TieShare says how much of a ranking is luck.
const TieShare = "tie.share"

// diagnostics lists numbers that qualify a table and rank nobody.
func diagnostics() []Head {
	return []Head{{
		ID: TieShare, Version: 1, Unit: "share",
		Doc: "share of listed places whose score is also that of another place or of the first item left out; such places are ordered by hash, alike for all arms",
	}}
}

// Describe gives the head of a metric or diagnostic by its id; ok is false
// where there is none.
func Describe(id string) (h Head, ok bool) {
	for _, d := range slices.Concat(diagnostics(), reading(), visits(), Agreements(), distributions(), Actions(), Worlds(), Steps(), Consistencies(), Guesses()) {
		if d.ID == id {
			return d, true
		}
	}
	for _, r := range Ratings() {
		if r.ID == id {
			return r.Head, true
		}
	}
	for _, m := range DecisionMetrics() {
		if m.ID == id {
			return m.Head, true
		}
	}
	if h, ok := readingPart(id); ok {
		return h, true
	}
	if h, ok := preference(id); ok {
		return h, true
	}
	m, k, err := Parse(id)
	if err != nil {
		return Head{}, false
	}
	return Head{ID: m.ID(k), Version: m.Version, Unit: m.Unit, Direction: m.Direction, Doc: m.Doc, Empty: m.Empty}, true
}
