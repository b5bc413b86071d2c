package main

import (
	"fmt"
	"math"
	"strings"
)

// Weights of the prior for choices that point at something in the prompt.
const (
	priorAsked   = 9.0  // the value's words are asked for
	priorRest    = 4.0  // the value's words are in the rest of the prompt
	priorMost    = 12.0 // a number that is asked for is the largest, or the smallest
	priorCounted = 8.0  // so many blocks have what is asked for
	priorCopied  = 7.0  // the value stands in the block that is asked about
)

// point adds, for each value, how well what is asked fits the lines that the value
// names, or the value itself as a number.
func (p *prompt) point(q *question) {
	asked, refs, sign := map[uint64]bool{}, []string(nil), 0.0
	stems := map[string]bool{}
	quoted := map[uint64]bool{}
	for _, l := range p.asked {
		for i, part := range strings.Split(l.text, `"`) {
			if i%2 == 1 {
				for _, w := range parseLine(part).words {
					quoted[w] = true
				}
			}
		}
		refs = append(refs, l.refs...)
		for _, w := range strings.FieldsFunc(l.text, func(r rune) bool { return r < 0x80 && !letter(byte(r)) }) {
			s := stem(w)
			stems[s] = true
			if !idle[s] {
				asked[hash(basis, s)] = true
			}
			switch {
			case most[s]:
				sign = 1
			case least[s]:
				sign = -1
			}
		}
	}
	if len(quoted) > 0 {
		asked = quoted // what stands in quotes is what is asked for
	}
	add := func(i int, kind, of string, v, prior float64) {
		q.own[i] = append(q.own[i], feature{hash: hash(hash(basis, kind), ""), value: v, prior: prior, kind: kind, of: of})
	}
	for i, word := range q.words {
		if at, ok := p.of[word]; ok {
			b := &p.blocks[at]
			add(i, "asked words in", word, p.cover(asked, b.words), priorAsked)
			add(i, "words elsewhere of", word, p.elsewhere(b), priorRest)
			if sign != 0 {
				for _, n := range b.numbers {
					if stems[n.before] || stems[n.after] {
						label := n.before
						if !stems[label] {
							label = n.after
						}
						add(i, "extreme "+label, word, p.extreme(label, n.value, sign), priorMost)
						break
					}
				}
			}
			continue
		}
		if len(p.blocks) == 0 {
			continue
		}
		if len(refs) > 0 {
			add(i, "written at", refs[0], p.written(refs[0], word, stems), priorCopied)
		} else if fmt.Sprint(p.counted(asked)) == word {
			add(i, "counted", word, 1, priorCounted)
		}
	}
}

// cover is the share of the asked words, by rarity among the blocks, that a block
// holds. Words that no block or every block holds ask for nothing.
func (p *prompt) cover(asked map[uint64]bool, words []uint64) float64 {
	has := make(map[uint64]bool, len(words))
	for _, w := range words {
		has[w] = true
	}
	all, both := 0.0, 0.0
	counts, order := p.holders(asked)
	for _, w := range order {
		r := 1/float64(counts[w]) - 1/float64(len(p.blocks)+1)
		all += r
		if has[w] {
			both += r
		}
	}
	if all == 0 {
		return 0
	}
	return both / all
}

// holders says how many blocks hold each of the asked words, in the order in which
// blocks first do.
func (p *prompt) holders(asked map[uint64]bool) (counts map[uint64]int, order []uint64) {
	counts = map[uint64]int{}
	for i := range p.blocks {
		for _, w := range p.blocks[i].words {
			if asked[w] {
				if counts[w] == 0 {
					order = append(order, w)
				}
				counts[w]++
			}
		}
	}
	return counts, order
}

// elsewhere is the largest share of a block's words, by rarity, that one section
// holds.
func (p *prompt) elsewhere(b *block) float64 {
	best := 0.0
	for i := range p.sections {
		s := &p.sections[i]
		best = math.Max(best, p.overlap(b.words, func(w uint64) bool { return s.words[w] }))
	}
	return best
}

// extreme is 1 where no block has a larger number of the label (or a smaller one,
// by the sign), and falls with every block that has.
func (p *prompt) extreme(label string, v, sign float64) float64 {
	beyond, others := 0.0, 0.0
	for i := range p.blocks {
		for _, n := range p.blocks[i].numbers {
			if n.called(label) {
				others++
				if float64((n.value-v)*sign) > 0 {
					beyond++
				}
				break
			}
		}
	}
	if others == 0 {
		return 0
	}
	return 1 - beyond/others
}

// counted is how many blocks hold the rarest of the asked words that any holds.
func (p *prompt) counted(asked map[uint64]bool) int {
	counts, order := p.holders(asked)
	best := 0
	for _, w := range order {
		if n := counts[w]; n < len(p.blocks) && (best == 0 || n < best) {
			best = n
		}
	}
	if best == 0 && len(order) > 0 {
		best = len(p.blocks)
	}
	return best
}

// written is 1 where a number of the block is the value and has a label that the
// question names, half where it has another.
func (p *prompt) written(ref, word string, stems map[string]bool) float64 {
	at, ok := p.of[ref]
	if !ok {
		return 0
	}
	best := 0.0
	for _, n := range p.blocks[at].numbers {
		if n.text != word {
			continue
		}
		best = math.Max(best, 0.5)
		if stems[n.before] || stems[n.after] || stems["give"] && (n.before == "gave" || n.before == "given") {
			best = 1
		}
	}
	return best
}
