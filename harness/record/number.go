package record

import (
	"fmt"
	"math"
	"strconv"
)

// formatFloat gives the shortest decimal that reads back the same; -0 is 0.
func formatFloat(v float64) string {
	if v == 0 {
		v = 0
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// parseFloat reads what formatFloat wrote, and nothing else.
func parseFloat(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || formatFloat(v) != s || !finite(v) {
		return 0, fmt.Errorf("want a finite number in its shortest form, have %q", s)
	}
	return v, nil
}

// parseInt reads a whole number of at least low, without sign or zeros in front.
func parseInt(s string, low int) (int, error) {
	v, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(v) != s || v < low {
		return 0, fmt.Errorf("want a whole number of at least %d, have %q", low, s)
	}
	return v, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
