package spec

import "strconv"

// Pos is a place in a suite. Line and Column count from 1; the column counts
// bytes. Line 0 means the file as a whole, or a command-line override, whose
// text is then File.
type Pos struct {
	File         string
	Line, Column int
}

// String gives file:line, or the file alone.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// place is the position of a key or an array element, with those inside it. It
// mirrors the decoded document: the toml package tells no positions of keys.
type place struct {
	Pos
	base  string // the folder that relative paths given here start from; empty: the current one
	table map[string]*place
	list  []*place
}

// child gives the place of a key, made at pos where it is not there yet. A key
// of a list is one of its last element, as in a [[header]].
func (p *place) child(key string, pos Pos) *place {
	if n := len(p.list); n > 0 {
		p = p.list[n-1]
	}
	if p.table == nil {
		p.table = map[string]*place{}
	}
	c, ok := p.table[key]
	if !ok {
		c = &place{Pos: pos, base: p.base}
		p.table[key] = c
	}
	return c
}

// replace gives a key a new place, with nothing inside.
func (p *place) replace(key string, by *place) {
	p.child(key, by.Pos)
	p.table[key] = by
}

// element adds a list element.
func (p *place) element(pos Pos) *place {
	e := &place{Pos: pos, base: p.base}
	p.list = append(p.list, e)
	return e
}

// at gives the place of a key, or the place itself where the key has none.
func (p *place) at(key string) *place {
	if c, ok := p.table[key]; ok {
		return c
	}
	return p
}

// item gives the place of a list element, or the place itself.
func (p *place) item(i int) *place {
	if i < len(p.list) {
		return p.list[i]
	}
	return p
}
