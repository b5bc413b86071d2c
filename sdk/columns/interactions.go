package columns

import (
	"fmt"

	"github.com/alignuser/alignuser/sdk"
)

// Interactions is an interaction table with its columns by name. All slices
// alias the folder; those of optional columns are nil where it has none.
type Interactions struct {
	Users, Items int // ids are below these
	User, Item   []int32
	Value        []float32 // nil: implicit data
	Time         []int64   // nil: unknown; sdk.MissingTime where a row has none
	Kind         []uint8
}

// Rows counts the interactions.
func (x Interactions) Rows() int { return len(x.User) }

// Interactions gives a table as interactions, "interactions" or
// "valid" in a training folder. Every id has been checked against the folder's
// numbers of users and items, so it may index an array.
func (f *Folder) Interactions(table string) (Interactions, error) {
	out := Interactions{Users: f.manifest.Users, Items: f.manifest.Items}
	t, ok := f.numeric(table)
	if !ok {
		return out, sdk.Invalidf("", "the folder has no table %q (tables: %v)", table, f.Tables())
	}
	var err error
	if out.User, err = ids(t, "user", out.Users); err != nil {
		return out, err
	}
	if out.Item, err = ids(t, "item", out.Items); err != nil {
		return out, err
	}
	if out.Value, err = column[float32](t, "value"); err != nil {
		return out, err
	}
	if out.Time, err = column[int64](t, "time"); err != nil {
		return out, err
	}
	if out.Kind, err = column[uint8](t, "kind"); err != nil {
		return out, err
	}
	return out, nil
}

// numeric gives a table without its text, which need not be copied here.
func (f *Folder) numeric(name string) (sdk.Table, bool) {
	for _, t := range f.manifest.Tables {
		if t.Name != name {
			continue
		}
		out := sdk.Table{Name: name}
		for _, c := range t.Columns {
			if c.Offsets == nil {
				out.Columns = append(out.Columns, f.column(c))
			}
		}
		return out, true
	}
	return sdk.Table{}, false
}

func ids(t sdk.Table, name string, limit int) ([]int32, error) {
	v, err := column[int32](t, name)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, sdk.Invalidf("", "table %s has no column %s of i32", t.Name, name)
	}
	for row, id := range v {
		if uint32(id) >= uint32(limit) {
			return nil, sdk.Invalidf("", "table %s: column %s: row %d: id %d is outside [0, %d)", t.Name, name, row, id, limit)
		}
	}
	return v, nil
}

// column gives the data of a column, nil where there is none.
func column[T int32 | int64 | float32 | uint8](t sdk.Table, name string) ([]T, error) {
	c, ok := t.Column(name)
	if !ok {
		return nil, nil
	}
	v, ok := c.Data.([]T)
	if !ok || c.Lists != nil {
		return nil, sdk.Invalidf("", "table %s: column %s has the wrong type: want %s", t.Name, name, fmt.Sprintf("%T", v))
	}
	return v, nil
}
