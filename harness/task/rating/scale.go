package rating

import (
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// maxLevels is the finest scale whose values are told apart as answers.
const maxLevels = 10_000

// levelsOf counts the steps of a scale, both ends included; 0: it has none that
// could be counted.
func levelsOf(s sdk.Scale) int {
	n := math.Round((s.Max-s.Min)/s.Step) + 1
	if !(s.Step > 0 && n >= 1 && n <= maxLevels) {
		return 0
	}
	return int(n)
}

// levelOf gives the step nearest to a value, halves up, from 0 at the scale's
// least value. What lies beyond an end belongs to the end.
func levelOf(s sdk.Scale, v float64) int {
	top := float64(levelsOf(s) - 1)
	return int(min(max(math.Floor((v-s.Min)/s.Step+0.5), 0), top))
}

// answer gives the value on the scale that a prediction stands for.
func answer(s sdk.Scale, v float64) float64 {
	if levelsOf(s) == 0 {
		return min(max(v, s.Min), s.Max)
	}
	return min(s.Min+float64(float64(levelOf(s, v))*s.Step), s.Max) // rounded twice on every processor
}
