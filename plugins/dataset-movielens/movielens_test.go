package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

// fixture is a made-up release by file name. No row of it is MovieLens'.
type fixture map[string]string

func good() fixture {
	return fixture{
		"u.genre":      "unknown|0\nComedy|1\nDrama|2\n\n",
		"u.occupation": "baker\nother\n",
		"u.user":       "1|31|F|baker|00000\n2|77|M|other|X1\n",
		"u.item": "1|Caf\xe9 of Dreams (1981)|03-Feb-1981||http://x/1|0|1|1\n" +
			"2|The Lamp (II) (1990) (V)|||http://x/2|0|0|1\n" +
			"3|unknown||||1|0|0\n" +
			"4|No Year|05-Jun-1977|||0|1|0\n",
		"u.data": "2\t1\t5\t880000000\n1\t3\t1\t880000001\n1\t1\t4\t880000001\n",
		"u.info": "2 users\n4 items\n3 ratings\n",
	}
}

func (f fixture) write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t testing.TB, dir string, more sdk.Options) sdk.Dataset {
	t.Helper()
	given := sdk.Options{"path": dir}
	for k, v := range more {
		given[k] = v
	}
	d := new100K()
	o, ds := sdk.Canonical(d.Spec().Options, given)
	if sdk.Failed(ds) {
		t.Fatal(ds)
	}
	if err := d.Configure(context.Background(), sdk.Config{Options: o}); err != nil {
		t.Fatal(err)
	}
	return d
}

func prepare(d sdk.Dataset) (sdk.PrepareResult, error) {
	return d.Prepare(context.Background(), sdk.PrepareRequest{}, func(sdk.Event) {})
}

// columns reads a table whole.
func columns(t testing.TB, d sdk.Dataset, table string) map[string]any {
	t.Helper()
	out := map[string]any{}
	chunks := 0
	err := d.Read(context.Background(), sdk.ReadRequest{Table: table}, func(c sdk.Chunk) error {
		for _, col := range c.Columns {
			switch v := col.Data.(type) {
			case []int32:
				old, _ := out[col.Name].([]int32)
				out[col.Name] = append(old, v...)
			case []int64:
				old, _ := out[col.Name].([]int64)
				out[col.Name] = append(old, v...)
			case []float32:
				old, _ := out[col.Name].([]float32)
				out[col.Name] = append(old, v...)
			case []string:
				old, _ := out[col.Name].([]string)
				if col.Lists == nil {
					out[col.Name] = append(old, v...)
					continue
				}
				for i := range len(col.Lists) - 1 {
					old = append(old, strings.Join(v[col.Lists[i]:col.Lists[i+1]], "+"))
				}
				out[col.Name] = old
			}
		}
		chunks++
		return nil
	})
	if err != nil || chunks == 0 {
		t.Fatalf("table %s: %d chunks: %v", table, chunks, err)
	}
	return out
}

func TestFixture(t *testing.T) {
	d := open(t, good().write(t), nil)
	got, err := prepare(d)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Sources) != 6 || got.Planted || *got.Scale != (sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2}) {
		t.Errorf("prepared %+v", got)
	}
	for table, want := range map[string]map[string]any{
		"users": {"uid": []string{"1", "2"}, "age": []int32{31, 77}, "gender": []string{"F", "M"}, "occupation": []string{"baker", "other"}},
		"items": {
			"iid": []string{"1", "2", "3", "4"}, "title": []string{"Café of Dreams (1981)", "The Lamp (II) (1990) (V)", "unknown", "No Year"},
			"categories": []string{"Comedy+Drama", "Drama", "", "Comedy"}, "year": []int32{1981, 1990, -1, 1977},
		},
		"interactions": {
			"user": []int32{1, 0, 0}, "item": []int32{0, 2, 0}, "value": []float32{5, 1, 4},
			"time": []int64{880000000, 880000001, 880000001},
		},
	} {
		if d := cmp.Diff(want, columns(t, d, table)); d != "" {
			t.Errorf("%s: %s", table, d)
		}
	}
	if err := d.Read(context.Background(), sdk.ReadRequest{Table: "sessions"}, nil); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("unknown table: error %v, want ErrInvalid", err)
	}
}

