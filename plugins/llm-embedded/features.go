package main

import (
	"math"
	"strings"
)

// feature is one input of a score: its hash, its value, and what it is in words.
type feature struct {
	hash  uint64
	value float64
	prior float64 // weight before any tuning
	kind  string  // with subject, for reasons
	of    string
	// linear: the value is a number of any size, which tuning brings to mean 0 and
	// deviation 1.
	linear bool
}

// question is one open choice with all that its scores rest on.
type question struct {
	field  uint64      // hash of the path without references and places
	values []uint64    // hashes of the values
	common []feature   // of the place; every value weighs them its own way
	own    [][]feature // of each value; all values of a field weigh them alike
	lean   []float64   // of each value: how the prior leans
	words  []string
}

// taken is a choice made earlier in the same answer.
type taken struct {
	field string
	word  string
}

// Words that the prior knows. They are general words of English, not of any prompt.
var (
	positive = words("watch yes true like accept buy click keep good next stay continue agree follow next_page high")
	negative = words("skip no false dislike reject exit leave stop bad quit terminate back decline low")
	most     = words("highest most largest best greatest top maximum")
	least    = words("lowest fewest least smallest worst minimum")
	quality  = words("mean average rating score value star rated gave given")
	fame     = words("count rating vote watched viewer people user popularity seen shown")
	idle     = words("a an the of and or is are has have had was were do does did which what who how many much that this these those in on at by to for with it its")
	dislikes = words("dislike disliked skipped hated avoid rejected never")
)

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[stem(w)] = true
	}
	return out
}

// polarity is +1 for words of assent, -1 for words of refusal, 0 for others.
func polarity(word string) float64 {
	w := stem(word)
	switch {
	case positive[w]:
		return 1
	case negative[w]:
		return -1
	}
	return 0
}

// fieldOf takes references and places out of a path, so that ITEM_3.decision and
// ITEM_1.decision are one field, and gives the reference or the place.
func fieldOf(path string) (field, ref string, place int) {
	place = -1
	parts := strings.Split(path, ".")
	for i, part := range parts {
		switch {
		case isReference(part):
			ref, parts[i] = part, "*"
		case part != "" && digit(part[0]):
			n := 0
			for _, c := range []byte(part) {
				if !digit(c) || n > maxValues {
					n = -1
					break
				}
				n = 10*n + int(c-'0')
			}
			if n >= 0 {
				place, parts[i] = n, "*"
			}
		}
	}
	return strings.Join(parts, "."), ref, place
}

// common gives the features of the place of a choice: its block, or where it has
// none the whole prompt.
func (p *prompt) common(at int, before []taken) []feature {
	if at >= 0 {
		return p.describe(at)
	}
	return p.whole(before)
}

// ask describes one choice of a prompt. Learned says that there are weights, or are
// to be, for what is common to the values.
func (p *prompt) ask(path string, s *shape, before []taken, learned bool) question {
	name, ref, place := fieldOf(path)
	q := question{field: hash(basis, name), words: s.words, own: make([][]feature, len(s.words)), lean: make([]float64, len(s.words))}
	for _, w := range s.words {
		q.values = append(q.values, hash(basis, w))
	}
	at := -1
	if n, ok := p.of[ref]; ok && ref != "" {
		at = n
	} else if ref == "" && place >= 0 && place < len(p.blocks) {
		at = place
	}
	if at < 0 {
		p.point(&q)
	}
	if learned { // the prior knows none of them
		q.common = p.common(at, before)
	}
	q.leaning(p, at, before)
	return q
}

// bins is how finely a number is cut where a weight is to depend on its size.
const bins = 1

// numeric adds a number as it is and as the bin that it is in.
func numeric(out []feature, kind, of string, v float64) []feature {
	h := hash(hash(basis, kind), of)
	out = append(out, feature{hash: h, value: v, kind: kind, of: of, linear: true})
	return append(out, feature{hash: combine(h, uint64(int64(math.Floor(v*bins)))+17), value: 1})
}

// maxWords of a block become features of their own.
const maxWords = 24

