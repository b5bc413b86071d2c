package main

import (
	"strconv"
	"strings"
)

// prompt is what a request says, cut into lines, sections and blocks.
type prompt struct {
	lines    []*line
	sections []section
	blocks   []block
	of       map[string]int // reference to block
	df       map[uint64]int // lines that hold a word
	asked    []*line        // lines that ask: those with a question mark
	headings []*line
	sum      uint64 // of all text
}

// section is a heading and the lines under it. A heading is a Markdown heading, or
// a line without a reference that ends in a colon.
type section struct {
	name    string
	lines   []*line
	words   map[uint64]bool
	against bool // its heading speaks of dislike
}

// block is the lines that describe one reference: from the line that begins with
// it to the next that begins with another, or to the end of the section.
type block struct {
	ref     string
	lines   []*line
	words   []uint64
	numbers []number
}

// line is one line of text. Lines are shared between prompts: their text is parsed
// once.
type line struct {
	text    string
	words   []uint64 // each once, in order
	refs    []string // such as ITEM_3: capitals, an underscore, digits
	first   bool     // it begins with refs[0]
	numbers []number
	heading bool
	asks    bool
	against bool // it has a word of dislike
}

// number is a number with the word before it and the word behind it.
type number struct {
	value         float64
	text          string
	word          uint64 // its hash among words
	before, after string
}

// parseText cuts a text into lines.
func parseText(text string) []*line {
	var out []*line
	for raw := range strings.SplitSeq(text, "\n") {
		out = append(out, parseLine(raw))
	}
	return out
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// parseLine finds words, references and numbers in one pass.
func parseLine(raw string) *line {
	l := &line{text: strings.TrimSpace(raw)}
	l.words = make([]uint64, 0, len(l.text)/5+1)
	s := l.text
	l.asks = strings.Contains(s, "?")
	begin := strings.TrimLeft(s, "#-*•> \t\"([")
	last := ""
	pending := -1 // a number that waits for the word behind it
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case letter(c):
			from := i
			for i < len(s) && (letter(s[i]) || digit(s[i]) || s[i] == '_' || s[i] == '\'') {
				i++
			}
			word := s[from:i]
			if isReference(word) {
				l.refs = append(l.refs, word)
				l.first = l.first || len(l.refs) == 1 && strings.HasPrefix(begin, word)
				continue
			}
			last = stem(word)
			if pending >= 0 {
				l.numbers[pending].after, pending = last, -1
			}
			l.against = l.against || dislikes[last]
			l.words = append(l.words, hash(basis, last))
		case digit(c):
			from := i
			for i < len(s) && (digit(s[i]) || s[i] == '.' && i+1 < len(s) && digit(s[i+1])) {
				i++
			}
			text := s[from:i]
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || v > 1e12 {
				continue
			}
			if from > 0 && s[from-1] == '-' && (from == 1 || s[from-2] == ' ') {
				v, text = -v, "-"+text
			}
			word := hash(basis, text)
			l.numbers = append(l.numbers, number{value: v, text: text, word: word, before: last})
			pending = len(l.numbers) - 1
			l.words = append(l.words, word)
		default:
			if c == ',' || c == ';' || c == ':' || c == '"' || c == ')' {
				pending = -1
			}
			i++
		}
	}
	l.words = once(l.words)
	l.heading = len(l.refs) == 0 && (strings.HasPrefix(s, "#") || strings.HasSuffix(s, ":") && len(s) <= 80)
	return l
}

// isReference reports capitals and digits joined by an underscore: ITEM_3.
func isReference(word string) bool {
	at := strings.IndexByte(word, '_')
	if at < 1 || at == len(word)-1 {
		return false
	}
	for i := range len(word) {
		c := word[i]
		if i < at && !(c >= 'A' && c <= 'Z') || i > at && !digit(c) {
			return false
		}
	}
	return true
}

// stem is the word in small letters, without the s of a plural.
func stem(word string) string {
	w := strings.ToLower(word)
	if len(w) > 3 && w[len(w)-1] == 's' && w[len(w)-2] != 's' {
		w = w[:len(w)-1]
	}
	return w
}

// once keeps the first of equal words.
func once(words []uint64) []uint64 {
	if len(words) < 2 {
		return words
	}
	if len(words) > 32 {
		seen := make(map[uint64]bool, len(words))
		out := words[:0]
		for _, w := range words {
			if !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
		}
		return out
	}
	out := words[:0]
next:
	for _, w := range words {
		for _, o := range out {
			if o == w {
				continue next
			}
		}
		out = append(out, w)
	}
	return out
}

// arrange makes a prompt of lines.
func arrange(lines []*line, sum uint64) *prompt {
	p := &prompt{lines: lines, sum: sum, of: map[string]int{}, df: make(map[uint64]int, 256), sections: []section{{name: "start"}}}
	current := -1
	for _, l := range lines {
		for _, w := range l.words {
			p.df[w]++
		}
		if l.asks {
			p.asked = append(p.asked, l)
		}
		switch {
		case l.text == "":
			current = -1
			continue
		case l.heading:
			p.sections = append(p.sections, section{name: strings.Trim(l.text, "#: "), against: l.against})
			p.headings = append(p.headings, l)
			current = -1
			continue
		case l.first:
			at, ok := p.of[l.refs[0]]
			if !ok {
				at = len(p.blocks)
				p.of[l.refs[0]] = at
				p.blocks = append(p.blocks, block{ref: l.refs[0]})
			}
			current = at
		}
		if current >= 0 && !l.asks {
			b := &p.blocks[current]
			b.lines, b.words, b.numbers = append(b.lines, l), append(b.words, l.words...), append(b.numbers, l.numbers...)
			continue
		}
		s := &p.sections[len(p.sections)-1]
		s.lines = append(s.lines, l)
	}
	for i := range p.blocks {
		p.blocks[i].words = once(p.blocks[i].words)
	}
	kept := p.sections[:0]
	for _, s := range p.sections {
		s.words = make(map[uint64]bool, 8*len(s.lines))
		for _, l := range s.lines {
			if l.asks {
				continue
			}
			for _, w := range l.words {
				s.words[w] = true
			}
		}
		if len(s.words) > 0 {
			kept = append(kept, s)
		}
	}
	p.sections = kept
	if len(p.asked) == 0 && len(lines) > 0 {
		p.asked = lines[len(lines)-1:]
	}
	return p
}

// rarity weighs a word: one that stands in every line says nothing.
func (p *prompt) rarity(word uint64) float64 { return 1 / float64(1+p.df[word]) }

// overlap is the share of a block's words, by rarity, that others hold.
func (p *prompt) overlap(words []uint64, held func(uint64) bool) float64 {
	all, both := 0.0, 0.0
	for _, w := range words {
		r := p.rarity(w)
		all += r
		if held(w) {
			both += r
		}
	}
	if all == 0 {
		return 0
	}
	return both / all
}
