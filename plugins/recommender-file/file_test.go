package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// folder writes the training part of users ann, bob and cem and items a to e:
// ann has a (5) and b (1), bob has c (3), cem nothing.
func folder(t testing.TB) sdk.DataRef {
	t.Helper()
	ref, err := columns.Write(filepath.Join(t.TempDir(), "train"), columns.Meta{Users: 3, Items: 5},
		sdk.Table{Name: sdk.TableInteractions, Columns: []sdk.Column{
			{Name: "user", Data: []int32{0, 0, 1}}, {Name: "item", Data: []int32{0, 1, 2}}, {Name: "value", Data: []float32{5, 1, 3}},
		}},
		sdk.Table{Name: sdk.TableUsers, Columns: []sdk.Column{{Name: "uid", Data: []string{"ann", "bob", "cem"}}}},
		sdk.Table{Name: sdk.TableItems, Columns: []sdk.Column{
			{Name: "iid", Data: []string{"a", "b", "c", "d", "e"}}, {Name: "title", Data: []string{"", "", "", "", ""}},
		}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func file(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fit gives a fitted component and its warnings.
func fit(t testing.TB, c sdk.Recommender, path string, more sdk.Options) (warnings []string, err error) {
	t.Helper()
	o := sdk.Options{"path": path}
	for k, v := range more {
		o[k] = v
	}
	densetest.Configured(t, c, 0, o)
	_, err = c.Fit(context.Background(), sdk.FitRequest{Data: folder(t), Seed: 1}, func(e sdk.Event) {
		if w, ok := e.(sdk.Warning); ok {
			warnings = append(warnings, w.Summary)
		}
	})
	return warnings, err
}

// answers gives what everybody is recommended, in letters: "dc e  " is d then c
// for ann, e for bob, nothing for cem.
func answers(t testing.TB, c sdk.Recommender) string {
	t.Helper()
	lists, _ := densetest.Lists(t, c, sdk.RecommendRequest{Users: []int32{0, 1, 2, -1}, K: 4, Purpose: sdk.PurposeRanking, Seed: 1})
	var out []string
	for _, list := range lists {
		s := ""
		for _, it := range list {
			s += string('a' + it)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// TestOrders: by rank from 0 or 1, by score, by the order of rows.
func TestOrders(t *testing.T) {
	for _, c := range []struct {
		name, text string
		more       sdk.Options
	}{
		{"rows", "user,item\nann,d\nbob,e\nann,c\n", nil},
		{"rank", "user,item,rank\nann,c,2\nann,d,1\nbob,e,1\n", sdk.Options{"rank": "rank"}},
		{"rank from 0, as a float", "user,item,rank\nann,c,1.0\nann,d,0.0\nbob,e,0\n", sdk.Options{"rank": "rank"}},
		{"score", "s,user,item\n-2,ann,c\n7e-1,ann,d\n0,bob,e\n", sdk.Options{"score": "s"}},
		{"no header", "ann,d\nbob,e\nann,c\n", sdk.Options{"header": false, "user": "1", "item": "2"}},
		{"semicolons and quotes", "user;item\n\"ann\";d\nbob;e\nann;\"c\"\n", sdk.Options{"separator": ";"}},
	} {
		m := &lists{}
		warned, err := fit(t, m, file(t, "l.csv", []byte(c.text)), c.more)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := answers(t, m); got != "dc e  " {
			t.Errorf("%s: %q", c.name, got)
		}
		if len(warned) != 1 || !strings.Contains(warned[0], `1 of 3 users have no row, the first is "cem": they get an empty list`) {
			t.Errorf("%s: %q", c.name, warned)
		}
	}
}

func pack(t testing.TB, text []byte) (gz, zst []byte) {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	if _, err := g.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return b.Bytes(), e.EncodeAll(text, nil)
}

// TestFormats: the same lists in every format, plain and packed, flat and as one
// row a user.
func TestFormats(t *testing.T) {
	type flat struct {
		User string `parquet:"user"`
		Item string `parquet:"item"`
	}
	type nested struct {
		User string   `parquet:"user"`
		Item []string `parquet:"item,list"`
	}
	write := func(w func(b *bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := w(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	csv := []byte("user,item\nann,d\nbob,e\nann,c\n")
	json := []byte("{\"user\": \"ann\", \"item\": [\"d\", \"c\"]}\n{\"user\": \"bob\", \"item\": \"e\"}\n")
	gz, zst := pack(t, csv)
	jsonGZ, jsonZST := pack(t, json)
	for name, content := range map[string][]byte{
		"l.csv": csv, "l.csv.gz": gz, "l.csv.zst": zst,
		"l.tsv":   bytes.ReplaceAll(csv, []byte(","), []byte("\t")),
		"l.jsonl": json, "l.ndjson.gz": jsonGZ, "l.jsonl.zst": jsonZST,
		"l.parquet": write(func(b *bytes.Buffer) error {
			return parquet.Write(b, []flat{{"ann", "d"}, {"bob", "e"}, {"ann", "c"}})
		}),
		"n.parquet": write(func(b *bytes.Buffer) error {
			return parquet.Write(b, []nested{{"ann", []string{"d", "c"}}, {"bob", []string{"e"}}})
		}),
	} {
		m := &lists{}
		if _, err := fit(t, m, file(t, name, content), nil); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := answers(t, m); got != "dc e  " {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestMisfits: each way not to fit the data is counted with the first case, and
// refused with strict.
func TestMisfits(t *testing.T) {
	const rest = "bob,d,1,1\ncem,d,1,1\n"
	for _, c := range []struct {
		name, row string
		component sdk.Recommender
		strict    sdk.Recommender
		more      sdk.Options
		want      string
	}{
		{"unknown user", "ann,d,1,1\ndan,d,1,1\n", &lists{}, &lists{}, nil, "1 of 4 rows name users that the data set does not have, the first on line 3 (dan)"},
		{"unknown item", "ann,d,1,1\nann,z,2,1\n", &lists{}, &lists{}, nil, "1 of 4 rows name items that the data set does not have, the first on line 3 (z)"},
		{"a pair twice", "ann,d,1,1\nann,d,2,1\n", &lists{}, &lists{}, nil, `1 of 4 rows repeat a pair, of which the first row counts, the first on line 3 (user "ann", item "d")`},
		{"no number", "ann,d,1,NaN\nann,e,2,1\n", &lists{}, &lists{}, sdk.Options{"score": "score"}, "1 of 4 rows have no number, the first on line 2 (ann d)"},
		{"seen in training", "ann,d,1,1\nann,a,2,1\n", &lists{}, &lists{}, nil, `1 of 4 listed items are in their user's training part, the first is item "a" of user "ann"`},
		{"a gap", "ann,d,1,1\nann,e,4,1\n", &lists{}, &lists{}, sdk.Options{"rank": "rank"}, `the ranks of 1 users have gaps or repeat, the first is "ann"`},
		{"a rank twice", "ann,d,1,1\nann,e,1,1\n", &lists{}, &lists{}, sdk.Options{"rank": "rank"}, `the ranks of 1 users have gaps or repeat`},
		{"nobody", "", &scores{}, &scores{}, nil, `1 of 3 users have no row, the first is "ann"`},
		{"beyond the values", "ann,d,1,7\nann,e,1,0\n", &values{}, &values{}, sdk.Options{"value": "score"}, `2 of 4 predictions are beyond the training values, 1 to 5, the first is that of user "ann" and item "d"`},
	} {
		path := file(t, "l.csv", []byte("user,item,rank,score\n"+c.row+rest))
		warned, err := fit(t, c.component, path, c.more)
		if err != nil || len(warned) != 1 || !strings.Contains(warned[0], c.want) || !strings.HasPrefix(warned[0], "l.csv: ") {
			t.Errorf("%s: %q, %v; want %q", c.name, warned, err, c.want)
		}
		more := sdk.Options{"strict": true}
		for k, v := range c.more {
			more[k] = v
		}
		if _, err := fit(t, c.strict, path, more); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, strict: %v", c.name, err)
		}
	}
}

// TestBadFiles: damage and mistakes name file, line and remedy.
func TestBadFiles(t *testing.T) {
	gz, _ := pack(t, []byte("user,item\n"+strings.Repeat("ann,d\n", 1000)))
	for _, c := range []struct {
		name    string
		content []byte
		more    sdk.Options
		want    string
	}{
		{"l.csv", nil, nil, "l.csv: empty: want a header and rows"},
		{"l.csv", []byte("user,item\n"), nil, "l.csv: holds no rows"},
		{"l.csv", []byte("userId,item\nann,d\n"), nil, `l.csv has no column "user" (it has userId, item)`},
		{"l.csv", []byte("user,item\nann,d\n"), sdk.Options{"score": "scor"}, `l.csv has no column "scor"`},
		{"l.csv", []byte("user,item\n0,17\n"), nil, `no row names a user and an item of the data set with a number: the first has user "0" and item "17", the data set's first are "ann" and "a"`},
		{"l.csv", []byte("user,item\nann,d\nbob\n"), nil, "l.csv:3: 1 field, 2 before"},
		{"l.csv", []byte("user,item\nann,\n"), nil, "l.csv:2: no item"},
		{"l.csv", []byte("user,item\n,d\n"), nil, "l.csv:2: no user"},
		{"l.csv", []byte("user,item,s\nann,d,best\n"), sdk.Options{"score": "s"}, `l.csv:2: "best" is not a finite number`},
		{"l.csv", []byte("user,item,s\nann,d,inf\n"), sdk.Options{"score": "s"}, `l.csv:2: "inf" is not a finite number`},
		{"l.csv", []byte("user,item,s\nann,d,1e99\n"), sdk.Options{"score": "s"}, `l.csv:2: "1e99" is not a finite number`},
		{"l.csv", []byte("user,item,r\nann,d,1.5\n"), sdk.Options{"rank": "r"}, `l.csv:2: rank "1.5" is not a whole number from 0`},
		{"l.csv", []byte("user,item,r\nann,d,-1\n"), sdk.Options{"rank": "r"}, `l.csv:2: rank "-1" is not`},
		{"l.csv.gz", gz[:len(gz)-6], nil, "l.csv.gz: cut short in the gzip"},
		{"l.csv.gz", []byte("user,item\nann,d\n"), nil, "its name says packed, its content does not"},
		{"l.parquet", []byte("user,item\nann,d\n"), nil, "l.parquet: no Parquet, or a damaged one"},
		{"l.jsonl", []byte("{\"user\": \"ann\", \"item\": [\"d\", \"e\"], \"s\": [1]}\n"), sdk.Options{"score": "s"}, "l.jsonl:1: 2 items and 1 numbers"},
		{"l.jsonl", []byte("{\"user\": [\"ann\", \"bob\"], \"item\": \"d\"}\n"), nil, "l.jsonl:1: the user is a list"},
		{"l.jsonl", []byte("{\"user\": \"ann\"}\n"), nil, `l.jsonl:1: has no key "item" (it has user)`},
	} {
		_, err := fit(t, &lists{}, file(t, c.name, c.content), c.more)
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.30q: %v, want %q", c.name, c.content, err, c.want)
		}
	}
	if _, err := fit(t, &lists{}, filepath.Join(t.TempDir(), "l.csv"), nil); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("no file: %v", err)
	}
}

// TestOptions: rules between options.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		o    sdk.Options
		want string
	}{
		{sdk.Options{"path": "/x/lists.txt"}, `format: the name "lists.txt" does not tell: set format to csv, tsv, jsonl or parquet`},
		{sdk.Options{"path": "/x/l.jsonl", "separator": ";"}, "separator: has no effect on jsonl"},
		{sdk.Options{"path": "/x/l.parquet.gz", "header": false}, "header: has no effect on parquet"},
		{sdk.Options{"path": "/x/l.csv", "separator": ""}, "separator: \"\": want 1 to 16 bytes"},
		{sdk.Options{"path": "/x/l.csv", "rank": "r", "score": "s"}, "rank: score is given too"},
	} {
		m := &lists{}
		o, ds := sdk.Canonical(m.Spec().Options, c.o)
		if len(ds) > 0 {
			t.Fatal(ds)
		}
		ds = m.Validate(context.Background(), o)
		if got := fmt.Sprintf("%s: %s", ds[0].Option, ds[0].Summary); len(ds) != 1 || !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: %v, want %q", c.o, ds, c.want)
		}
		if err := m.Configure(context.Background(), sdk.Config{Options: o}); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%v: configured: %v", c.o, err)
		}
	}
}

// TestScores: what the file has is scored, the rest is below all of it; values
// have no prediction for the rest, and keep to the range of training values.
func TestScores(t *testing.T) {
	path := file(t, "s.csv", []byte("user,item,score\nann,d,7\nann,c,2.5\nbob,e,-3\n"))
	candidates := &sdk.Ragged{}
	candidates.Append(2, 3, 4)
	candidates.Append(4)
	candidates.Append(0)
	request := sdk.ScoreRequest{Users: []int32{0, 1, -1}, Candidates: candidates}
	nan := float32(math.NaN())
	for _, c := range []struct {
		m    sdk.Recommender
		more sdk.Options
		want []float32
	}{
		{&scores{}, nil, []float32{2.5, 7, -math.MaxFloat32, -3, -math.MaxFloat32}},
		{&values{}, sdk.Options{"value": "score"}, []float32{2.5, 5, nan, 1, nan}},
	} {
		if _, err := fit(t, c.m, path, c.more); err != nil {
			t.Fatal(err)
		}
		got, err := c.m.(sdk.Scorer).Score(context.Background(), request)
		same := slices.EqualFunc(got, c.want, func(a, b float32) bool { return a == b || a != a && b != b })
		if err != nil || !same {
			t.Errorf("%s: %v, %v; want %v", c.m.Spec().Name, got, err, c.want)
		}
		if got := answers(t, c.m); got != "dc e  " {
			t.Errorf("%s: %q", c.m.Spec().Name, got)
		}
		all, err := c.m.(sdk.Scorer).Score(context.Background(), sdk.ScoreRequest{Users: []int32{0, -1}})
		if err != nil || len(all) != 10 || all[2] != 2.5 || all[3] != c.want[1] {
			t.Errorf("%s, all items: %v, %v", c.m.Spec().Name, all, err)
		}
	}
}

// TestBadRequests: before a fit, and with ids beyond the catalogue.
func TestBadRequests(t *testing.T) {
	m := &scores{}
	densetest.Configured(t, m, 0, sdk.Options{"path": file(t, "s.csv", []byte("user,item,score\nann,d,7\n"))})
	ctx := context.Background()
	if _, err := m.Recommend(ctx, sdk.RecommendRequest{Users: []int32{0}, K: 1}); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("recommend before fit: %v", err)
	}
	if _, err := m.Score(ctx, sdk.ScoreRequest{Users: []int32{0}}); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("score before fit: %v", err)
	}
	if _, err := m.Fit(ctx, sdk.FitRequest{Data: folder(t)}, nil); err != nil { // nobody listens
		t.Fatal(err)
	}
	if _, err := m.Score(ctx, sdk.ScoreRequest{Users: []int32{3}}); err == nil {
		t.Error("a user beyond the data set is scored")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := m.Fit(ended, sdk.FitRequest{Data: folder(t)}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled fit: %v", err)
	}
}
