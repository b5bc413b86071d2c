package export

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

func small() Source {
	nan := float32(math.NaN())
	return Source{
		Name: "small", Seed: 7, Comment: "made by hand", Parts: []uint8{0, 2, 1},
		Info: sdk.PrepareResult{Version: "1", License: `none "at all"`, Scale: &sdk.Scale{Min: 0.5, Max: 5, Step: 0.5, LikeAt: 4, DislikeAt: 2}},
		Users: sdk.Table{Name: "users", Columns: []sdk.Column{
			{Name: "uid", Data: []string{"ann", "b,ob"}}, {Name: "age", Data: []int32{-1, 30}}, {Name: "open", Data: []uint8{1, 3}},
		}},
		Items: sdk.Table{Name: "items", Columns: []sdk.Column{
			{Name: "iid", Data: []string{"i1", "i2"}},
			{Name: "title", Data: []string{`A "B" (2001)`, ""}},
			{Name: "categories", Data: []string{"x", "Sci Fi"}, Lists: []uint32{0, 2, 2}},
			{Name: "price", Data: []float64{0.1, math.NaN()}},
		}},
		Events: sdk.Table{Name: "interactions", Columns: []sdk.Column{
			{Name: "user", Data: []int32{1, 0, 1}},
			{Name: "item", Data: []int32{0, 1, 1}},
			{Name: "value", Data: []float32{3.5, nan, 0.5}},
			{Name: "time", Data: []int64{5, sdk.MissingTime, -7}},
		}},
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCSV(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "out")
	if err := Write(dir, CSV, small()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"users.csv":        "uid,age,open\nann,,1\n\"b,ob\",30,3\n",
		"items.csv":        "iid,title,categories,price\ni1,\"A \"\"B\"\" (2001)\",x|Sci Fi,0.1\ni2,,,\n",
		"interactions.csv": "user,item,value,time,part\n\"b,ob\",i1,3.5,5,train\nann,i2,,,test\n\"b,ob\",i2,0.5,-7,valid\n",
	} {
		if diff := cmp.Diff(want, read(t, dir, name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	suite := read(t, dir, SuiteFile)
	for _, line := range []string{
		"# made by hand\n", "seed = 7\n", `user-attributes = ["open:u8"]`, `item-attributes = ["price:f64"]`, "value-step = 0.5\n", `license = "none \"at all\""`,
		"method = \"given\"\n", "path = \".\"\n", "category-separator = \"|\"\n",
	} {
		if !strings.Contains(suite, line) {
			t.Errorf("no %q in\n%s", line, suite)
		}
	}
}

func TestRecBole(t *testing.T) {
	dir := t.TempDir() // empty ones are welcome
	if err := Write(dir, RecBole, small()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"small.user":        "user_id:token\tage:float\topen:float\nann\t\t1\nb,ob\t30\t3\n",
		"small.item":        "item_id:token\ttitle:token\tcategories:token_seq\tprice:float\ni1\tA \"B\" (2001)\tx|Sci Fi\t0.1\ni2\t\t\t\n",
		"small.inter":       "user_id:token\titem_id:token\trating:float\ttimestamp:float\tpart:token\nb,ob\ti1\t3.5\t5\ttrain\nann\ti2\t\t\ttest\nb,ob\ti2\t0.5\t-7\tvalid\n",
		"small.train.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\nb,ob\ti1\t3.5\t5\n",
		"small.valid.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\nb,ob\ti2\t0.5\t-7\n",
		"small.test.inter":  "user_id:token\titem_id:token\trating:float\ttimestamp:float\nann\ti2\t\t\n",
	} {
		if diff := cmp.Diff(want, read(t, dir, name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What a format cannot hold is refused with its place, and nothing is left.
func TestUnfit(t *testing.T) {
	set := func(table func(*Source) *sdk.Table, at int, data any) func(*Source) {
		return func(s *Source) { table(s).Columns[at].Data = data }
	}
	users := func(s *Source) *sdk.Table { return &s.Users }
	items := func(s *Source) *sdk.Table { return &s.Items }
	rows := func(s *Source) *sdk.Table { return &s.Events }
	for want, c := range map[string]struct {
		format string
		change func(*Source)
	}{
		`users: row 1: column uid: "b\tob" has a tab`:                       {RecBole, set(users, 0, []string{"a", "b\tob"})},
		`users: row 0: column age: 400: want 0 to 150`:                      {CSV, set(users, 1, []int32{400, 1})},
		`items: row 1: column title: "c " has blanks`:                       {CSV, set(items, 1, []string{"a", "c "})},
		`items: row 0: column categories: "" is empty`:                      {CSV, set(items, 2, []string{"x", ""})},
		`items: column title is i32, want str`:                              {CSV, set(items, 1, []int32{1, 2})},
		`interactions: row 0: column time: 99999999999 is not in the years`: {CSV, set(rows, 3, []int64{99999999999, 1, 2})},
		`interactions: column weight has no meaning`: {CSV, func(s *Source) {
			s.Events.Columns = append(s.Events.Columns, sdk.Column{Name: "weight", Data: []float32{1, 2, 3}})
		}},
		`users: column tags is a list of str, which no format holds`: {CSV, func(s *Source) {
			s.Users.Columns = append(s.Users.Columns, sdk.Column{Name: "tags", Data: []string{"x"}, Lists: []uint32{0, 1, 1}})
		}},
		`items: categories contain each of`: {CSV, set(items, 2, []string{"a|;/#~::", "b"})},
	} {
		s := small()
		c.change(&s)
		parent := t.TempDir()
		err := Write(filepath.Join(parent, "out"), c.format, s)
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("%s: left %v", want, left)
		}
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(full, CSV, small()); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("a folder with files: %v", err)
	}
}
