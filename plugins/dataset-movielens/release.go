package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/alignuser/alignuser/sdk"
)

const howToGet = "get it with alignuser data get movielens 100k, or download https://files.grouplens.org/datasets/movielens/ml-100k.zip, unpack it, and set path to its folder ml-100k"

// release is the checked content of a folder.
type release struct {
	sources []sdk.File
	tables  []sdk.Table
}

// reader collects what the files say. Files are read in an order in which each
// can be checked against those before it.
type reader struct {
	dir      string
	keepLast bool
	sources  []sdk.File

	genres      []string
	occupations map[string]bool
	people      []person
	userRow     map[string]int32
	films       []film
	itemRow     map[string]int32
	ratings     []placed
	lines       int // of u.data, repeated ratings included
	counts      map[string]count

	fold  string
	parts map[pair]uint8 // where the fold puts a rating
}

// pair is a user and a film by their rows.
type pair struct{ user, item int32 }

// placed is a rating with the rows it refers to and the line it came from.
type placed struct {
	rating
	userRow, itemRow int32
	line             int
}

// count is a line of u.info.
type count struct{ n, line int }

func readRelease(ctx context.Context, dir string, keepLast bool, fold string, emit sdk.Emit) (*release, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	r := &reader{
		dir: dir, keepLast: keepLast, fold: fold, parts: map[pair]uint8{},
		occupations: map[string]bool{}, userRow: map[string]int32{}, itemRow: map[string]int32{}, counts: map[string]count{},
	}
	type step struct {
		file string
		line func(n int, line string) error
		done func() error
	}
	steps := []step{
		{"u.genre", r.genre, r.checkGenres},
		{"u.occupation", r.occupation, nil},
		{"u.user", r.person, nil},
		{"u.item", r.film, nil},
		{"u.data", r.rating, r.dropRepeated},
		{"u.info", r.info, r.checkCounts},
	}
	if fold != noFold {
		steps = append(steps, step{fold + ".base", r.folded(0), nil}, step{fold + ".test", r.folded(2), r.checkFold})
	}
	for i, s := range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if emit != nil {
			emit(sdk.Progress{Stage: "read " + s.file, Step: int64(i), Total: int64(len(steps))})
		}
		if s.file == "u.info" && !exists(filepath.Join(dir, s.file)) {
			continue // it only repeats how much there is
		}
		if err := r.file(s.file, s.line); err != nil {
			return nil, err
		}
		if s.done != nil {
			if err := s.done(); err != nil {
				return nil, err
			}
		}
	}
	return &release{sources: r.sources, tables: r.tables()}, nil
}

// checkFolder refuses a path that cannot be the release, naming the nearest
// thing that can.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return sdk.Invalidf("path", "%s: there is no such folder: %s", dir, howToGet)
	case err != nil:
		return sdk.Invalidf("path", "%v", err)
	case !info.IsDir():
		return sdk.Invalidf("path", "%s is a file, not the unpacked folder: %s", dir, howToGet)
	}
	if exists(filepath.Join(dir, "u.data")) {
		return nil
	}
	if inner := filepath.Join(dir, "ml-100k"); exists(filepath.Join(inner, "u.data")) {
		return sdk.Invalidf("path", "%s holds no u.data, its folder ml-100k does: set path to %s", dir, inner)
	}
	return nil // the first missing file will be named
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// file hashes a file and hands over its lines, counted from 1, without line
// ends; blank lines are left out.
func (r *reader) file(name string, each func(n int, line string) error) error {
	raw, err := os.ReadFile(filepath.Join(r.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return sdk.Invalidf("path", "%s: missing in %s: %s", name, r.dir, howToGet)
	}
	if err != nil {
		return sdk.Invalidf("path", "%s: %v", name, err)
	}
	sum := sha256.Sum256(raw)
	r.sources = append(r.sources, sdk.File{Path: name, Bytes: int64(len(raw)), SHA256: hex.EncodeToString(sum[:])})
	text, err := decode(raw)
	if err != nil {
		return sdk.Invalidf("path", "%s: %v", name, err)
	}
	lines := 0
	for n, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		lines++
		if err := each(n+1, string(line)); err != nil {
			return sdk.Invalidf("path", "%s:%d: %v: fetch the release again (%s)", name, n+1, err, homepage)
		}
	}
	if lines == 0 {
		return sdk.Invalidf("path", "%s: empty: %s", name, howToGet)
	}
	return nil
}

// decode gives text as UTF-8. The release is ISO-8859-1; text with accents that
// is valid UTF-8 all the same has been converted before.
func decode(raw []byte) ([]byte, error) {
	if utf8.Valid(raw) {
		return raw, nil
	}
	return charmap.ISO8859_1.NewDecoder().Bytes(raw)
}

func (r *reader) genre(_ int, line string) error {
	name, at, err := parseGenre(line)
	if err != nil {
		return err
	}
	if at != len(r.genres) || slices.Contains(r.genres, name) {
		return fmt.Errorf("genre %s is repeated or out of order: want position %d", name, len(r.genres))
	}
	r.genres = append(r.genres, name)
	return nil
}

// checkGenres guards against a list cut short: films would then look wrong.
func (r *reader) checkGenres() error {
	if len(r.genres) < 2 {
		return sdk.Invalidf("path", "u.genre: one genre only: %s", howToGet)
	}
	return nil
}

