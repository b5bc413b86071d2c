package metric

import (
	"math"
	"strings"
)

// Ids of what the task reading reports. Accuracy has parts, one per kind of
// question: reading.accuracy.category.
const (
	ReadingAccuracy = "reading.accuracy"
	ReadingValid    = "reading.valid"
	ReadingFirstTry = "reading.first-try"
	ReadingLogLoss  = "reading.log-loss"
	ReadingTokens   = "reading.tokens"
)

// leastProbability keeps the logarithm of a probability of 0 finite.
const leastProbability = 1e-9

// Share is 1 of what holds and 0 of what does not, so that the mean is a share.
func Share(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// LogLoss is −ln p in nats, where p is the probability that was given to what
// was true; p below 1e-9 counts as 1e-9 (Good 1952, Rational Decisions).
func LogLoss(p float64) float64 { return -math.Log(max(p, leastProbability)) }

// reading lists the heads of the task's numbers.
func reading() []Head {
	return []Head{
		{
			ID: ReadingAccuracy, Version: 1, Unit: "share", Direction: Higher,
			Doc: "share of questions answered with what stands on the page; an answer in no valid form is wrong",
		},
		{
			ID: ReadingValid, Version: 1, Unit: "share", Direction: Higher,
			Doc: "share of questions that got an answer in the form asked for, retries included",
		},
		{
			ID: ReadingFirstTry, Version: 1, Unit: "share", Direction: Higher,
			Doc: "share of questions whose first answer had the form asked for",
		},
		{
			ID: ReadingLogLoss, Version: 1, Unit: "nats", Direction: Lower,
			Doc: "mean of minus the logarithm of the probability that the backend gave to the truth",
		},
		{
			ID: ReadingTokens, Version: 1, Unit: "tokens", Direction: Lower,
			Doc: "tokens of prompts and answers that one question took, retries included, as the backend counts them",
		},
	}
}

// readingPart describes the accuracy of one kind of question.
func readingPart(id string) (Head, bool) {
	kind, ok := strings.CutPrefix(id, ReadingAccuracy+".")
	if !ok || kind == "" {
		return Head{}, false
	}
	return Head{ID: id, Version: 1, Unit: "share", Direction: Higher, Doc: "the accuracy of the questions " + kind}, true
}
