package tabular

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
)

// files is a made-up data set by file name.
type files map[string]string

func small() files {
	return files{
		"x": "user,item,value,time,kind,part\nann,i2,4,1000,view,train\nbob,i1,,,buy,2\nann,i1,5,999.9,view,valid\n",
		"i": "item,title,cats,year,about\ni1,\"A, B (2001)\",x|y,2001,long\ni2,C (II) (1999) (V),none,,\n",
		"u": "uid,age,sex,job\nbob,30,M,1\nann,,F,0\n",
	}
}

func (f files) layout(t testing.TB) Layout {
	t.Helper()
	dir := t.TempDir()
	for name, content := range f {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Layout{
		Open: func(file string) (Rows, error) {
			return Open(dir, file, Text{Separator: ",", Quotes: true, Header: true})
		},
		Interactions: Interactions{
			File: "x", User: "user", Item: "2", Value: "value", Time: "time", Kind: "kind", Kinds: []string{"view", "buy"}, Part: "part",
		},
		Items: Items{
			File: "i", ID: "item", Title: "title", Categories: "cats", CategorySeparator: "|", NoCategory: "none", Year: "year", Summary: "about",
		},
		Users:      Users{File: "u", ID: "uid", Age: "age", Gender: "sex", Occupation: "job", Occupations: []string{"baker", "pilot"}},
		Scale:      &sdk.Scale{Min: 1, Max: 5, Step: 0.5, LikeAt: 4, DislikeAt: 2},
		Duplicates: Refuse,
	}
}

// load gives the tables and the warnings.
func load(l Layout) (*Data, []string, error) {
	var said []string
	data, err := Load(context.Background(), l, func(e sdk.Event) {
		if w, ok := e.(sdk.Warning); ok {
			said = append(said, w.Option+": "+w.Summary)
		}
	})
	return data, said, err
}

func TestLoad(t *testing.T) {
	data, said, err := load(small().layout(t))
	if err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	want := []sdk.Table{
		{Name: "users", Columns: []sdk.Column{
			{Name: "uid", Data: []string{"bob", "ann"}},
			{Name: "age", Data: []int32{30, -1}},
			{Name: "gender", Data: []string{"M", "F"}},
			{Name: "occupation", Data: []string{"pilot", "baker"}},
		}},
		{Name: "items", Columns: []sdk.Column{
			{Name: "iid", Data: []string{"i1", "i2"}},
			{Name: "title", Data: []string{"A, B (2001)", "C (II) (1999) (V)"}},
			{Name: "categories", Data: []string{"x", "y"}, Lists: []uint32{0, 2, 2}},
			{Name: "summary", Data: []string{"long", ""}},
			{Name: "year", Data: []int32{2001, -1}},
		}},
		{Name: "interactions", Columns: []sdk.Column{
			{Name: "user", Data: []int32{1, 0, 1}},
			{Name: "item", Data: []int32{1, 0, 0}},
			{Name: "value", Data: []float32{4, nan, 5}},
			{Name: "time", Data: []int64{1000, sdk.MissingTime, 999}},
			{Name: "kind", Data: []uint8{0, 1, 0}},
			{Name: "part", Data: []uint8{0, 2, 1}},
		}},
	}
	if d := cmp.Diff(want, data.Tables, cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
	if len(data.Sources) != 3 {
		t.Errorf("sources %v", data.Sources)
	}
	if want := []string{
		"value: x: 1 interaction without a value: missing stays missing",
		"time: x: 1 interaction without a time: missing stays missing",
	}; !slices.Equal(said, want) {
		t.Errorf("warnings %q", said)
	}
}

// TestInteractionsAlone: without further files, users and items are those that
// occur, in that order; nothing is made up.
func TestInteractionsAlone(t *testing.T) {
	l := small().layout(t)
	l.Users, l.Items, l.Scale = Users{}, Items{}, nil
	l.Interactions = Interactions{File: "x", User: "user", Item: "item"}
	data, _, err := load(l)
	if err != nil {
		t.Fatal(err)
	}
	want := []sdk.Table{
		{Name: "users", Columns: []sdk.Column{{Name: "uid", Data: []string{"ann", "bob"}}}},
		{Name: "items", Columns: []sdk.Column{{Name: "iid", Data: []string{"i2", "i1"}}, {Name: "title", Data: []string{"", ""}}}},
		{Name: "interactions", Columns: []sdk.Column{{Name: "user", Data: []int32{0, 1, 0}}, {Name: "item", Data: []int32{0, 1, 1}}}},
	}
	if d := cmp.Diff(want, data.Tables); d != "" {
		t.Error(d)
	}
}

func TestLoadRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(files, *Layout)
		want   []string
	}{
		"value off the scale":    {add("x", "bob,i2,6,,buy,0"), []string{"x:5: value 6 is outside the scale from 1 to 5", "value-max"}},
		"value between steps":    {add("x", "bob,i2,4.2,,buy,0"), []string{"x:5: value 4.2 is not on the scale", "value-step"}},
		"value no number":        {add("x", "bob,i2,NaN,,buy,0"), []string{`x:5: value "NaN" is not a number`}},
		"value in hex":           {add("x", "bob,i2,0x1p2,,buy,0"), []string{`x:5: value "0x1p2" is not a number`, "leave the field empty"}},
		"value beyond numbers":   {add("x", "bob,i2,1e999,,buy,0"), []string{`x:5: value "1e999" is not a number`}},
		"time with underscores":  {add("x", "bob,i2,4,1_0,buy,0"), []string{`x:5: time "1_0" is not a number`}},
		"another separator":      {func(f files, _ *Layout) { f["x"] = "user;item\nann;i1\n" }, []string{`user: x has no column "user"`, `its only one is "user;item": is separator right?`}},
		"time no number":         {add("x", "bob,i2,4,yesterday,buy,0"), []string{`x:5: time "yesterday" is not a number`}},
		"time in milliseconds":   {add("x", "bob,i2,4,880000000000,buy,0"), []string{"x:5: time 880000000000", "set time-unit"}},
		"kind":                   {add("x", "bob,i2,4,,click,0"), []string{`x:5: kind "click" is none of view, buy`}},
		"part":                   {add("x", "bob,i2,4,,buy,3"), []string{`x:5: part "3" is none of train, valid, test`}},
		"unknown user":           {add("x", "cat,i2,4,,buy,0"), []string{`x:5: user "cat" is not in u`, `unknown-ids = "keep"`}},
		"unknown item":           {add("x", "bob,i9,4,,buy,0"), []string{`x:5: item "i9" is not in i`}},
		"no item":                {add("x", "bob,,4,,buy,0"), []string{"x:5: no item"}},
		"cut short":              {add("x", "bob,i2"), []string{"x:5: 2 fields, 6 before"}},
		"pair twice":             {add("x", "ann,i2,1,,buy,0"), []string{"x:5: user ann and item i2 are on line 2 already", `duplicates = "last"`}},
		"user twice":             {add("u", "ann,,,0"), []string{"u:4: user ann occurs twice, first as number 2"}},
		"item twice":             {add("i", "i1,,,,"), []string{"i:4: item i1 occurs twice"}},
		"age":                    {add("u", "cat,old,M,0"), []string{`u:4: age "old" is not a number from 0 to 150`}},
		"occupation":             {add("u", "cat,3,M,2"), []string{`u:4: occupation "2": want a number from 0 to 1`}},
		"year":                   {add("i", "i3,T,,soon,"), []string{`i:4: year "soon"`}},
		"control characters":     {add("i", "i3,\x07,,,"), []string{"i:4: the title", "control characters"}},
		"no rows":                {func(f files, _ *Layout) { f["x"] = "user,item,value,time,kind,part\n" }, []string{"x: holds no rows"}},
		"no such column":         {func(_ files, l *Layout) { l.Interactions.Value = "valu" }, []string{`value: x has no column "valu"`, "did you mean value?"}},
		"no such position":       {func(_ files, l *Layout) { l.Interactions.Item = "7" }, []string{"item: x has 6 columns, not 7"}},
		"remedy of the owner":    {func(f files, l *Layout) { delete(f, "u"); l.Remedy = "ask Ann" }, []string{"path: u: there is no such file", "(ask Ann)"}},
		"unknown kind of number": {func(_ files, l *Layout) { l.Interactions.Kinds = nil }, []string{`kind "view" is not a number from 0 to 255`}},
	} {
		f := small()
		var l Layout
		c.change(f, &l)
		l2 := f.layout(t)
		c.change(f, &l2)
		_, _, err := load(l2)
		for _, want := range c.want {
			if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v does not say %q", name, err, want)
			}
		}
	}
}

