package corpus

import (
	"fmt"
	"math"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// checkTables reports the first thing in users, items, interactions and sessions
// that is not as the contract says. Rows count from 0, like ids.
func checkTables(spec sdk.ComponentSpec, scale *sdk.Scale, tables []sdk.Table) (columns.Meta, error) {
	users, items, rows := tables[0], tables[1], tables[2]
	meta := columns.Meta{Users: users.Rows(), Items: items.Rows()}
	for _, t := range tables {
		if t.Rows() == 0 {
			return meta, sdk.Invalidf("", "table %s is empty: check the options that filter or find the data", t.Name)
		}
		if t.Rows() > math.MaxInt32 {
			return meta, sdk.Invalidf("", "table %s has %d rows, more than %d", t.Name, t.Rows(), math.MaxInt32)
		}
	}
	if err := checkNames(users, "uid"); err != nil {
		return meta, fmt.Errorf("table users: %w", err)
	}
	if err := checkNames(items, "iid"); err != nil {
		return meta, fmt.Errorf("table items: %w", err)
	}
	if _, err := column[string](items, "title", true); err != nil {
		return meta, fmt.Errorf("table items: %w", err)
	}
	if err := checkInteractions(spec, scale, meta, rows); err != nil {
		return meta, fmt.Errorf("table interactions: %w", err)
	}
	if len(tables) > 3 {
		if err := checkSessions(scale, meta, rows, tables[3]); err != nil {
			return meta, fmt.Errorf("table sessions: %w", err)
		}
	}
	return meta, nil
}

// checkNames wants one name of its own in every row.
func checkNames(t sdk.Table, name string) error {
	names, err := column[string](t, name, true)
	if err != nil {
		return err
	}
	seen := make(map[string]int, len(names))
	for row, s := range names {
		if s == "" {
			return sdk.Invalidf("", "row %d: column %s is empty", row, name)
		}
		if before, ok := seen[s]; ok {
			return sdk.Invalidf("", "row %d: %s %q is also in row %d: each may be there once", row, name, s, before)
		}
		seen[s] = row
	}
	return nil
}

func checkInteractions(spec sdk.ComponentSpec, scale *sdk.Scale, meta columns.Meta, t sdk.Table) error {
	users, err := checkIDs(t, "user", meta.Users)
	if err != nil {
		return err
	}
	items, err := checkIDs(t, "item", meta.Items)
	if err != nil {
		return err
	}
	if err := checkValues(spec, scale, t); err != nil {
		return err
	}
	if _, err := column[int64](t, "time", false); err != nil {
		return err
	}
	if _, err := column[uint8](t, "kind", false); err != nil {
		return err
	}
	parts, err := column[uint8](t, "part", false)
	if err != nil {
		return err
	}
	for row, p := range parts {
		if p > uint8(partTest) {
			return sdk.Invalidf("", "row %d: part %d: want 0 for training, 1 for validation, 2 for test", row, p)
		}
	}
	return checkPairs(meta, users, items)
}

func checkIDs(t sdk.Table, name string, limit int) ([]int32, error) {
	ids, err := column[int32](t, name, true)
	if err != nil {
		return nil, err
	}
	for row, id := range ids {
		if id < 0 || int(id) >= limit {
			return nil, sdk.Invalidf("", "row %d: %s %d: the table of %ss has rows 0 to %d", row, name, id, name, limit-1)
		}
	}
	return ids, nil
}

// checkValues wants values on the scale exactly where there is a scale. NaN is
// a missing value, where the column is declared to have such.
func checkValues(spec sdk.ComponentSpec, scale *sdk.Scale, t sdk.Table) error {
	values, err := column[float32](t, "value", false)
	switch {
	case err != nil:
		return err
	case values == nil && scale == nil:
		return nil
	case values == nil:
		return sdk.Invalidf("", "there is a scale but no column value: give values, or no scale for implicit data")
	case scale == nil:
		return sdk.Invalidf("", "there is a column value but no scale: give the scale, or no values for implicit data")
	}
	nullable := false
	for _, ts := range spec.Tables {
		for _, cs := range ts.Columns {
			nullable = nullable || ts.Name == t.Name && cs.Name == "value" && cs.Nullable
		}
	}
	for row, v := range values {
		if math.IsNaN(float64(v)) {
			if !nullable {
				return sdk.Invalidf("", "row %d: value is missing, and the column is not declared nullable", row)
			}
			continue
		}
		if v < float32(scale.Min) || v > float32(scale.Max) {
			return sdk.Invalidf("", "row %d: value %v is outside the scale %v to %v", row, v, scale.Min, scale.Max)
		}
	}
	return nil
}

// checkPairs wants each pair of user and item once: what a second one means
// (another visit? a changed mind?) is for the data set to decide.
func checkPairs(meta columns.Meta, users, items []int32) error {
	g := groupBy(users, meta.Users)
	lastUser, lastRow := make([]int32, meta.Items), make([]int32, meta.Items)
	for i := range lastUser {
		lastUser[i] = -1
	}
	for u := range int32(meta.Users) {
		for _, row := range g.of(int(u)) {
			item := items[row]
			if lastUser[item] == u {
				return sdk.Invalidf("", "rows %d and %d: user %d and item %d twice: keep one interaction of a pair, for instance the last", lastRow[item], row, u, item)
			}
			lastUser[item], lastRow[item] = u, row
		}
	}
	return nil
}

// groups lists row numbers by a key, ascending inside each.
type groups struct {
	offsets []int32
	rows    []int32
}

func (g groups) of(key int) []int32 { return g.rows[g.offsets[key]:g.offsets[key+1]] }

// groupBy is a counting sort.
func groupBy(keys []int32, n int) groups {
	g := groups{make([]int32, n+1), make([]int32, len(keys))}
	for _, k := range keys {
		g.offsets[k+1]++
	}
	for i := range n {
		g.offsets[i+1] += g.offsets[i]
	}
	next := append([]int32(nil), g.offsets[:n]...)
	for row, k := range keys {
		g.rows[next[k]] = int32(row)
		next[k]++
	}
	return g
}

// column gives the data of a plain column; nil where an optional one is absent.
func column[T int32 | int64 | float32 | uint8 | string](t sdk.Table, name string, required bool) ([]T, error) {
	c, ok := t.Column(name)
	if !ok {
		if required {
			return nil, sdk.Invalidf("", "column %s is missing", name)
		}
		return nil, nil
	}
	data, ok := c.Data.([]T)
	if !ok || c.Lists != nil {
		kind := c.Type().String()
		if c.Lists != nil {
			kind = "list of " + kind
		}
		return nil, sdk.Invalidf("", "column %s is %s, want %s", name, kind, sdk.Column{Data: []T{}}.Type())
	}
	return data, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
