package corpus

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// FilterParams says what of a data set is used. The zero value keeps everything.
type FilterParams struct {
	MinValue, MaxValue *float64 // interactions outside leave, and those without a value
	// Users with fewer interactions than UserCore and items with fewer than ItemCore
	// leave with all their interactions, again and again until nobody is below: the
	// (UserCore, ItemCore)-core. 0 keeps those without any interaction too.
	UserCore, ItemCore int
}

// FilterStats says what a filter took away.
type FilterStats struct {
	Users, Items int // that left
	ByValue      int // interactions that left for their value
	ByCore       int // and with a user or an item
}

// Filter gives the part of a corpus that passes, with users and items numbered
// anew in their old order. It is kept in the cache like the corpus itself, and is
// to be closed by itself.
//
// Sessions keep their numbers, and their pages their numbers and slots. The
// sessions of a user who left go whole. Cards of an item that left go, and so do
// watched cards whose interaction left: what the suite does not use was not
// watched, and nobody skipped it either. So slots of a page may have gaps, and a
// page or session without cards is gone.
func (c *Corpus) Filter(p FilterParams) (*Corpus, FilterStats, error) {
	out, stats, err := c.filter(p)
	if err != nil {
		return nil, stats, fmt.Errorf("data set %s: %w", c.name, err)
	}
	return out, stats, nil
}

func (c *Corpus) filter(p FilterParams) (*Corpus, FilterStats, error) {
	var stats FilterStats
	if err := p.check(c.info.Scale); err != nil {
		return nil, stats, err
	}
	kept := make([]bool, c.rows.Rows())
	for row := range kept {
		kept[row] = p.passes(c.rows, row)
		if !kept[row] {
			stats.ByValue++
		}
	}
	k := newCore(c.rows, kept)
	k.peel(p.UserCore, p.ItemCore)
	stats.ByCore = k.removed
	left := len(kept) - stats.ByValue - stats.ByCore
	if left == 0 {
		return nil, stats, p.nothing(len(kept), stats)
	}
	users, items := keep(k.users, p.UserCore), keep(k.items, p.ItemCore)
	stats.Users, stats.Items = c.Users()-len(users), c.Items()-len(items)

	key, err := json.Marshal(p)
	if err != nil {
		return nil, stats, err
	}
	store, err := openStore(c.config, "filtered")
	if err != nil {
		return nil, stats, err
	}
	out := &Corpus{config: c.config, name: c.name, info: c.info, origin: c.origin.pick(users, items)}
	err = store.folder(hash(cacheFormat, c.digest, string(key))[:32], out.load, func(dir string) error {
		return c.writeFiltered(dir, users, items, kept)
	})
	return out, stats, err
}

func (p FilterParams) check(scale *sdk.Scale) error {
	for _, core := range []struct {
		name string
		n    int
	}{{"filter.user-core", p.UserCore}, {"filter.item-core", p.ItemCore}} {
		if core.n < 0 {
			return sdk.Invalidf(core.name, "%d: want at least 0", core.n)
		}
	}
	for _, v := range []struct {
		name  string
		bound *float64
	}{{"filter.min-value", p.MinValue}, {"filter.max-value", p.MaxValue}} {
		switch {
		case v.bound == nil:
		case scale == nil:
			return sdk.Invalidf(v.name, "the data set is implicit and has no values: leave it out")
		case !(*v.bound >= scale.Min && *v.bound <= scale.Max):
			return sdk.Invalidf(v.name, "%v is not on the scale of the data set, %v to %v", *v.bound, scale.Min, scale.Max)
		}
	}
	if p.MinValue != nil && p.MaxValue != nil && *p.MinValue > *p.MaxValue {
		return sdk.Invalidf("filter.min-value", "%v is more than max-value, %v", *p.MinValue, *p.MaxValue)
	}
	return nil
}

// nothing says which rule left nothing.
func (p FilterParams) nothing(rows int, s FilterStats) error {
	if s.ByCore == 0 {
		return sdk.Invalidf("filter.min-value", "none of %d interactions has such a value: widen the bounds", rows)
	}
	name := "filter.user-core"
	if p.UserCore == 0 {
		name = "filter.item-core"
	}
	return sdk.Invalidf(name, "nothing is left of %d interactions: no set of users and items has so many among themselves: lower it", rows-s.ByValue)
}

func (p FilterParams) passes(x columns.Interactions, row int) bool {
	if p.MinValue == nil && p.MaxValue == nil {
		return true
	}
	v := float64(x.Value[row])
	return !math.IsNaN(v) && (p.MinValue == nil || v >= *p.MinValue) && (p.MaxValue == nil || v <= *p.MaxValue)
}