// add appends a line to a file.
func add(file, line string) func(files, *Layout) {
	return func(f files, _ *Layout) {
		if !strings.HasSuffix(f[file], line+"\n") {
			f[file] += line + "\n"
		}
	}
}

func TestKeepUnknown(t *testing.T) {
	f := small()
	f["x"] += "cat,i9,1,,buy,0\n"
	l := f.layout(t)
	l.KeepUnknown = true
	data, said, err := load(l)
	if err != nil {
		t.Fatal(err)
	}
	users, _ := data.Table("users")
	items, _ := data.Table("items")
	age, _ := users.Column("age")
	categories, _ := items.Column("categories")
	if d := cmp.Diff([]int32{30, -1, -1}, age.Data); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]uint32{0, 2, 2, 2}, categories.Lists); d != "" {
		t.Error(d)
	}
	if all := strings.Join(said, "\n"); !strings.Contains(all, "unknown-ids: x: 1 user not in the file of users") || !strings.Contains(all, "1 item not in") {
		t.Errorf("warnings %q", said)
	}
}

// TestDuplicates: ann meets i1 at 5, then at 3, then at 5 again; bob meets i1
// twice without a time. Values are line numbers.
func TestDuplicates(t *testing.T) {
	f := files{"x": "user,item,value,time\nann,i1,2,5\nbob,i1,3,\nann,i1,4,3\nann,i1,5,5\nbob,i1,6,\nbob,i2,7,1\n"}
	for _, c := range []struct {
		policy string
		timed  bool
		want   []float32
	}{
		{Last, true, []float32{5, 6, 7}},  // 5 at 5 again, on the later line
		{First, true, []float32{3, 4, 7}}, // 4 at 3
		{Last, false, []float32{5, 6, 7}},
		{First, false, []float32{2, 3, 7}}, // the order of lines
	} {
		l := f.layout(t)
		l.Users, l.Items = Users{}, Items{}
		l.Interactions = Interactions{File: "x", User: "user", Item: "item", Value: "value"}
		l.Scale, l.Duplicates = &sdk.Scale{Min: 0, Max: 9}, c.policy
		if c.timed {
			l.Interactions.Time = "time"
		}
		data, said, err := load(l)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := data.Table("interactions")
		value, _ := x.Column("value")
		if d := cmp.Diff(c.want, value.Data); d != "" {
			t.Errorf("%s, timed %t: %s", c.policy, c.timed, d)
		}
		if n := len(c.want); x.Rows() != n || !slices.Contains(said, "duplicates: x: dropped 3 interactions whose user and item are there again: kept the "+c.policy+" of each pair") {
			t.Errorf("%s: %d rows, warnings %q", c.policy, x.Rows(), said)
		}
	}
}

