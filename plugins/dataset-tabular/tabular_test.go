package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open configures a component as a host does.
func open(t testing.TB, f format, given sdk.Options) sdk.Dataset {
	t.Helper()
	d := newDataset(f)
	o, ds := sdk.Canonical(d.Spec().Options, given)
	if ds = append(ds, d.Validate(context.Background(), o)...); sdk.Failed(ds) {
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

// table reads a table whole; lists are joined by +.
func table(t testing.TB, d sdk.Dataset, name string) map[string]any {
	t.Helper()
	out := map[string]any{}
	err := d.Read(context.Background(), sdk.ReadRequest{Table: name}, func(c sdk.Chunk) error {
		for _, col := range c.Columns {
			switch v := col.Data.(type) {
			case []int32:
				old, _ := out[col.Name].([]int32)
				out[col.Name] = append(old, v...)
			case []int64:
				old, _ := out[col.Name].([]int64)
				out[col.Name] = append(old, v...)
			case []uint8:
				old, _ := out[col.Name].([]uint8)
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
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCSV(t *testing.T) {
	dir := write(t, map[string]string{
		"x.csv": "u;i;r\n7;a;3\n8;b;1\n",
		"i.csv": "i;t;c\na;\"One; two (1999)\";x|y\nb;Three;\n",
	})
	d := open(t, csvFormat(), sdk.Options{
		"path": dir, "interactions": "x.csv", "separator": ";", "user": "u", "item": "i", "value": "r",
		"value-min": 1, "value-max": 3, "value-step": 1, "like-at": 3, "dislike-at": 1,
		"items": "i.csv", "title": "t", "year-in-title": true, "categories": "c", "version": "toy", "license": "mine",
	})
	got, err := prepare(d)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Sources) != 2 || got.Version != "toy" || got.License != "mine" || *got.Scale != (sdk.Scale{Min: 1, Max: 3, Step: 1, LikeAt: 3, DislikeAt: 1}) {
		t.Errorf("prepared %+v", got)
	}
	for name, want := range map[string]map[string]any{
		"users":        {"uid": []string{"7", "8"}},
		"items":        {"iid": []string{"a", "b"}, "title": []string{"One; two (1999)", "Three"}, "categories": []string{"x+y", ""}, "year": []int32{1999, -1}},
		"interactions": {"user": []int32{0, 1}, "item": []int32{0, 1}, "value": []float32{3, 1}},
	} {
		if d := cmp.Diff(want, table(t, d, name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if err := d.Read(context.Background(), sdk.ReadRequest{Table: "sessions"}, nil); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("unknown table: %v", err)
	}
}

// TestImplicitFile: a path that is a file, no values, parts of the owner.
func TestImplicitFile(t *testing.T) {
	dir := write(t, map[string]string{"x.tsv": "7\ta\ttrain\n7\tb\ttest\n"})
	d := open(t, csvFormat(), sdk.Options{
		"path": filepath.Join(dir, "x.tsv"), "separator": "\t", "header": false, "user": "1", "item": "2", "part": "3",
	})
	got, err := prepare(d)
	if err != nil || got.Scale != nil {
		t.Fatalf("prepared %+v, %v", got, err)
	}
	want := map[string]any{"user": []int32{0, 0}, "item": []int32{0, 1}, "part": []uint8{0, 2}}
	if d := cmp.Diff(want, table(t, d, "interactions")); d != "" {
		t.Error(d)
	}
}

func TestRecBole(t *testing.T) {
	files := map[string]string{
		"toy.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n7\ta\t3\t880000000\n",
		"toy.item":  "item_id:token\tname:token_seq\tclass:token_seq\na\tOne two\tx y\nb\tThree\t\n",
		"toy.user":  "user_id:token\tage:token\n6\t30\n7\t\n",
	}
	given := func(dir string) sdk.Options {
		return sdk.Options{
			"path": dir, "value": "rating", "value-min": 1, "value-max": 5, "like-at": 4, "dislike-at": 2,
			"time": "timestamp", "title": "name", "categories": "class", "age": "age",
		}
	}
	d := open(t, recboleFormat(), given(write(t, files)))
	for name, want := range map[string]map[string]any{
		"users":        {"uid": []string{"6", "7"}, "age": []int32{30, -1}},
		"items":        {"iid": []string{"a", "b"}, "title": []string{"One two", "Three"}, "categories": []string{"x+y", ""}},
		"interactions": {"user": []int32{1}, "item": []int32{0}, "value": []float32{3}, "time": []int64{880000000}},
	} {
		if d := cmp.Diff(want, table(t, d, name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for what, change := range map[string]func(map[string]string, sdk.Options){
		"holds no .inter file":              func(f map[string]string, _ sdk.Options) { delete(f, "toy.inter") },
		"name one of them":                  func(f map[string]string, _ sdk.Options) { f["b.inter.gz"] = "" },
		"age: has no effect without a file": func(f map[string]string, _ sdk.Options) { delete(f, "toy.user") },
		"value: column \"rating\" of toy.inter is a sequence": func(f map[string]string, _ sdk.Options) {
			f["toy.inter"] = strings.Replace(f["toy.inter"], "rating:float", "rating:float_seq", 1)
		},
	} {
		f := map[string]string{}
		for k, v := range files {
			f[k] = v
		}
		o := given("")
		change(f, o)
		o["path"] = write(t, f)
		if _, err := prepare(open(t, recboleFormat(), o)); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v does not say %q", err, what)
		}
	}
}

func TestOptionsRefused(t *testing.T) {
	for option, c := range map[string]struct {
		given sdk.Options
		want  string
	}{
		"value-min":     {sdk.Options{"value": "r"}, "a scale is never guessed"},
		"like-at":       {sdk.Options{"like-at": 4}, "there is no value"},
		"title":         {sdk.Options{"title": "t"}, "has no effect without a file of items"},
		"gender":        {sdk.Options{"gender": "t"}, "has no effect without a file of users"},
		"kinds":         {sdk.Options{"kinds": []any{"a"}}, "has no effect without kind"},
		"separator":     {sdk.Options{"separator": ""}, "1 to 16 bytes"},
		"year-in-title": {sdk.Options{"year-in-title": true, "items": "i"}, "there is no title"},
	} {
		d := newDataset(csvFormat())
		c.given["path"], c.given["user"], c.given["item"] = "x", "1", "2"
		o, _ := sdk.Canonical(d.Spec().Options, c.given)
		found := false
		for _, g := range d.Validate(context.Background(), o) {
			found = found || g.Option == option && strings.Contains(g.Summary, c.want)
		}
		if !found {
			t.Errorf("%s: %v", option, d.Validate(context.Background(), o))
		}
		if err := d.Configure(context.Background(), sdk.Config{Options: o}); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: configured: %v", option, err)
		}
	}
	bad := sdk.Options{"path": "x", "user": "1", "item": "2", "value": "3", "value-min": 1, "value-max": 5, "like-at": 2, "dislike-at": 4}
	d := newDataset(csvFormat())
	o, _ := sdk.Canonical(d.Spec().Options, bad)
	if ds := d.Validate(context.Background(), o); len(ds) != 1 || !strings.Contains(ds[0].Summary, "dislike-at < like-at") {
		t.Errorf("scale upside down: %v", ds)
	}
}

func TestWrongPath(t *testing.T) {
	dir := write(t, map[string]string{"x.csv": "1,2\n"})
	for what, o := range map[string]sdk.Options{
		"set path to the folder":              {"path": filepath.Join(dir, "nowhere")},
		"name the file of interactions in it": {"path": dir},
		"interactions names one too":          {"path": filepath.Join(dir, "x.csv"), "interactions": "x.csv"},
		"did you mean x.csv?":                 {"path": dir, "interactions": "x.cvs"},
	} {
		o["user"], o["item"] = "1", "2"
		if _, err := prepare(open(t, csvFormat(), o)); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v does not say %q", err, what)
		}
	}
}
