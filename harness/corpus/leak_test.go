package corpus

import (
	"fmt"
	"testing"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// means are item means and counts as a page shows them, over whatever
// interactions they are computed from.
func means(items []int32, values []float32) string {
	sum, n := map[int32]float32{}, map[int32]int{}
	for row, it := range items {
		sum[it] += values[row]
		n[it]++
	}
	out := ""
	for it := range int32(31) {
		out += fmt.Sprintf("item %d: mean %g of %d\n", it, sum[it]/float32(n[it]), n[it])
	}
	return out
}

// TestItemMeansOverTestRatingsAreCaught: Agent4Rec (arXiv 2310.10108) showed its
// agents item means that included the test ratings. Where held-out ratings are
// all made fives, means shown from the training folder or from Training stay as
// they are, and means over everything, which is that set-up, do not: so a leak of
// this kind is one that TestHeldOutRowsLeaveNoTrace finds.
func TestItemMeansOverTestRatingsAreCaught(t *testing.T) {
	shown := func(fives bool) map[string]string {
		c := mustOpen(t, Config{}, world(func(e event, held bool) (event, bool) {
			if held && fives {
				e.value = 5
			}
			return e, true
		}))
		s, err := c.Split(SplitParams{Method: "user-temporal", Test: 0.5, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		ref, err := s.TrainingFolder(nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := columns.Open(ref)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		x, err := f.Interactions(sdk.TableInteractions)
		if err != nil {
			t.Fatal(err)
		}
		train := s.Train()
		return map[string]string{
			"the training folder": means(x.Item, x.Value),
			"Training":            means(train.ids, train.values),
			"all ratings":         means(c.rows.Item, c.rows.Value),
		}
	}
	as, fives := shown(false), shown(true)
	if as["the training folder"] != as["Training"] {
		t.Error("the training folder and Training have different means")
	}
	for from, leaks := range map[string]bool{"the training folder": false, "Training": false, "all ratings": true} {
		if caught := as[from] != fives[from]; caught != leaks {
			t.Errorf("means over %s: held-out ratings show: %v, want %v", from, caught, leaks)
		}
	}
}
