package metric

import (
	"fmt"
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	want := []string{"ndcg", "recall", "precision", "hit", "mrr", "coverage"}
	if !slices.Equal(Names(), want) {
		t.Errorf("names: %v", Names())
	}
	for _, m := range Table() {
		if (m.User == nil) == (m.Whole == nil) {
			t.Errorf("%s: want one function", m.Name)
		}
		if m.Version < 1 || m.Unit == "" || m.Direction != Higher || m.Empty == "" || m.Doc == "" {
			t.Errorf("%s: a column is empty: %+v", m.Name, m)
		}
		if got, k, err := Parse(m.ID(20)); err != nil || got.Name != m.Name || k != 20 {
			t.Errorf("%s: parsed as %s, %d, %v", m.ID(20), got.Name, k, err)
		}
	}
	for _, id := range []string{"", "ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@+5", "ndcg@05", "ndcg@5@5", "NDCG@5", "map@5"} {
		if _, _, err := Parse(id); err == nil {
			t.Errorf("%q was taken", id)
		}
	}
}

func TestDirections(t *testing.T) {
	if got := fmt.Sprint(Higher, Lower, Direction(0)); got != "higher lower unknown" {
		t.Error(got)
	}
}