// TestDuplicatesAgainstMap compares with the plain way of finding pairs.
func TestDuplicatesAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const users, items = 3, 4
		var e events
		for range rapid.IntRange(0, 30).Draw(t, "rows") {
			e.user = append(e.user, rapid.Int32Range(0, users-1).Draw(t, "user"))
			e.item = append(e.item, rapid.Int32Range(0, items-1).Draw(t, "item"))
			e.time = append(e.time, rapid.Int64Range(0, 3).Draw(t, "time"))
		}
		for _, policy := range []string{First, Last} {
			best := map[[2]int32]int{}
			for r := range e.user {
				key := [2]int32{e.user[r], e.item[r]}
				b, ok := best[key]
				if !ok || policy == Last && e.time[r] >= e.time[b] || policy == First && e.time[r] < e.time[b] {
					best[key] = r
				}
			}
			drop, n, _ := e.repeated(users, items, policy)
			if n != len(e.user)-len(best) {
				t.Fatalf("%s: dropped %d of %d, %d pairs", policy, n, len(e.user), len(best))
			}
			for r, d := range drop {
				if keep := best[[2]int32{e.user[r], e.item[r]}] == r; keep == d {
					t.Fatalf("%s: row %d dropped: %t", policy, r, d)
				}
			}
		}
	})
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		per  int64
		text string
		want int64
	}{
		{1, "880000000", 880000000},
		{1, "8.8e8", 880000000},
		{1, "-1.5", -2},
		{1000, "880000000999", 880000000},
		{1000, "-1", -1},
		{1e9, "880000000000000001", 880000000},
	} {
		l := loader{Layout: Layout{Interactions: Interactions{PerSecond: c.per}}}
		if got, err := l.time([]byte(c.text)); err != nil || got != c.want {
			t.Errorf("%s of %d a second: %d, %v", c.text, c.per, got, err)
		}
	}
}

