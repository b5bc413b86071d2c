package llm

import (
	"slices"
	"strconv"
)

// Chance gives the probability that the backend gave to a word at a path of the answer;
// ok is false where it did not say.
func (a Answer) Chance(path, word string) (p float64, ok bool) {
	for _, c := range a.Choices {
		if at := slices.Index(c.Values, word); c.Path == path && at >= 0 && at < len(c.Probabilities) {
			return float64(c.Probabilities[at]), true
		}
	}
	return 0, false
}

// Expected gives Σ value·p(value) of a number at a path of the answer; ok is false
// where the backend gave no probabilities, or the words there are no numbers.
func (a Answer) Expected(path string) (mean float64, ok bool) {
	for _, c := range a.Choices {
		if c.Path != path || len(c.Values) != len(c.Probabilities) {
			continue
		}
		for i, word := range c.Values {
			v, err := strconv.ParseFloat(word, 64)
			if err != nil {
				return 0, false
			}
			mean += v * float64(c.Probabilities[i])
		}
		return mean, true
	}
	return 0, false
}
