package metric

import (
	"fmt"
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	want := []string{"ndcg", "recall", "precision", "hit", "mrr", "coverage", "recall-capped", "map", "auc", "gini", "novelty", "diversity", "arp"}
	if !slices.Equal(Names(), want) {
		t.Errorf("names: %v", Names())
	}
	for _, m := range Table() {
		functions := 0
		for _, set := range []bool{m.User != nil, m.Shown != nil, m.Mixed != nil, m.Order != nil, m.Whole != nil} {
			if set {
				functions++
			}
		}
		if functions != 1 || (m.Whole == nil) != (m.NoInterval == "") {
			t.Errorf("%s: %d functions, no interval because %q", m.Name, functions, m.NoInterval)
		}
		if lower := m.Name == "gini" || m.Name == "arp"; lower != (m.Direction == Lower) || m.Direction == 0 {
			t.Errorf("%s: %v is better", m.Name, m.Direction)
		}
		if m.Version < 1 || m.Unit == "" || m.Empty == "" || m.Doc == "" {
			t.Errorf("%s: a column is empty: %+v", m.Name, m)
		}
		if got, k, err := Parse(m.ID(20)); err != nil || got.Name != m.Name || (k == 20) == (m.Order != nil) {
			t.Errorf("%s: parsed as %s, %d, %v", m.ID(20), got.Name, k, err)
		}
	}
	for _, id := range []string{"", "ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@+5", "ndcg@05", "ndcg@5@5", "NDCG@5", "fame@5", "auc@", "auc@5", "map"} {
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
