package metric_test

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

// Bins [0.1, 0.2): 0.12 and 0.18, one of which happened, |0.3 − 1| = 0.7; [0.9, 1]: 0.95
// and 1, both happened, |1.95 − 2| = 0.05. In four: 0.1875. Distances inside one bin cancel,
// those of two do not: 0.2 that happened and 0.8 that did not are 0.8 off each.
func TestCalibrationError(t *testing.T) {
	for _, c := range []struct {
		p        []float64
		happened []bool
		want     float64
	}{
		{[]float64{0.12, 0.18, 0.95, 1}, []bool{true, false, true, true}, 0.1875},
		{[]float64{0.25, 0.25, 0.25, 0.25}, []bool{false, true, false, false}, 0},
		{[]float64{0.2, 0.8}, []bool{true, false}, 0.8},
		{[]float64{0.05, 0.15}, []bool{true, false}, 0.55}, // (0.95 + 0.15) / 2
		{[]float64{0}, []bool{false}, 0},
		{nil, nil, math.NaN()},
	} {
		if got := metric.CalibrationError(c.p, c.happened); math.Abs(got-c.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%v: %v, want %v", c.p, got, c.want)
		}
	}
}
