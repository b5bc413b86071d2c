package agent

import (
	"hash/fnv"
	"math"
	"strings"

	"github.com/alignuser/alignuser/harness/page"
)

// Features of a card. All of them stand on the page or follow from it.
const (
	featureCount    = "count"    // log(1 + training interactions)
	featureAffinity = "affinity" // log of the mean similarity with the user's items
	featureMean     = "mean"     // mean value, drawn towards everybody's where few gave one
	featureLift     = "lift"     // how much more of its kind the user had than others
	featureKin      = "kin"      // mean value given to its kind, drawn towards the user's mean
	featureNearest  = "nearest"  // mean value of the most similar items, less the user's mean
	featureRate     = "rate"     // log odds of being watched when shown, in training sessions
	featureSlot     = "slot"     // place on the page
	featurePage     = "page"     // number of the page
	featureRecent   = "recent"   // its kind was watched on the page before
	featureTired    = "tired"    // its kind was watched in the session
	featureActive   = "active"   // log(1 + training interactions of the user)
	featureStrict   = "strict"   // the user's mean value, less everybody's
	featureWords    = "words"    // words of its summary
	featureAversion = "aversion" // log of the mean similarity with what the user skipped
	featureSkipped  = "skipped"  // log(1 + how often it was skipped)
	featureKinRate  = "kin-rate" // log odds of watching a card of its kind when shown
	featureOwnRate  = "own-rate" // log odds of watching a card when shown
)

func everything() []string {
	return []string{
		featureCount, featureAffinity, featureMean, featureLift, featureKin, featureNearest, featureRate,
		featureSlot, featurePage, featureRecent, featureTired, featureActive, featureStrict, featureWords,
		featureAversion, featureSkipped, featureKinRate, featureOwnRate,
	}
}

// wordBins is how many places the words of summaries share.
const wordBins = 32

// damping draws means of few towards a general one.
const damping = 5

// vector appends the features of a card. Undefined ones are 0: no evidence.
func vector(out []float64, v *View, at int, names []string) []float64 {
	c := &v.State.Cards[at]
	for _, name := range names {
		x := 0.0
		switch name {
		case featureCount:
			x = math.Log1p(float64(c.Count))
		case featureAffinity:
			x = math.Log(c.Affinity + 1e-3)
		case featureMean:
			if n := float64(c.Count); !math.IsNaN(c.Mean) {
				x = n * (c.Mean - v.Profile.All) / (n + damping)
			}
		case featureLift:
			x = c.Lift
		case featureKin:
			if n := float64(c.Kin); n > 0 && !math.IsNaN(c.KinMean) {
				x = n * (c.KinMean - v.Profile.Mean) / (n + damping)
			}
		case featureNearest:
			x = near(v, c)
		case featureRate:
			if c.Shown >= 0 {
				const prior, weight = 0.25, 20
				p := (float64(c.Watched) + prior*weight) / (float64(c.Shown) + weight)
				x = math.Log(p / (1 - p))
			}
		case featureSlot:
			x = float64(at)
		case featurePage:
			x = float64(v.State.Page)
		case featureRecent:
			x = c.Recent
		case featureTired:
			x = c.Tired
		case featureActive:
			x = math.Log1p(float64(v.Profile.Items))
		case featureStrict:
			if !math.IsNaN(v.Profile.Mean) {
				x = v.Profile.Mean - v.Profile.All
			}
		case featureAversion:
			x = math.Log(c.Aversion + 1e-3)
		case featureSkipped:
			x = math.Log1p(float64(c.Skipped))
		case featureKinRate:
			if !math.IsNaN(c.KinRate) {
				x = math.Log(c.KinRate / (1 - c.KinRate))
			}
		case featureOwnRate:
			p := (float64(v.Profile.Took) + 1) / (float64(v.Profile.Met) + 4)
			x = math.Log(p / (1 - p))
		case featureWords:
			out = words(out, c.Summary)
			continue
		}
		out = append(out, x)
	}
	return out
}

// near is how well the user liked the most similar items.
func near(v *View, c *page.Card) float64 {
	sum, n := 0.0, 0.0
	for _, s := range c.Similar {
		if !math.IsNaN(s.Value) {
			sum += s.Value - v.Profile.Mean
			n++
		}
	}
	return sum / (n + 1)
}

// words appends wordBins places, each the number of words that fall there.
func words(out []float64, text string) []float64 {
	from := len(out)
	out = append(out, make([]float64, wordBins)...)
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' }) {
		h := fnv.New32a()
		_, _ = h.Write([]byte(w)) // hash.Hash never returns an error
		out[from+int(h.Sum32()%wordBins)]++
	}
	return out
}
