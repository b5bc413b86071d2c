package metric

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Ids of what the task preference reports. All but PrefInvalid are of one ratio of
// negatives to positives, which stands behind them: pref.accuracy.1to3.
const (
	PrefAccuracy      = "pref.accuracy"
	PrefPrecision     = "pref.precision"
	PrefRecall        = "pref.recall"
	PrefF1            = "pref.f1"
	PrefAUC           = "pref.auc"
	PrefBalanced      = "pref.balanced-accuracy"
	PrefLogLoss       = "pref.log-loss"
	PrefEmpty         = "pref.empty"
	PrefCold          = "pref.accuracy.cold"
	PrefBestThreshold = "pref.best-threshold"
	PrefInvalid       = "pref.invalid"
)

// PreferenceID names a metric at a ratio: pref.accuracy, 3 gives pref.accuracy.1to3.
func PreferenceID(name string, negatives int) string {
	return name + ratioPart + strconv.Itoa(negatives)
}

const ratioPart = ".1to"

// BestThreshold is the threshold t for which watching what has a probability above t
// has the highest [F1]; of equal ones the highest. It lies half-way between
// two probabilities that occur, or half-way from the least to 0. NaN where there is no
// positive with a probability above 0. Panics where the lists differ in length.
func BestThreshold(p []float64, positive []bool) float64 {
	if len(p) != len(positive) {
		panic(fmt.Sprintf("metric: %d probabilities of %d items", len(p), len(positive)))
	}
	order, all := make([]int, len(p)), 0
	for i := range order {
		order[i] = i
		if positive[i] {
			all++
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case p[a] > p[b]:
			return -1
		case p[a] < p[b]:
			return 1
		}
		return 0
	})
	best, threshold := 0.0, math.NaN()
	found, watched := 0, 0
	for at, i := range order {
		if p[i] <= 0 {
			break // no threshold watches it
		}
		watched++
		if positive[i] {
			found++
		}
		next := 0.0
		if at+1 < len(order) {
			next = p[order[at+1]]
		}
		if f := 2 * float64(found) / float64(all+watched); next < p[i] && f > best {
			best, threshold = f, (p[i]+next)/2
		}
	}
	return threshold
}

// Preferences lists the heads of task preference in the order in which tables print
// them, without a ratio.
func Preferences() []Head {
	const (
		always    = "users with too few held-out positives are not asked"
		noP       = "undefined for an agent that states no probability"
		ofWatched = ", for each draw of items, then the mean over a user's draws"
	)
	return []Head{
		{ID: PrefAccuracy, Version: 1, Unit: "share", Direction: Higher, Empty: always, Doc: "share of items decided right: positives watched and negatives skipped" + ofWatched},
		{ID: PrefF1, Version: 1, Unit: "share", Direction: Higher, Empty: always + "; 0 where nothing is watched", Doc: "harmonic mean of precision and recall" + ofWatched},
		{ID: PrefPrecision, Version: 1, Unit: "share", Direction: Higher, Empty: always + "; 0 where nothing is watched", Doc: "share of positives among the items watched" + ofWatched},
		{ID: PrefRecall, Version: 1, Unit: "share", Direction: Higher, Empty: always, Doc: "share of the positives that are watched" + ofWatched},
		{ID: PrefAUC, Version: 1, Unit: "probability", Direction: Higher, Empty: always, Doc: "chance that a positive has a higher probability of being watched than a negative, equal ones counting half" + ofWatched},
		{ID: PrefBalanced, Version: 1, Unit: "share", Direction: Higher, Empty: always, Doc: "mean of the shares of positives watched and of negatives skipped" + ofWatched},
		{ID: PrefLogLoss, Version: 1, Unit: "nats", Direction: Lower, Empty: noP, Doc: "mean of minus the logarithm of the probability that the agent gave to what was true"},
		{ID: PrefEmpty, Version: 1, Unit: "share", Empty: always, Doc: "share of draws in which nothing is watched, whose precision counts as 0"},
		{ID: PrefCold, Version: 1, Unit: "share", Direction: Higher, Empty: "users without such an item are left out and counted", Doc: "the accuracy of the items that nobody has in training"},
		{ID: PrefBestThreshold, Version: 1, Unit: "probability", Empty: noP, Doc: "the threshold at which this very table would have the highest F1 of all items together: to be declared for another part, and no result"},
	}
}

// preference describes a metric of task preference, with its ratio.
func preference(id string) (Head, bool) {
	if id == PrefInvalid {
		return Head{
			ID: id, Version: 1, Unit: "share", Direction: Lower, Empty: "users with too few held-out positives are not asked",
			Doc: "share of items on pages whose answer could not be used: nothing is watched there",
		}, true
	}
	name, ratio, ok := strings.Cut(id, ratioPart)
	at := slices.IndexFunc(Preferences(), func(h Head) bool { return h.ID == name })
	n, err := strconv.Atoi(ratio)
	if !ok || at < 0 || err != nil || n < 1 || PreferenceID(name, n) != id {
		return Head{}, false
	}
	h := Preferences()[at]
	h.ID = id
	h.Doc += fmt.Sprintf("; %d negatives for each positive", n)
	return h, true
}
