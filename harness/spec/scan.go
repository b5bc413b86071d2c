package spec

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanner walks a TOML document that the toml package has accepted. On any
// other text it finds fewer places, but it always ends.
type scanner struct {
	src       string
	file      string
	at        int // offset of the next byte
	line      int
	lineStart int
}

// scan finds the position of every key and array element.
func scan(src, file, base string) *place {
	s := &scanner{src: src, file: file, line: 1}
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if strings.HasPrefix(src, mark) {
			s.at, s.lineStart = len(mark), len(mark)
			break
		}
	}
	root := &place{Pos: Pos{File: file}, base: base}
	table := root
	for s.at < len(s.src) {
		before := s.at
		switch s.blank(); s.peek() {
		case 0:
		case '[':
			table = s.header(root)
		default:
			s.pair(table)
		}
		if s.at == before {
			s.next() // not TOML: leave the byte
		}
	}
	return root
}

func (s *scanner) pos() Pos { return Pos{File: s.file, Line: s.line, Column: s.at - s.lineStart + 1} }

// peek gives the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.src) {
		return s.src[s.at]
	}
	return 0
}

func (s *scanner) next() {
	if s.at >= len(s.src) {
		return
	}
	if s.src[s.at] == '\n' {
		s.line++
		s.lineStart = s.at + 1
	}
	s.at++
}

func (s *scanner) skip(n int) {
	for range n {
		s.next()
	}
}

// spaces skips blanks inside a line.
func (s *scanner) spaces() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.next()
	}
}

// blank skips blanks, line ends and comments.
func (s *scanner) blank() {
	for s.at < len(s.src) {
		switch s.peek() {
		case ' ', '\t', '\r', '\n':
			s.next()
		case '#':
			for s.at < len(s.src) && s.peek() != '\n' {
				s.next()
			}
		default:
			return
		}
	}
}

// header reads [a.b] or [[a.b]] and gives the table that follows.
func (s *scanner) header(root *place) *place {
	s.next()
	array := s.peek() == '['
	if array {
		s.next()
	}
	p, pos := s.path(root)
	if array {
		p = p.element(pos)
		s.skip(len("]"))
	}
	s.skip(len("]"))
	return p
}

// path reads a dotted key under p and gives its last part's place and position.
func (s *scanner) path(p *place) (*place, Pos) {
	for {
		s.spaces()
		pos := s.pos()
		before := s.at
		key := s.key()
		if s.at > before {
			p = p.child(key, pos)
		}
		s.spaces()
		if s.peek() != '.' {
			return p, pos
		}
		s.next()
	}
}

// key reads one part of a key: bare, "basic" or 'literal'.
func (s *scanner) key() string {
	switch q := s.peek(); q {
	case '"', '\'':
		start := s.at
		s.str()
		text := s.src[start:s.at]
		text = text[1:max(1, len(text)-1)]
		if q == '"' {
			text = unescape(text)
		}
		return text
	}
	start := s.at
	for isBare(s.peek()) {
		s.next()
	}
	return s.src[start:s.at]
}

func isBare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// pair reads key = value.
func (s *scanner) pair(table *place) {
	p, _ := s.path(table)
	if s.peek() != '=' {
		return
	}
	s.next()
	s.spaces()
	s.value(p)
}

// value skips a value, noting the keys and elements inside it.
func (s *scanner) value(p *place) {
	switch s.peek() {
	case '"', '\'':
		s.str()
	case '[':
		s.inside(']', func() { s.value(p.element(s.pos())) })
	case '{':
		s.inside('}', func() { s.pair(p) })
	default:
		for s.at < len(s.src) && !strings.ContainsRune(",]}#\r\n", rune(s.peek())) {
			s.next()
		}
	}
}

// inside reads the comma-separated parts of an array or inline table, both of
// which may spread over lines.
func (s *scanner) inside(end byte, part func()) {
	s.next()
	for s.at < len(s.src) {
		switch s.blank(); s.peek() {
		case end:
			s.next()
			return
		case ',', 0:
			s.next()
		default:
			before := s.at
			part()
			if s.at == before {
				s.next()
			}
		}
	}
}

// str skips a string of any of the four kinds.
func (s *scanner) str() {
	q := s.src[s.at : s.at+1]
	if triple := strings.Repeat(q, 3); strings.HasPrefix(s.src[s.at:], triple) {
		s.skip(3)
		s.until(triple, q == `"`)
		for range 2 { // up to two quotes may stand before the closing three
			if strings.HasPrefix(s.src[s.at:], q) {
				s.next()
			}
		}
		return
	}
	s.next()
	s.until(q, q == `"`)
}

// until skips to behind the mark.
func (s *scanner) until(mark string, escapes bool) {
	for s.at < len(s.src) {
		if escapes && s.peek() == '\\' {
			s.skip(2)
			continue
		}
		if strings.HasPrefix(s.src[s.at:], mark) {
			s.skip(len(mark))
			return
		}
		s.next()
	}
}

// unescape reads the escapes of a basic string.
func unescape(t string) string {
	if !strings.Contains(t, `\`) {
		return t
	}
	simple := map[byte]string{'b': "\b", 't': "\t", 'n': "\n", 'f': "\f", 'r': "\r", 'e': "\x1b", '"': `"`, '\\': `\`}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	var b strings.Builder
	for i := 0; i < len(t); i++ {
		if t[i] != '\\' || i+1 == len(t) {
			b.WriteByte(t[i])
			continue
		}
		i++
		if r, ok := simple[t[i]]; ok {
			b.WriteString(r)
			continue
		}
		n := digits[t[i]]
		if end := i + 1 + n; n > 0 && end <= len(t) {
			if v, err := strconv.ParseUint(t[i+1:end], 16, 32); err == nil && v <= utf8.MaxRune {
				b.WriteRune(rune(v))
				i = end - 1
			}
		}
	}
	return b.String()
}
