package metric_test

import (
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		id        string
		ok        bool
		direction metric.Direction
	}{
		{"ndcg@10", true, metric.Higher},
		{"tie.share", true, 0},
		{"tie.share@10", false, 0},
		{"ndcg@0", false, 0},
		{"auc", true, metric.Higher},
		{"auc@10", false, 0},
		{"arp@10", true, metric.Lower},
		{"fame", false, 0},
	} {
		h, ok := metric.Describe(c.id)
		if ok != c.ok || h.Direction != c.direction || (ok && (h.ID != c.id || h.Version < 1 || h.Doc == "")) {
			t.Errorf("%s: %+v, %v", c.id, h, ok)
		}
	}
}