// describe gives the features of a block: where it stands, which sections its words are
// in, its numbers, and its words. How it ranks among the blocks is left to the prior: that
// depends on the company which the training pages happened to have, and what a model learns
// of it is taken from the numbers themselves.
func (p *prompt) describe(at int) []feature {
	b := &p.blocks[at]
	out := make([]feature, 0, 2+2*len(p.sections)+5*len(b.numbers)+min(len(b.words), maxWords))
	out = append(out, feature{hash: hash(basis, "always"), value: 1})
	out = append(out, feature{hash: combine(hash(basis, "place"), uint64(min(at, 31))), value: 1})
	strongest := 0.0
	for i := range p.sections {
		s := &p.sections[i]
		v := p.overlap(b.words, func(w uint64) bool { return s.words[w] })
		out = numeric(out, "words in", s.name, v)
		strongest = math.Max(strongest, v)
	}
	for _, n := range b.numbers {
		label := n.label()
		out = numeric(out, "number", label, magnitude(n.value))
		// The product of a number and of what the block shares with the rest.
		out = append(out, feature{hash: combine(hash(basis, "shared and"), hash(basis, label)), value: float64(strongest * magnitude(n.value))})
	}
	out = p.outside(out, false)
	taken := 0
	for _, w := range b.words {
		if taken == maxWords {
			break
		}
		if b.counts(w) {
			continue
		}
		taken++
		out = append(out, feature{hash: combine(hash(basis, "word"), w), value: wordValue})
	}
	return out
}

// counts reports whether a word is one of the block's numbers, which as a word would tell
// one thing from all others.
func (b *block) counts(word uint64) bool {
	for i := range b.numbers {
		if b.numbers[i].word == word {
			return true
		}
	}
	return false
}

// label is the word that says what a number is: the one before it, else the one
// behind it.
func (n number) label() string {
	if n.before == "" {
		return n.after
	}
	return n.before
}

// called reports whether a word is the label of the number, on either side.
func (n number) called(word string) bool { return word != "" && (n.before == word || n.after == word) }

// rank is the share of blocks whose number of that label is smaller, ties half.
func (p *prompt) rank(label string, v float64) float64 {
	below, others := 0.0, 0.0
	for i := range p.blocks {
		for _, n := range p.blocks[i].numbers {
			if n.label() != label {
				continue
			}
			others++
			switch {
			case n.value < v:
				below++
			case n.value == v:
				below += 0.5
			}
			break
		}
	}
	if others == 0 {
		return 0.5
	}
	return below / others
}

// whole gives the features of a choice that belongs to no block: the choices made
// before it, and the numbers outside blocks.
func (p *prompt) whole(before []taken) []feature {
	out := []feature{{hash: hash(basis, "always"), value: 1}}
	counts, order := map[taken]int{}, []taken(nil)
	for _, t := range before {
		if counts[t] == 0 {
			order = append(order, t)
		}
		counts[t]++
	}
	for _, t := range order {
		share := float64(counts[t]) / float64(len(before))
		out = numeric(out, "chosen before", t.field+" "+t.word, share)
	}
	return p.outside(out, true)
}

// outside adds the numbers that stand in no block, those of headings first. Lists, whose
// lines begin with a dash, are told of where the choice is about the whole prompt.
func (p *prompt) outside(out []feature, lists bool) []feature {
	add := func(name string, l *line) {
		for _, n := range l.numbers {
			if len(out) <= maxFeatures {
				out = numeric(out, "number", name+" "+n.label(), magnitude(n.value))
			}
		}
	}
	for _, l := range p.headings {
		add("heading", l)
	}
	for i := range p.sections {
		for _, l := range p.sections[i].lines {
			if lists || !strings.HasPrefix(l.text, "-") {
				add(p.sections[i].name, l)
			}
		}
	}
	return out
}

// maxFeatures bounds what one choice rests on.
const maxFeatures = 400

// wordValue is the value of a word that is there: small, since there are many words and
// most of them mean little.
const wordValue = 0.3