func (r *reader) occupation(_ int, line string) error {
	r.occupations[line] = true
	return nil
}

func (r *reader) person(_ int, line string) error {
	p, err := parsePerson(line)
	if err != nil {
		return err
	}
	if !r.occupations[p.occupation] {
		return fmt.Errorf("occupation %q of user %s is not in u.occupation", p.occupation, p.id)
	}
	if _, twice := r.userRow[p.id]; twice {
		return fmt.Errorf("user %s occurs twice", p.id)
	}
	r.userRow[p.id] = int32(len(r.people))
	r.people = append(r.people, p)
	return nil
}

func (r *reader) film(_ int, line string) error {
	f, err := parseFilm(line, r.genres)
	if err != nil {
		return err
	}
	if _, twice := r.itemRow[f.id]; twice {
		return fmt.Errorf("film %s occurs twice", f.id)
	}
	r.itemRow[f.id] = int32(len(r.films))
	r.films = append(r.films, f)
	return nil
}

func (r *reader) rating(n int, line string) error {
	x, err := parseRating(line)
	if err != nil {
		return err
	}
	u, ok := r.userRow[x.user]
	if !ok {
		return fmt.Errorf("user %q is not in u.user", x.user)
	}
	i, ok := r.itemRow[x.item]
	if !ok {
		return fmt.Errorf("film %q is not in u.item", x.item)
	}
	r.ratings = append(r.ratings, placed{rating: x, userRow: u, itemRow: i, line: n})
	return nil
}

// dropRepeated refuses a pair that was rated twice, or keeps its latest rating.
func (r *reader) dropRepeated() error {
	latest := make(map[pair]int, len(r.ratings))
	for n, x := range r.ratings {
		key := pair{x.userRow, x.itemRow}
		before, twice := latest[key]
		if twice && !r.keepLast {
			return sdk.Invalidf("path", "u.data:%d: user %s rated film %s on line %d already: fetch the release again (%s), or set duplicates = \"last\"",
				x.line, x.user, x.item, r.ratings[before].line, homepage)
		}
		if !twice || x.time >= r.ratings[before].time {
			latest[key] = n
		}
	}
	var kept []placed
	for n, x := range r.ratings {
		if latest[pair{x.userRow, x.itemRow}] == n {
			kept = append(kept, x)
		}
	}
	r.lines, r.ratings = len(r.ratings), kept
	return nil
}

func (r *reader) info(n int, line string) error {
	c, of, err := parseCount(line)
	if err == nil {
		r.counts[of] = count{n: c, line: n}
	}
	return err
}

// checkCounts finds a file that was cut between two lines.
func (r *reader) checkCounts() error {
	for _, have := range []struct {
		file, of string
		n        int
	}{{"u.user", "users", len(r.people)}, {"u.item", "items", len(r.films)}, {"u.data", "ratings", r.lines}} {
		if c, ok := r.counts[have.of]; ok && c.n != have.n {
			return sdk.Invalidf("path", "u.info:%d: %d %s, but %s has %d: fetch the release again (%s)", c.line, c.n, have.of, have.file, have.n, homepage)
		}
	}
	return nil
}

// tables turns what was read into columns.
func (r *reader) tables() []sdk.Table {
	uid, age := make([]string, len(r.people)), make([]int32, len(r.people))
	gender, occupation := make([]string, len(r.people)), make([]string, len(r.people))
	for i, p := range r.people {
		uid[i], age[i], gender[i], occupation[i] = p.id, p.age, p.gender, p.occupation
	}
	iid, title, year := make([]string, len(r.films)), make([]string, len(r.films)), make([]int32, len(r.films))
	categories, starts := []string{}, make([]uint32, 1, len(r.films)+1)
	for i, f := range r.films {
		iid[i], title[i], year[i] = f.id, f.title, f.year
		categories = append(categories, f.genres...)
		starts = append(starts, uint32(len(categories)))
	}
	n := len(r.ratings)
	user, item, value, at := make([]int32, n), make([]int32, n), make([]float32, n), make([]int64, n)
	for i, x := range r.ratings {
		user[i], item[i], value[i], at[i] = x.userRow, x.itemRow, x.value, x.time
	}
	tables := []sdk.Table{
		{Name: sdk.TableUsers, Columns: []sdk.Column{
			{Name: "uid", Data: uid}, {Name: "age", Data: age}, {Name: "gender", Data: gender}, {Name: "occupation", Data: occupation},
		}},
		{Name: sdk.TableItems, Columns: []sdk.Column{
			{Name: "iid", Data: iid}, {Name: "title", Data: title}, {Name: "categories", Data: categories, Lists: starts}, {Name: "year", Data: year},
		}},
		{Name: sdk.TableInteractions, Columns: []sdk.Column{
			{Name: "user", Data: user}, {Name: "item", Data: item}, {Name: "value", Data: value}, {Name: "time", Data: at},
		}},
	}
	if r.fold != noFold {
		part := make([]uint8, n)
		for i, x := range r.ratings {
			part[i] = r.parts[pair{x.userRow, x.itemRow}]
		}
		x := &tables[len(tables)-1]
		x.Columns = append(x.Columns, sdk.Column{Name: "part", Data: part})
	}
	return tables
}
