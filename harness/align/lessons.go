package align

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/alignuser/alignuser/harness/page"
)

// Memory holds lessons, for backends that are told and not tuned.
type Memory struct{ byUser map[int32][]Lesson }

// told is how many lessons go into a prompt (METHOD 4: k).
const toldLessons = 5

// ReadLessons reads those of a folder.
func ReadLessons(dir string) (*Memory, error) {
	path := filepath.Join(dir, LessonsFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("lessons: %w", err)
	}
	defer f.Close() // read-only
	m := &Memory{byUser: map[int32][]Lesson{}}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for n := 1; in.Scan(); n++ {
		var l Lesson
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		m.byUser[l.User] = append(m.byUser[l.User], l)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Of gives all lessons of a user, the earliest first.
func (m *Memory) Of(user int32) []Lesson { return slices.Clone(m.byUser[user]) }

// For gives the lessons of a user that matter most in sight of cards: those that share
// most of their categories, the latest first among equals.
func (m *Memory) For(user int32, cards []page.Card) []string {
	shared := func(l Lesson) (n int) {
		for _, c := range cards {
			for _, k := range c.Categories {
				if slices.Contains(l.Kinds, k) {
					n++
				}
			}
		}
		return n
	}
	all := slices.Clone(m.byUser[user])
	slices.SortStableFunc(all, func(a, b Lesson) int { return cmp.Or(cmp.Compare(shared(b), shared(a)), cmp.Compare(b.Page, a.Page)) })
	var out []string
	for _, l := range all[:min(toldLessons, len(all))] {
		out = append(out, l.Text)
	}
	return out
}