// TestSpecMatchesTables holds the declaration to what Read answers.
func TestSpecMatchesTables(t *testing.T) {
	d := open(t, goodFold().write(t), sdk.Options{"fold": "u1"})
	for _, spec := range d.Spec().Tables {
		err := d.Read(context.Background(), sdk.ReadRequest{Table: spec.Name}, func(c sdk.Chunk) error {
			var have []sdk.ColumnSpec
			for i, col := range c.Columns {
				s := spec.Columns[i]
				s.Name, s.Type, s.List = col.Name, col.Type(), col.Lists != nil
				have = append(have, s)
			}
			if d := cmp.Diff(spec.Columns, have); d != "" {
				t.Errorf("%s: %s", spec.Name, d)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestTolerated(t *testing.T) {
	want := columns(t, open(t, good().write(t), nil), "items")
	for name, change := range map[string]func(fixture){
		"carriage returns": func(f fixture) {
			for k, v := range f {
				f[k] = strings.ReplaceAll(v, "\n", "\r\n")
			}
		},
		"converted to utf-8": func(f fixture) { f["u.item"] = strings.ReplaceAll(f["u.item"], "\xe9", "é") },
		"no u.info":          func(f fixture) { delete(f, "u.info") },
		"no last line end":   func(f fixture) { f["u.data"] = strings.TrimSuffix(f["u.data"], "\n") },
	} {
		f := good()
		change(f)
		d := open(t, f.write(t), nil)
		if _, err := prepare(d); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, columns(t, d, "items")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestRefused(t *testing.T) {
	set := func(file, text string) func(fixture) { return func(f fixture) { f[file] = text } }
	add := func(file, line string) func(fixture) { return func(f fixture) { f[file] += line + "\n" } }
	for name, c := range map[string]struct {
		change func(fixture)
		want   []string // parts of the message: place and remedy
	}{
		"missing file":        {func(f fixture) { delete(f, "u.item") }, []string{"u.item: missing", "download https://files.grouplens.org"}},
		"empty file":          {set("u.data", "\n"), []string{"u.data: empty", "download"}},
		"cut within a line":   {set("u.data", "2\t1\t5\t880000000\n1\t3"), []string{"u.data:2: 2 fields", "fetch the release again"}},
		"cut within a time":   {set("u.data", "2\t1\t5\t8800"), []string{"u.data:1: time 8800 is before 1995", "cut short"}},
		"cut between lines":   {set("u.data", "2\t1\t5\t880000000\n"), []string{"u.info:3: 3 ratings, but u.data has 1"}},
		"too many fields":     {add("u.data", "1\t2\t3\t880000000\t9"), []string{"u.data:4: 5 fields"}},
		"out of scale":        {add("u.data", "1\t2\t6\t880000000"), []string{"u.data:4: rating 6 is outside the scale"}},
		"half a star":         {add("u.data", "1\t2\t3.5\t880000000"), []string{`u.data:4: rating "3.5" is not a whole number`}},
		"unknown user":        {add("u.data", "3\t2\t3\t880000000"), []string{`u.data:4: user "3" is not in u.user`}},
		"unknown film":        {add("u.data", "1\t9\t3\t880000000"), []string{`u.data:4: film "9" is not in u.item`}},
		"rated twice":         {add("u.data", "2\t1\t4\t880000009"), []string{"u.data:4: user 2 rated film 1 on line 1 already", `duplicates = "last"`}},
		"user twice":          {add("u.user", "2|20|M|other|0"), []string{"u.user:3: user 2 occurs twice"}},
		"film twice":          {add("u.item", "1|Again (2001)||||0|0|1"), []string{"u.item:5: film 1 occurs twice"}},
		"new occupation":      {add("u.user", "3|20|M|pilot|0"), []string{`u.user:3: occupation "pilot"`}},
		"age":                 {add("u.user", "3|-4|M|other|0"), []string{`u.user:3: age "-4"`}},
		"fewer flags":         {add("u.item", "5|Short (2001)||||0|0"), []string{"u.item:5: 7 fields between bars, want 8"}},
		"flag":                {add("u.item", "5|Flag (2001)||||0|0|2"), []string{"u.item:5: flag of genre Drama"}},
		"no title":            {add("u.item", "5| ||||0|0|1"), []string{"u.item:5: film 5 has no title"}},
		"binary":              {add("u.item", "5|\x00\x01||||0|0|1"), []string{"u.item:5: the title", "control characters"}},
		"genres out of order": {set("u.genre", "unknown|0\nDrama|2\n"), []string{"u.genre:2: genre Drama is repeated or out of order"}},
		"one genre":           {set("u.genre", "unknown|0\n"), []string{"u.genre: one genre only"}},
		"counts":              {set("u.info", "two users\n"), []string{"u.info:1:"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := good()
			c.change(f)
			_, err := prepare(open(t, f.write(t), nil))
			if !errors.Is(err, sdk.ErrInvalid) {
				t.Fatalf("error %v, want ErrInvalid", err)
			}
			for _, part := range append(c.want, "path: ") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}

func TestWrongFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ml-100k.zip")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	outer := t.TempDir()
	if err := os.Rename(good().write(t), filepath.Join(outer, "ml-100k")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "nowhere"): "there is no such folder",
		file:                          "is a file, not the unpacked folder",
		outer:                         "set path to " + filepath.Join(outer, "ml-100k"),
		dir:                           "u.genre: missing",
	} {
		if _, err := prepare(open(t, path, nil)); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", path, err, want)
		}
	}
}

// TestKeepLast: the second rating is earlier, the third as late as the first
// and on a later line.
func TestKeepLast(t *testing.T) {
	f := good()
	f["u.data"] = "1\t2\t5\t880000005\n1\t2\t1\t880000000\n1\t2\t4\t880000005\n2\t2\t3\t880000000\n"
	f["u.info"] = "2 users\n4 items\n4 ratings\n"
	d := open(t, f.write(t), sdk.Options{"duplicates": "last"})
	if diff := cmp.Diff([]float32{4, 3}, columns(t, d, "interactions")["value"]); diff != "" {
		t.Error(diff)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := open(t, good().write(t), nil).Prepare(ctx, sdk.PrepareRequest{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// TestRealRelease reads the release itself where it lies beside the repository.
func TestRealRelease(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "ml-100k")
	if !exists(filepath.Join(dir, "u.data")) {
		t.Skip("the MovieLens 100K release is not beside the repository (../shared/data/ml-100k): skipped")
	}
	d := open(t, dir, nil)
	if _, err := prepare(d); err != nil {
		t.Fatal(err)
	}
	users, items, ratings := columns(t, d, "users"), columns(t, d, "items"), columns(t, d, "interactions")
	var have [6]int
	for _, v := range ratings["value"].([]float32) {
		have[int(v)]++
	}
	if want := [6]int{0, 6110, 11370, 27145, 34174, 21201}; have != want {
		t.Errorf("ratings by value %v, want %v", have, want)
	}
	if n, m := len(users["uid"].([]string)), len(items["iid"].([]string)); n != 943 || m != 1682 {
		t.Errorf("%d users and %d items, want 943 and 1,682", n, m)
	}
	var noYear, noGenre, accents int
	for i, title := range items["title"].([]string) {
		if items["year"].([]int32)[i] < 0 {
			noYear++
		}
		if items["categories"].([]string)[i] == "" {
			noGenre++
		}
		if strings.ContainsFunc(title, func(r rune) bool { return r >= 0xc0 }) {
			accents++
		}
		if strings.ContainsRune(title, '\ufffd') {
			t.Errorf("item %d: the title did not decode", i)
		}
	}
	if got := fmt.Sprint(noYear, noGenre, accents > 0); got != "1 2 true" {
		t.Errorf("films without year, without genre, any accents: %s, want 1 2 true", got)
	}
}
