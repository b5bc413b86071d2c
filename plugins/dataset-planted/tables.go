package main

import (
	"fmt"
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// The scale of values.
const (
	likeAt    = 4
	dislikeAt = 2
)

func tableSpecs() []sdk.TableSpec {
	trait := func(name string) sdk.ColumnSpec {
		return sdk.ColumnSpec{Name: name, Type: sdk.ColumnU8, Doc: "1 low, 2 medium, 3 high"}
	}
	return []sdk.TableSpec{
		{Name: sdk.TableUsers, Doc: "people that do not exist", Columns: []sdk.ColumnSpec{
			{Name: "uid", Type: sdk.ColumnStr},
			{Name: "age", Type: sdk.ColumnI32, Unit: "years"},
			{Name: "occupation", Type: sdk.ColumnStr},
			trait("openness"), trait("conscientiousness"), trait("extraversion"), trait("agreeableness"), trait("neuroticism"),
		}},
		{Name: sdk.TableItems, Doc: "works that do not exist", Columns: []sdk.ColumnSpec{
			{Name: "iid", Type: sdk.ColumnStr},
			{Name: "title", Type: sdk.ColumnStr, Doc: "no two alike"},
			{Name: "categories", Type: sdk.ColumnStr, List: true, Doc: "one to three"},
			{Name: "summary", Type: sdk.ColumnStr, Doc: "quality in a word, and the categories"},
			{Name: "year", Type: sdk.ColumnI32, Doc: "without any influence"},
		}},
		{Name: sdk.TableInteractions, Doc: "the watched cards of the log, by user and time", Columns: []sdk.ColumnSpec{
			{Name: "user", Type: sdk.ColumnI32, Doc: "row of users"},
			{Name: "item", Type: sdk.ColumnI32, Doc: "row of items; no pair twice"},
			{Name: "value", Type: sdk.ColumnF32, Doc: "1 to 5"},
			{Name: "time", Type: sdk.ColumnI64, Unit: "s", Doc: "Unix time, UTC"},
			{Name: "kind", Type: sdk.ColumnU8, Doc: "1 watched, 2 liked (value 4 or 5), 3 disliked (1 or 2)"},
		}},
		{Name: sdk.TableSessions, Doc: "every card shown, by user, session, page and slot", Columns: []sdk.ColumnSpec{
			{Name: "user", Type: sdk.ColumnI32, Doc: "row of users"},
			{Name: "session", Type: sdk.ColumnI32, Doc: "number of the candidate session; numbers of sessions not attended are absent"},
			{Name: "page", Type: sdk.ColumnI32, Doc: "from 0"},
			{Name: "slot", Type: sdk.ColumnI32, Doc: "place on the page, from 0"},
			{Name: "item", Type: sdk.ColumnI32, Doc: "row of items"},
			{Name: "watched", Type: sdk.ColumnU8, Doc: "1 or 0"},
			{Name: "value", Type: sdk.ColumnF32, Nullable: true, Doc: "1 to 5; NaN where not watched"},
			{Name: "time", Type: sdk.ColumnI64, Unit: "s", Doc: "Unix time, UTC"},
			{Name: "left", Type: sdk.ColumnU8, Doc: "1 on all cards of the page after which the person left; a session without any was stopped by the page limit"},
			{Name: "propensity", Type: sdk.ColumnF32, Doc: "probability that the slot showed this item, given what the session showed before"},
		}},
	}
}

func (w *world) usersTable() sdk.Table {
	names := occupationNames()
	uid, occupation, age := make([]string, w.users), make([]string, w.users), make([]int32, w.users)
	var traits [5][]uint8
	for t := range traits {
		traits[t] = make([]uint8, w.users)
	}
	for u, p := range w.people {
		uid[u], occupation[u], age[u] = fmt.Sprintf("u%04d", u+1), names[p.occupation], p.age
		for t, level := range p.traits {
			traits[t][u] = level
		}
	}
	return sdk.Table{Name: sdk.TableUsers, Columns: []sdk.Column{
		{Name: "uid", Data: uid},
		{Name: "age", Data: age},
		{Name: "occupation", Data: occupation},
		{Name: "openness", Data: traits[0]},
		{Name: "conscientiousness", Data: traits[1]},
		{Name: "extraversion", Data: traits[2]},
		{Name: "agreeableness", Data: traits[3]},
		{Name: "neuroticism", Data: traits[4]},
	}}
}

func (w *world) itemsTable() sdk.Table {
	names := categoryNames()
	iid, titles, summaries := make([]string, w.items), make([]string, w.items), make([]string, w.items)
	year := make([]int32, w.items)
	var categories []string
	starts := make([]uint32, 1, w.items+1)
	for i, t := range w.things {
		iid[i], titles[i], summaries[i], year[i] = fmt.Sprintf("i%04d", i+1), t.title, t.summary, t.year
		for _, c := range t.categories {
			categories = append(categories, names[c])
		}
		starts = append(starts, uint32(len(categories)))
	}
	return sdk.Table{Name: sdk.TableItems, Columns: []sdk.Column{
		{Name: "iid", Data: iid},
		{Name: "title", Data: titles},
		{Name: "categories", Data: categories, Lists: starts},
		{Name: "summary", Data: summaries},
		{Name: "year", Data: year},
	}}
}

func interactionsTable(log []shown) sdk.Table {
	user, item, value := []int32{}, []int32{}, []float32{}
	at, kind := []int64{}, []uint8{}
	for _, row := range log {
		if row.watched {
			user, item = append(user, row.user), append(item, row.item)
			value, at, kind = append(value, float32(row.value)), append(at, row.time), append(kind, kindOf(row.value))
		}
	}
	return sdk.Table{Name: sdk.TableInteractions, Columns: []sdk.Column{
		{Name: "user", Data: user}, {Name: "item", Data: item}, {Name: "value", Data: value}, {Name: "time", Data: at}, {Name: "kind", Data: kind},
	}}
}

func kindOf(value float64) uint8 {
	switch {
	case value >= likeAt:
		return sdk.HistoryLiked
	case value <= dislikeAt:
		return sdk.HistoryDisliked
	}
	return sdk.HistoryWatched
}

func sessionsTable(log []shown) sdk.Table {
	n := len(log)
	user, session, page, slot, item := make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	watched, left, value := make([]uint8, n), make([]uint8, n), make([]float32, n)
	at, propensity := make([]int64, n), make([]float32, n)
	for i, row := range log {
		user[i], session[i], page[i], slot[i], item[i] = row.user, row.session, row.page, row.slot, row.item
		watched[i], left[i], value[i] = flag(row.watched), flag(row.left), float32(math.NaN())
		if row.watched {
			value[i] = float32(row.value)
		}
		at[i], propensity[i] = row.time, float32(row.propensity)
	}
	return sdk.Table{Name: sdk.TableSessions, Columns: []sdk.Column{
		{Name: "user", Data: user},
		{Name: "session", Data: session},
		{Name: "page", Data: page},
		{Name: "slot", Data: slot},
		{Name: "item", Data: item},
		{Name: "watched", Data: watched},
		{Name: "value", Data: value},
		{Name: "time", Data: at},
		{Name: "left", Data: left},
		{Name: "propensity", Data: propensity},
	}}
}

func flag(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// tables turns population and log into the tables of the data set.
func (w *world) tables(log []shown) []sdk.Table {
	return []sdk.Table{w.usersTable(), w.itemsTable(), interactionsTable(log), sessionsTable(log)}
}
