package plugintest

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// The kit's world. The last users and items occur in no interaction.
const (
	worldUsers  = 300
	worldItems  = 120
	worldRows   = 3000
	unseenUsers = 5
	unseenItems = 5
	worldLow    = 1 // least and greatest value
	worldHigh   = 5
)

// random is a small generator, the same on every machine.
type random uint64

func (r *random) below(n int) int {
	*r = random(sdk.Mix(uint64(*r), 1))
	return int(uint64(*r) % uint64(n))
}

// interactions are the columns of a training table.
type interactions struct {
	user, item []int32
	value      []float32
	time       []int64
}

func (x *interactions) add(user, item int32, value float32, time int64) {
	x.user, x.item = append(x.user, user), append(x.item, item)
	x.value, x.time = append(x.value, value), append(x.time, time)
}

// table leaves out value and time where asked.
func (x *interactions) table(name string, explicit bool) sdk.Table {
	t := sdk.Table{Name: name, Columns: []sdk.Column{{Name: "user", Data: x.user}, {Name: "item", Data: x.item}}}
	if explicit {
		t.Columns = append(t.Columns, sdk.Column{Name: "value", Data: x.value}, sdk.Column{Name: "time", Data: x.time})
	}
	return t
}

// draw makes rows in order of user and time: each user keeps to one of four
// tastes most of the time, low item ids are popular, and no pair occurs twice.
func draw(start uint64, rows, users, items int) *interactions {
	x, r := &interactions{}, random(start)
	for u := range users {
		n := rows/users + min(1, max(0, rows%users-u)) // as even as can be
		taken := make([]bool, items)
		for range min(n, items) {
			it := min(r.below(items), r.below(items))
			if r.below(4) > 0 {
				it = it/4*4 + u%4
			}
			for it = it % items; taken[it]; {
				it = (it + 1) % items
			}
			taken[it] = true
			value := float32(worldLow + r.below(3))
			if it%4 == u%4 {
				value += worldHigh - 3
			}
			x.add(int32(u), int32(it), value, int64(946684800+86400*len(x.user)))
		}
	}
	return x
}

// shuffle puts rows in another order.
func (x *interactions) shuffle(start uint64) *interactions {
	r, y := random(start), &interactions{}
	order := make([]int, len(x.user))
	for i := range order {
		j := r.below(i + 1)
		order[i], order[j] = order[j], i
	}
	for _, i := range order {
		y.add(x.user[i], x.item[i], x.value[i], x.time[i])
	}
	return y
}

// folder writes a training folder once and remembers it. Each name stands for
// one content.
func (b *bench) trainingFolder(name string) (sdk.DataRef, error) {
	if ref, ok := b.data[name]; ok {
		return ref, nil
	}
	meta, explicit := columns.Meta{Users: worldUsers, Items: worldItems}, true
	var x *interactions
	known := func(rows int) *interactions {
		return draw(seed, rows, worldUsers-unseenUsers, worldItems-unseenItems)
	}
	switch name {
	case "empty":
		x = &interactions{user: []int32{}, item: []int32{}, value: []float32{}, time: []int64{}}
	case "one":
		x = &interactions{}
		x.add(3, 5, 4, 946684800)
	case "implicit":
		x, explicit = known(worldRows), false
	case "unsorted":
		x = known(worldRows).shuffle(seed + 1)
	case "repeated":
		x = known(worldRows)
		for i := range worldRows / 3 {
			x.add(x.user[i], x.item[i], x.value[i], x.time[i]+1)
		}
	case "untimed":
		x = known(worldRows)
		for i := range x.time {
			if i%3 == 0 {
				x.time[i] = sdk.MissingTime
			}
		}
	case "chunk-1", "chunk", "chunk+1":
		meta = columns.Meta{Users: 1000, Items: 200}
		x = draw(seed, sdk.MaxChunkRows+map[string]int{"chunk-1": -1, "chunk": 0, "chunk+1": 1}[name], 1000, 200)
	default:
		x = known(worldRows)
	}
	tables := []sdk.Table{x.table(sdk.TableInteractions, explicit)}
	for _, extra := range b.spec.Needs.Tables {
		if t, ok := sideTable(extra, meta); ok {
			tables = append(tables, t)
		}
	}
	dir, err := b.folder("data")
	if err != nil {
		return sdk.DataRef{}, err
	}
	ref, err := columns.Write(filepath.Join(dir, "train"), meta, tables...)
	if err == nil {
		b.data[name] = ref
	}
	return ref, err
}

// sideTable makes a table that a recommender may ask for beside interactions.
func sideTable(name string, m columns.Meta) (sdk.Table, bool) {
	switch name {
	case sdk.TableItems:
		t := sdk.Table{Name: name}
		var ids, titles, summaries, categories []string
		var years []int32
		lists := []uint32{0}
		for i := range m.Items {
			ids, titles = append(ids, fmt.Sprint("i", i)), append(titles, fmt.Sprintf("The %d of %d", i%7, i))
			summaries, years = append(summaries, ""), append(years, int32(1990+i%30))
			categories = append(categories, fmt.Sprint("taste ", i%4), fmt.Sprint("shelf ", i%9))
			lists = append(lists, uint32(len(categories)))
		}
		t.Columns = []sdk.Column{
			{Name: "iid", Data: ids},
			{Name: "title", Data: titles},
			{Name: "categories", Data: categories, Lists: lists},
			{Name: "summary", Data: summaries},
			{Name: "year", Data: years},
		}
		return t, true
	case sdk.TableUsers:
		var ids []string
		for u := range m.Users {
			ids = append(ids, fmt.Sprint("u", u))
		}
		return sdk.Table{Name: name, Columns: []sdk.Column{{Name: "uid", Data: ids}}}, true
	case sdk.TableValid:
		return draw(seed+7, m.Users, m.Users-unseenUsers, m.Items).table(name, true), true
	}
	return sdk.Table{}, false
}

// everyone lists the first n users of the world, again from the start where it
// has fewer.
func everyone(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i % worldUsers)
	}
	return out
}

// sample gives n distinct items in order of id.
func sample(r *random, n int) []int32 {
	taken := make([]bool, worldItems)
	var out []int32
	for len(out) < n {
		if it := r.below(worldItems); !taken[it] {
			taken[it] = true
			out = append(out, int32(it))
		}
	}
	slices.Sort(out)
	return out
}
