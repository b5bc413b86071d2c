package main

import (
	"bufio"
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// real reads rows of user, item and value from a file of the MovieLens releases,
// which lie beside the repository where somebody put them. It skips where they
// do not.
func real(t testing.TB, separator string, path ...string) []rating {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, path...)...))
	if os.IsNotExist(err) {
		t.Skipf("%s is not there: put the MovieLens releases into ../shared/data beside the repository", filepath.Join(path...))
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []rating
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		var n [3]int
		for i, f := range strings.SplitN(lines.Text(), separator, 4)[:3] {
			if n[i], err = strconv.Atoi(f); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, rating{int32(n[0] - 1), int32(n[1] - 1), float32(n[2])})
	}
	return out
}

func table(name string, rows []rating) sdk.Table {
	u, i, v := make([]int32, len(rows)), make([]int32, len(rows)), make([]float32, len(rows))
	for n, r := range rows {
		u[n], i[n], v[n] = r.user, r.item, r.value
	}
	return sdk.Table{Name: name, Columns: []sdk.Column{{Name: "user", Data: u}, {Name: "item", Data: i}, {Name: "value", Data: v}}}
}

// folder writes a training folder, with a validation part unless it is nil.
func folder(t testing.TB, users, items int, train, valid []rating) sdk.DataRef {
	t.Helper()
	tables := []sdk.Table{table(sdk.TableInteractions, train)}
	if valid != nil {
		tables = append(tables, table(sdk.TableValid, valid))
	}
	ref, err := columns.Write(filepath.Join(t.TempDir(), "train"), columns.Meta{Users: users, Items: items}, tables...)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// cut holds out a share of rows at random.
func cut(rows []rating, share float64, seed uint64) (kept, out []rating) {
	rows = slices.Clone(rows)
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	n := int(share * float64(len(rows)))
	return rows[n:], rows[:n]
}

func rmseOf(t testing.TB, c sdk.Recommender, rows []rating) float64 {
	t.Helper()
	r := sdk.ScoreRequest{Candidates: &sdk.Ragged{}}
	for _, x := range rows {
		r.Users = append(r.Users, x.user)
		r.Candidates.Append(x.item)
	}
	got, err := c.(sdk.Scorer).Score(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for n, x := range rows {
		sum += math.Pow(float64(x.value-got[n]), 2)
	}
	return math.Sqrt(sum / float64(len(rows)))
}

// TestMovieLens100K: on fold u1, where the user and item biases alone have an
// RMSE of 0.961, mf stays below 0.95, with early stopping on a part cut from
// the training values and without.
func TestMovieLens100K(t *testing.T) {
	base, test := real(t, "\t", "ml-100k", "u1.base"), real(t, "\t", "ml-100k", "u1.test")
	train, valid := cut(base, 0.1, 1)
	for what, data := range map[string]sdk.DataRef{
		"all of the fold": folder(t, 943, 1682, base, nil),
		"early stopping":  folder(t, 943, 1682, train, valid),
	} {
		got := rmseOf(t, densetest.Fitted(t, newMF(), data, nil), test)
		t.Logf("%s: RMSE %.4f", what, got)
		if got > 0.95 {
			t.Errorf("%s: RMSE %v, want at most 0.95", what, got)
		}
	}
}

// BenchmarkMovieLens1M fits every component with its defaults on nine tenths of
// MovieLens 1M, drawn at random, and reports what mf predicts of the rest.
func BenchmarkMovieLens1M(b *testing.B) {
	train, test := cut(real(b, "::", "ml-1m", "ratings_uir.dat"), 0.1, 1)
	data := folder(b, 6040, 3952, train, nil)
	for _, make := range all() {
		b.Run(make().Spec().Name, func(b *testing.B) {
			var c sdk.Recommender
			for b.Loop() {
				c = densetest.Fitted(b, make(), data, nil)
			}
			if c.Spec().Name == "mf" {
				b.ReportMetric(rmseOf(b, c, test), "rmse")
			}
		})
	}
}
