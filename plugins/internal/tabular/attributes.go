package tabular

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// ids numbers names in order of appearance.
type ids struct {
	rows  map[string]int32
	names []string
}

func newIDs() ids { return ids{rows: map[string]int32{}} }

func (d *ids) add(name string) int32 {
	row := int32(len(d.names))
	d.rows[name] = row
	d.names = append(d.names, name)
	return row
}

// fresh adds an id that must be new and not empty.
func (d *ids) fresh(id []byte, what string) error {
	if len(id) == 0 {
		return fmt.Errorf("no id: the line is cut short or damaged")
	}
	if before, twice := d.rows[string(id)]; twice {
		return fmt.Errorf("%s %s occurs twice, first as number %d of the file: keep one line for each", what, id, before+1)
	}
	d.add(string(id))
	return nil
}

// people are users with their attributes; later ones may lack them.
type people struct {
	ids
	age                []int32
	gender, occupation []string
	extra              extras
}

func (r *loader) readUsers() error {
	x, p := r.Users, &r.users
	var id, age, gender, occupation int
	begin := func(rows Rows, width int) error {
		return columns(rows, x.File, width, []wanted{
			{"user-id", x.ID, false, &id},
			{"age", x.Age, false, &age},
			{"gender", x.Gender, false, &gender},
			{"occupation", x.Occupation, false, &occupation},
		}, p.extra.wanted("user-attributes", x.Extra))
	}
	return r.each(x.File, begin, func(f [][]byte, _ int) error {
		if err := p.fresh(f[id], "user"); err != nil {
			return err
		}
		if err := p.extra.add(f); err != nil {
			return err
		}
		if age >= 0 {
			n, err := whole(f[age], "age", 150)
			if err != nil {
				return err
			}
			p.age = append(p.age, n)
		}
		if gender >= 0 {
			p.gender = append(p.gender, string(f[gender]))
		}
		if occupation < 0 {
			return nil
		}
		name := string(f[occupation])
		if x.Occupations != nil {
			n, err := whole(f[occupation], "occupation", len(x.Occupations)-1)
			if err != nil || n < 0 {
				return fmt.Errorf("occupation %q: want a number from 0 to %d", name, len(x.Occupations)-1)
			}
			name = x.Occupations[n]
		}
		p.occupation = append(p.occupation, name)
		return nil
	})
}

func (p *people) table(x Users) (sdk.Table, error) {
	n := len(p.names)
	t := sdk.Table{Name: sdk.TableUsers, Columns: []sdk.Column{{Name: "uid", Data: p.names}}}
	if x.File != "" && x.Age != "" {
		t.Columns = append(t.Columns, sdk.Column{Name: "age", Data: padded(p.age, n, -1)})
	}
	if x.File != "" && x.Gender != "" {
		t.Columns = append(t.Columns, sdk.Column{Name: "gender", Data: padded(p.gender, n, "")})
	}
	if x.File != "" && x.Occupation != "" {
		t.Columns = append(t.Columns, sdk.Column{Name: "occupation", Data: padded(p.occupation, n, "")})
	}
	more, err := p.extra.columns(n)
	t.Columns = append(t.Columns, more...)
	return t, err
}

// catalogue is items with their attributes; later ones may lack them.
type catalogue struct {
	ids
	title, summary []string
	categories     []string
	lists          []uint32
	year           []int32
	extra          extras
}

func (r *loader) readItems() error {
	x, c := r.Items, &r.items
	var id, title, categories, year, summary int
	begin := func(rows Rows, width int) error {
		return columns(rows, x.File, width, []wanted{
			{"item-id", x.ID, false, &id},
			{"title", x.Title, true, &title},
			{"categories", x.Categories, true, &categories},
			{"year", x.Year, false, &year},
			{"summary", x.Summary, true, &summary},
		}, c.extra.wanted("item-attributes", x.Extra))
	}
	return r.each(x.File, begin, func(f [][]byte, _ int) error {
		if err := c.fresh(f[id], "item"); err != nil {
			return err
		}
		if err := c.extra.add(f); err != nil {
			return err
		}
		name := ""
		if title >= 0 {
			name = strings.TrimSpace(string(f[title]))
		}
		if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("the title %q holds control characters", name)
		}
		c.title = append(c.title, name)
		if categories >= 0 {
			c.addCategories(string(f[categories]), x)
		}
		switch {
		case year >= 0:
			y, err := whole(f[year], "year", 9999)
			if err != nil {
				return err
			}
			c.year = append(c.year, y)
		case x.YearInTitle:
			c.year = append(c.year, YearOf(name))
		}
		if summary >= 0 {
			c.summary = append(c.summary, string(f[summary]))
		}
		return nil
	})
}

// addCategories ends a row of the list column.
func (c *catalogue) addCategories(field string, x Items) {
	parts := []string{field}
	if x.CategorySeparator != "" {
		parts = strings.Split(field, x.CategorySeparator)
	}
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" && p != x.NoCategory {
			c.categories = append(c.categories, p)
		}
	}
	c.lists = append(c.lists, uint32(len(c.categories)))
}

func (c *catalogue) table(x Items) (sdk.Table, error) {
	n := len(c.names)
	t := sdk.Table{Name: sdk.TableItems, Columns: []sdk.Column{
		{Name: "iid", Data: c.names}, {Name: "title", Data: padded(c.title, n, "")},
	}}
	if x.File == "" {
		return t, nil
	}
	if x.Categories != "" {
		lists := padded(c.lists, n+1, uint32(len(c.categories)))
		t.Columns = append(t.Columns, sdk.Column{Name: "categories", Data: append([]string{}, c.categories...), Lists: lists})
	}
	if x.Summary != "" {
		t.Columns = append(t.Columns, sdk.Column{Name: "summary", Data: padded(c.summary, n, "")})
	}
	if x.Year != "" || x.YearInTitle {
		t.Columns = append(t.Columns, sdk.Column{Name: "year", Data: padded(c.year, n, -1)})
	}
	more, err := c.extra.columns(n)
	t.Columns = append(t.Columns, more...)
	return t, err
}

func (e *events) table() sdk.Table {
	t := sdk.Table{Name: sdk.TableInteractions, Columns: []sdk.Column{{Name: "user", Data: e.user}, {Name: "item", Data: e.item}}}
	if e.value != nil {
		t.Columns = append(t.Columns, sdk.Column{Name: "value", Data: e.value})
	}
	if e.time != nil {
		t.Columns = append(t.Columns, sdk.Column{Name: "time", Data: e.time})
	}
	if e.kind != nil {
		t.Columns = append(t.Columns, sdk.Column{Name: "kind", Data: e.kind})
	}
	if e.part != nil {
		t.Columns = append(t.Columns, sdk.Column{Name: "part", Data: e.part})
	}
	return t
}

// padded brings a column to n rows.
func padded[T any](col []T, n int, with T) []T {
	for len(col) < n {
		col = append(col, with)
	}
	return col
}

// whole reads a number from 0 on; -1 where there is none.
func whole(field []byte, what string, most int) (int32, error) {
	if len(field) == 0 {
		return -1, nil
	}
	n, err := strconv.Atoi(string(field))
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("%s %q is not a number from 0 to %d", what, field, most)
	}
	return int32(n), nil
}