// core counts interactions while users and items are taken away.
type core struct {
	x              columns.Interactions
	kept           []bool
	users, items   []int // interactions left; -1: taken away
	byUser, byItem groups
	removed        int
}

func newCore(x columns.Interactions, kept []bool) *core {
	k := &core{x: x, kept: kept, users: make([]int, x.Users), items: make([]int, x.Items)}
	for row, ok := range kept {
		if ok {
			k.users[x.User[row]]++
			k.items[x.Item[row]]++
		}
	}
	return k
}

// peel takes away until nothing is below. Whoever leaves can only bring others
// closer to leaving, so what remains does not depend on the order.
func (k *core) peel(userCore, itemCore int) {
	if userCore == 0 && itemCore == 0 {
		return
	}
	k.byUser, k.byItem = groupBy(k.x.User, k.x.Users), groupBy(k.x.Item, k.x.Items)
	var users, items []int32
	for u, n := range k.users {
		if n < userCore {
			users = append(users, int32(u))
		}
	}
	for it, n := range k.items {
		if n < itemCore {
			items = append(items, int32(it))
		}
	}
	for len(users)+len(items) > 0 {
		users, items = nil, k.take(users, k.users, k.byUser, k.x.Item, k.items, itemCore, items)
		users = k.take(items, k.items, k.byItem, k.x.User, k.users, userCore, users)
		items = nil
	}
}

// take removes some with their interactions, and adds to next the others that
// this brings below their bound.
func (k *core) take(gone []int32, counts []int, rows groups, other []int32, others []int, bound int, next []int32) []int32 {
	for _, id := range gone {
		counts[id] = -1
		for _, row := range rows.of(int(id)) {
			if !k.kept[row] {
				continue
			}
			k.kept[row] = false
			k.removed++
			o := other[row]
			if others[o]--; others[o] == bound-1 {
				next = append(next, o)
			}
		}
	}
	return next
}

// keep lists who has at least bound interactions left.
func keep(counts []int, bound int) []int32 {
	var out []int32
	for id, n := range counts {
		if n >= bound {
			out = append(out, int32(id))
		}
	}
	return out
}

func (c *Corpus) writeFiltered(dir string, users, items []int32, kept []bool) error {
	var rows []int32
	for row, ok := range kept {
		if ok {
			rows = append(rows, int32(row))
		}
	}
	var tables []sdk.Table
	for _, name := range tableNames() {
		t, ok := c.Table(name)
		if !ok {
			return fmt.Errorf("table %s is missing", name)
		}
		switch name {
		case sdk.TableUsers:
			t = pickRows(t, users)
		case sdk.TableItems:
			t = pickRows(t, items)
		default:
			t = pickRows(t, rows)
			renumber(t, "user", places(users, c.Users()))
			renumber(t, "item", places(items, c.Items()))
		}
		tables = append(tables, t)
	}
	if t, ok := c.Table(sdk.TableSessions); ok {
		if t = c.filterSessions(t, users, items, kept); t.Rows() > 0 {
			tables = append(tables, t)
		}
	}
	return c.write(dir, columns.Meta{Users: len(users), Items: len(items)}, tables)
}

// pickRows copies some rows of a table.
func pickRows(t sdk.Table, rows []int32) sdk.Table {
	out := sdk.Table{Name: t.Name}
	for _, c := range t.Columns {
		to, elements := sdk.Column{Name: c.Name}, rows
		if c.Lists != nil {
			to.Lists, elements = []uint32{0}, nil
			for _, row := range rows {
				for e := c.Lists[row]; e < c.Lists[row+1]; e++ {
					elements = append(elements, int32(e))
				}
				to.Lists = append(to.Lists, uint32(len(elements)))
			}
		}
		switch d := c.Data.(type) {
		case []int32:
			to.Data = pick(d, elements)
		case []int64:
			to.Data = pick(d, elements)
		case []float32:
			to.Data = pick(d, elements)
		case []float64:
			to.Data = pick(d, elements)
		case []uint8:
			to.Data = pick(d, elements)
		case []string:
			to.Data = pick(d, elements)
		}
		out.Columns = append(out.Columns, to)
	}
	return out
}

// places gives each of n old ids its place among the kept ones, -1 where it left.
func places(kept []int32, n int) []int32 {
	place := make([]int32, n)
	for id := range place {
		place[id] = -1
	}
	for at, id := range kept {
		place[id] = int32(at)
	}
	return place
}

// renumber turns old ids of a copied table into their places.
func renumber(t sdk.Table, column string, place []int32) {
	c, _ := t.Column(column)
	ids, _ := c.Data.([]int32) // checked when the corpus was built
	for i, id := range ids {
		ids[i] = place[id]
	}
}
