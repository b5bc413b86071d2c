package main

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// Counts are 2, 0, 3, 1, 0 (popularWorld): one user before two before three, and
// nobody's items last, their order the hash's.
func TestTail(t *testing.T) {
	c := densetest.Fitted(t, newTail(), densetest.Folder(t, 3, 5,
		densetest.Row{User: 0, Item: 2}, densetest.Row{User: 1, Item: 2}, densetest.Row{User: 2, Item: 2},
		densetest.Row{User: 0, Item: 0}, densetest.Row{User: 1, Item: 0}, densetest.Row{User: 2, Item: 3},
	), nil)
	items, scores := densetest.Lists(t, c, sdk.RecommendRequest{Users: []int32{-1}, K: 3, Seed: 4})
	if d := cmp.Diff([][]int32{{3, 0, 2}}, items); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]float32{{1, 0.5, 1. / 3}}, scores); d != "" {
		t.Error(d)
	}
}

// The mean of all six values is 3.5. Item 0 has 5 and 5, item 1 has 5 alone, item 2
// has 1, 2 and 3; with damping 2: (10+7)/4 = 4.25, (5+7)/3 = 4, (6+7)/5 = 2.6; item 3,
// which nobody has, (0+7)/2 = 3.5.
func TestBestmean(t *testing.T) {
	c := densetest.Fitted(t, newBestmean(), densetest.Folder(t, 3, 4,
		densetest.Row{User: 0, Item: 0, Value: 5}, densetest.Row{User: 1, Item: 0, Value: 5}, densetest.Row{User: 2, Item: 1, Value: 5},
		densetest.Row{User: 0, Item: 2, Value: 1}, densetest.Row{User: 1, Item: 2, Value: 2}, densetest.Row{User: 2, Item: 2, Value: 3},
	), sdk.Options{"damping": 2.0})
	items, scores := densetest.Lists(t, c, sdk.RecommendRequest{Users: []int32{1}, K: 4})
	if d := cmp.Diff([][]int32{{0, 1, 3, 2}}, items); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]float32{{4.25, 4, 3.5, 2.6}}, scores); d != "" {
		t.Error(d)
	}
}

func TestBestmeanWithoutValues(t *testing.T) {
	ref, err := columns.Write(filepath.Join(t.TempDir(), "train"), columns.Meta{Users: 1, Items: 1}, sdk.Table{
		Name: sdk.TableInteractions, Columns: []sdk.Column{{Name: "user", Data: []int32{0}}, {Name: "item", Data: []int32{0}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := densetest.Configured(t, newBestmean(), 0, nil)
	said := ""
	_, err = c.Fit(context.Background(), sdk.FitRequest{Data: ref}, func(e sdk.Event) {
		if w, ok := e.(sdk.Warning); ok {
			said = w.Summary
		}
	})
	if err != nil || !strings.Contains(said, "no values") {
		t.Errorf("%v, warned %q: want a warning that names the values", err, said)
	}
}

// genres writes a folder of items with categories: 0 drama; 1 drama and war; 2 war;
// 3 nothing. User 0 gave 5 to item 0 and 1 to item 2; user 1 has nothing.
func genres(t *testing.T) sdk.DataRef {
	t.Helper()
	ref, err := columns.Write(filepath.Join(t.TempDir(), "train"), columns.Meta{Users: 2, Items: 4}, sdk.Table{
		Name: sdk.TableInteractions, Columns: []sdk.Column{
			{Name: "user", Data: []int32{0, 0}}, {Name: "item", Data: []int32{0, 2}}, {Name: "value", Data: []float32{5, 1}},
		},
	}, sdk.Table{Name: sdk.TableItems, Columns: []sdk.Column{
		{Name: "iid", Data: []string{"a", "b", "c", "d"}},
		{Name: "categories", Data: []string{"drama", "war", "drama", "war"}, Lists: []uint32{0, 1, 3, 4, 4}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// The mean of user 0 is 3, so drama weighs 1 + 5 − 3 = 3 and war 1 + 1 − 3 = −1; the
// profile's length is √10. Cosines: drama 3/√10, both (3−1)/(√2·√10), war −1/√10.
func TestContent(t *testing.T) {
	data := genres(t)
	want := []float32{float32(3 / math.Sqrt(10)), float32(2 / math.Sqrt2 / math.Sqrt(10)), float32(-1 / math.Sqrt(10)), 0}
	for name, c := range map[string]sdk.Recommender{"content": newContent(), "damaged": newDamaged()} {
		sign := map[string]float32{"content": 1, "damaged": -1}[name]
		s := densetest.Fitted(t, c, data, nil).(sdk.Scorer)
		got, err := s.Score(context.Background(), sdk.ScoreRequest{Users: []int32{0, 1, -1}})
		if err != nil {
			t.Fatal(err)
		}
		for it, w := range want {
			if d := got[it] - sign*w; d > 1e-6 || d < -1e-6 {
				t.Errorf("%s: item %d has %v, want %v", name, it, got[it], sign*w)
			}
		}
		if slices.ContainsFunc(got[4:], func(v float32) bool { return v != 0 }) {
			t.Errorf("%s: users without a past have scores %v", name, got[4:])
		}
	}
	items, _ := densetest.Lists(t, densetest.Fitted(t, newDamaged(), data, nil), sdk.RecommendRequest{Users: []int32{0}, K: 4})
	if d := cmp.Diff([][]int32{{2, 3, 1, 0}}, items); d != "" {
		t.Error(d)
	}
}

func TestContentNeedsCategories(t *testing.T) {
	c := densetest.Configured(t, newContent(), 0, nil)
	_, err := c.Fit(context.Background(), sdk.FitRequest{Data: densetest.Folder(t, 1, 1, densetest.Row{})}, nil)
	if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "categories") {
		t.Errorf("%v: want a refusal that names the categories", err)
	}
}