func TestYearOf(t *testing.T) {
	for title, want := range map[string]int32{
		"A (1999)": 1999, "A (II) (1995) (V)": 1995, "A (1984) (2001)": 2001, "1984": -1, "A (84)": -1, "": -1,
	} {
		if got := YearOf(title); got != want {
			t.Errorf("%q: %d, want %d", title, got, want)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Load(ctx, small().layout(t), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// FuzzLoad: no interactions break the loader, and what it gives is in order.
func FuzzLoad(f *testing.F) {
	f.Add("ann,i2,4,1000,view,train\nbob,i1,,,buy,2\n")
	f.Add("ann,i2,1e0,-5e3,view,0\nann,i2,5,,view,1\n")
	f.Fuzz(func(t *testing.T, lines string) {
		for _, policy := range []string{Refuse, First, Last} {
			set := small()
			set["x"] = "user,item,value,time,kind,part\n" + lines
			l := set.layout(t)
			l.Duplicates, l.KeepUnknown = policy, true
			data, _, err := load(l)
			if err != nil {
				if !errors.Is(err, sdk.ErrInvalid) {
					t.Fatal(err)
				}
				continue
			}
			seen := map[string]bool{}
			x, _ := data.Table("interactions")
			user, _ := x.Column("user")
			item, _ := x.Column("item")
			for r, u := range user.Data.([]int32) {
				key := fmt.Sprint(u, item.Data.([]int32)[r])
				if seen[key] {
					t.Fatalf("pair %s twice", key)
				}
				seen[key] = true
			}
			for _, table := range data.Tables {
				if err := table.Check(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkLoad reads 100,000 interactions of plain text.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	text.WriteString("user,item,value,time\n")
	for i := range 100_000 {
		fmt.Fprintf(&text, "%d,%d,%d,%d\n", i/100, i%100+i/1000, i%5+1, 880000000+i)
	}
	l := files{"x": text.String()}.layout(b)
	l.Users, l.Items = Users{}, Items{}
	l.Interactions = Interactions{File: "x", User: "user", Item: "item", Value: "value", Time: "time"}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, _, err := load(l); err != nil {
			b.Fatal(err)
		}
	}
}
