package metric

import "testing"

func TestFeelingAgrees(t *testing.T) {
	for _, c := range []struct {
		satisfaction         int
		leaves, agrees, says bool
	}{
		{5, false, true, true},
		{4, false, true, true},
		{4, true, false, true},
		{3, true, false, false},
		{3, false, false, false},
		{2, true, true, true},
		{1, true, true, true},
		{1, false, false, true},
	} {
		if agrees, says := FeelingAgrees(c.satisfaction, c.leaves); agrees != c.agrees || says != c.says {
			t.Errorf("%d, leaves %v: %v, %v", c.satisfaction, c.leaves, agrees, says)
		}
	}
}
