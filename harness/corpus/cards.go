package corpus

import (
	"math"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// cards is table sessions with its columns by name: one row per shown card. A
// session is a pair of user and number.
type cards struct {
	user, session, page, slot, item []int32
	watched, left                   []uint8
	time                            []int64
	value, propensity               []float32 // nil: absent
}

// cardsOf wants the columns of docs/contract.md. Value and propensity may be
// absent, as nullable columns may.
func cardsOf(t sdk.Table) (c cards, err error) {
	for i, to := range []*[]int32{&c.session, &c.user, &c.page, &c.slot, &c.item} {
		name := []string{"session", "user", "page", "slot", "item"}[i]
		if *to, err = column[int32](t, name, true); err != nil {
			return c, err
		}
	}
	if c.watched, err = column[uint8](t, "watched", true); err != nil {
		return c, err
	}
	if c.value, err = column[float32](t, "value", false); err != nil {
		return c, err
	}
	if c.time, err = column[int64](t, "time", true); err != nil {
		return c, err
	}
	if c.left, err = column[uint8](t, "left", true); err != nil {
		return c, err
	}
	c.propensity, err = column[float32](t, "propensity", false)
	return c, err
}

func checkSessions(scale *sdk.Scale, meta columns.Meta, interactions, t sdk.Table) error {
	c, err := cardsOf(t)
	if err != nil {
		return err
	}
	if _, err := checkIDs(t, "user", meta.Users); err != nil {
		return err
	}
	if _, err := checkIDs(t, "item", meta.Items); err != nil {
		return err
	}
	for row := range c.user {
		if err := c.check(row, scale); err != nil {
			return err
		}
	}
	return c.checkOrder(meta, interactions)
}

// check holds one card to the contract.
func (c cards) check(row int, scale *sdk.Scale) error {
	value := math.NaN()
	if c.value != nil {
		value = float64(c.value[row])
	}
	switch {
	case c.session[row] < 0 || c.page[row] < 0 || c.slot[row] < 0:
		return sdk.Invalidf("", "row %d: session %d, page %d, slot %d: all count from 0", row, c.session[row], c.page[row], c.slot[row])
	case c.watched[row] > 1:
		return sdk.Invalidf("", "row %d: watched %d: want 0 or 1", row, c.watched[row])
	case c.left[row] > 1:
		return sdk.Invalidf("", "row %d: left %d: want 0 or 1", row, c.left[row])
	case c.propensity != nil && (c.propensity[row] <= 0 || c.propensity[row] > 1):
		return sdk.Invalidf("", "row %d: propensity %v: want a probability above 0, or NaN where it is unknown", row, c.propensity[row])
	case math.IsNaN(value):
		return nil
	case c.watched[row] == 0:
		return sdk.Invalidf("", "row %d: value %v on a card that was not watched: want NaN", row, value)
	case scale == nil:
		return sdk.Invalidf("", "row %d: value %v but no scale: give the scale, or NaN for implicit data", row, value)
	case value < scale.Min || value > scale.Max:
		return sdk.Invalidf("", "row %d: value %v is outside the scale %v to %v", row, value, scale.Min, scale.Max)
	}
	return nil
}

// checkOrder wants each user's cards in order of session, page and slot, no item
// twice on a page, one word on leaving per page and nothing after it, and watched
// only what is an interaction of the user.
func (c cards) checkOrder(meta columns.Meta, interactions sdk.Table) error {
	users, _ := column[int32](interactions, "user", true) // checked before
	items, _ := column[int32](interactions, "item", true)
	did, shown := groupBy(users, meta.Users), groupBy(c.user, meta.Users)
	done, onPage := make([]int32, meta.Items), make([]int32, meta.Items) // user, and page of the user, that an item was met at last; from 1
	page := int32(0)
	for u := range meta.Users {
		for _, row := range did.of(u) {
			done[items[row]] = int32(u) + 1
		}
		before := int32(-1)
		for _, row := range shown.of(u) {
			if before < 0 || !c.samePage(before, row) {
				page++
			}
			if err := c.follows(before, row); err != nil {
				return err
			}
			item := c.item[row]
			if onPage[item] == page {
				return sdk.Invalidf("", "row %d: item %d is twice on page %d of session %d of user %d", row, item, c.page[row], c.session[row], u)
			}
			onPage[item] = page
			if c.watched[row] == 1 && done[item] != int32(u)+1 {
				return sdk.Invalidf("", "row %d: user %d watched item %d, and table interactions has no such pair: every watched card is an interaction", row, u, item)
			}
			before = row
		}
	}
	return nil
}

// follows compares a card with the user's card before it; -1: there is none.
func (c cards) follows(before, row int32) error {
	if before < 0 || c.session[before] < c.session[row] {
		return nil
	}
	inOrder := c.session[before] == c.session[row] && (c.page[before] < c.page[row] || c.page[before] == c.page[row] && c.slot[before] < c.slot[row])
	switch {
	case !inOrder:
		return sdk.Invalidf("", "row %d: session %d, page %d, slot %d of user %d comes after row %d with session %d, page %d, slot %d: want them ascending, each place once",
			row, c.session[row], c.page[row], c.slot[row], c.user[row], before, c.session[before], c.page[before], c.slot[before])
	case c.page[before] == c.page[row] && c.left[before] != c.left[row]:
		return sdk.Invalidf("", "row %d: left is %d, and %d in row %d of the same page", row, c.left[row], c.left[before], before)
	case c.page[before] < c.page[row] && c.left[before] == 1:
		return sdk.Invalidf("", "row %d: page %d of session %d comes after the person left in row %d", row, c.page[row], c.session[row], before)
	}
	return nil
}

// samePage compares two cards of one user.
func (c cards) samePage(a, b int32) bool {
	return c.session[a] == c.session[b] && c.page[a] == c.page[b]
}

// filterSessions gives the cards that a filter leaves, see [Corpus.Filter].
func (c *Corpus) filterSessions(t sdk.Table, users, items []int32, kept []bool) sdk.Table {
	all, _ := cardsOf(t) // checked when the corpus was built
	user, item := places(users, c.Users()), places(items, c.Items())
	did, shown := groupBy(c.rows.User, c.Users()), groupBy(all.user, c.Users())
	uses := make([]int32, c.Items()) // the last user whose interaction with an item is kept; from 1
	keep := make([]bool, t.Rows())
	for _, u := range users {
		for _, row := range did.of(int(u)) {
			if kept[row] {
				uses[c.rows.Item[row]] = u + 1
			}
		}
		for _, row := range shown.of(int(u)) {
			it := all.item[row]
			keep[row] = item[it] >= 0 && (all.watched[row] == 0 || uses[it] == u+1)
		}
	}
	var rows []int32
	for row, ok := range keep {
		if ok {
			rows = append(rows, int32(row))
		}
	}
	out := pickRows(t, rows)
	renumber(out, "user", user)
	renumber(out, "item", item)
	return out
}
