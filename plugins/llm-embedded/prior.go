package main

import (
	"math"
	"strconv"
)

// leaning sets how the prior leans for choices of the kind that people make:
// assent or refusal about a block, a value on a scale, and going on or leaving.
// It is what the untuned model knows; tuning weighs it and adds to it.
func (q *question) leaning(p *prompt, at int, before []taken) {
	if at < 0 && len(before) == 0 && p.points(q) {
		return
	}
	appeal := mood(before)
	if at >= 0 {
		appeal = p.appeal(at)
	}
	signed := false
	for _, w := range q.words {
		signed = signed || polarity(w) != 0
	}
	if signed {
		for i, w := range q.words {
			q.lean[i] = float64(polarity(w) * appeal / 2)
		}
		return
	}
	lo, hi, ok := q.scale()
	if !ok {
		return
	}
	middle := (lo + hi) / 2
	target := middle + float64((hi-lo)*appeal/8)
	if at >= 0 {
		if v, ok := p.shown(at, lo, hi); ok {
			target = v
		}
	}
	spread := math.Max(0.5, (hi-lo)/5)
	for i, w := range q.words {
		v, _ := strconv.ParseFloat(w, 64) // scale has seen that all are numbers
		d := (v - target) / spread
		q.lean[i] = -float64(d*d) / 2
	}
}

// points reports whether a value is named in the prompt, or the choice asks for a
// count or a copy: then the words decide, not the mood.
func (p *prompt) points(q *question) bool {
	for _, own := range q.own {
		if len(own) > 0 {
			return true
		}
	}
	return false
}

// scale gives the ends of values that are all numbers.
func (q *question) scale() (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, w := range q.words {
		v, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return 0, 0, false
		}
		lo, hi = math.Min(lo, v), math.Max(hi, v)
	}
	return lo, hi, lo < hi
}

// appeal says how much speaks for a block, about -4 to 4: its rank by numbers of
// quality and of fame, and the words that it shares with the rest, against those
// that it shares with what is disliked.
func (p *prompt) appeal(at int) float64 {
	b, sum := &p.blocks[at], -0.6
	for _, n := range b.numbers {
		label := n.label()
		rank := p.rank(label, n.value) - 0.5
		switch {
		case quality[n.before] || quality[n.after] && !fame[n.after]:
			sum += float64(1.2 * rank)
			if n.value > 0 && n.value <= 5 {
				sum += float64(0.8 * (n.value - 3.2))
			}
		case fame[n.before] || fame[n.after]:
			sum += float64(1.6*rank) + float64(0.25*(magnitude(n.value)-5))
		}
	}
	for i := range p.sections {
		s := &p.sections[i]
		v := p.overlap(b.words, func(w uint64) bool { return s.words[w] })
		weight := 1.5
		if s.against {
			weight = -1.5
		}
		sum += float64(weight * v)
	}
	return math.Max(-4, math.Min(4, sum))
}

// shown is the mean of the block's numbers of quality that lie on the scale.
func (p *prompt) shown(at int, lo, hi float64) (float64, bool) {
	sum, n := 0.0, 0.0
	for _, x := range p.blocks[at].numbers {
		if (quality[x.before] || quality[x.after] && !fame[x.after]) && x.value >= lo && x.value <= hi {
			sum += x.value
			n++
		}
	}
	return sum / math.Max(n, 1), n > 0
}

// mood is how well things went so far: the share of assents among the choices
// before, and the values given.
func mood(before []taken) float64 {
	yes, signed := 0.0, 0.0
	for _, t := range before {
		if s := polarity(t.word); s != 0 {
			signed++
			yes += float64((s + 1) / 2)
		}
	}
	if signed == 0 {
		return 0
	}
	return float64(4*yes/signed) - 1
}
