package main

import (
	"slices"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// rating is one value that a user gave.
type rating struct {
	user, item int32
	value      float32
}

// ratings are the values of a training folder, each part ordered by user and
// item whatever the order of rows, and each pair once: the last row counts.
type ratings struct {
	users, items int
	train, valid []rating
	missing      int // rows of the training part without a value, left out
}

// readRatings opens a training folder. Valid is empty where the folder has no
// such table.
func readRatings(ref sdk.DataRef) (ratings, error) {
	folder, err := columns.Open(ref)
	if err != nil {
		return ratings{}, err
	}
	defer func() { _ = folder.Close() }() // nothing was written
	out := ratings{users: folder.Meta().Users, items: folder.Meta().Items}
	if out.train, out.missing, err = valued(folder, sdk.TableInteractions); err != nil {
		return ratings{}, err
	}
	if slices.Contains(folder.Tables(), sdk.TableValid) {
		out.valid, _, err = valued(folder, sdk.TableValid)
	}
	return out, err
}

// valued gives the rows of a table that have a value, and counts the others:
// of implicit data, all.
func valued(folder *columns.Folder, table string) (rows []rating, missing int, err error) {
	x, err := folder.Interactions(table)
	if err != nil {
		return nil, 0, err
	}
	if x.Value == nil {
		return nil, x.Rows(), nil
	}
	kept := columns.Interactions{Users: x.Users, Items: x.Items}
	for n, v := range x.Value {
		switch {
		case v != v:
			missing++
			continue
		case v-v != 0:
			return nil, 0, sdk.Invalidf("", "table %s: row %d has the value %v", table, n, v)
		}
		kept.User, kept.Item, kept.Value = append(kept.User, x.User[n]), append(kept.Item, x.Item[n]), append(kept.Value, v)
	}
	if len(kept.Value) == 0 {
		return nil, missing, nil
	}
	m, err := dense.FromInteractions(kept, true)
	if err != nil {
		return nil, 0, err
	}
	rows = make([]rating, 0, len(m.Index))
	for u := range m.Rows {
		values := m.Values(u)
		for n, it := range m.Row(u) {
			rows = append(rows, rating{user: int32(u), item: it, value: values[n]})
		}
	}
	return rows, missing, nil
}
