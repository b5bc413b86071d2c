package metric

import "math"

// Ids of what the task action reports.
const (
	ActionCard        = "action.acc.card"
	ActionPage        = "action.acc.page"
	ActionSession     = "action.acc.session"
	ActionExit        = "action.acc.exit"
	ActionLogLoss     = "action.log-loss"
	ActionLogLossExit = "action.log-loss.exit"
	ActionSkill       = "action.skill"
	ActionSkillPage   = "action.skill.page"
	ActionCalibration = "action.calibration"
	ActionInvalid     = "action.invalid"
)

// Actions lists the heads of task action, the primary first.
func Actions() []Head {
	const (
		always  = "defined for every user with a held-out session"
		stated  = "undefined where the agent states no probability"
		planted = "left out where people are not planted; undefined where the planted probabilities foresee no more than what is most usual"
	)
	line := func(id, unit string, d Direction, empty, doc string) Head {
		return Head{ID: id, Version: 1, Unit: unit, Direction: d, Doc: doc, Empty: empty}
	}
	return []Head{
		line(ActionCard, "share", Higher, always, "cards of people's pages of which the agent foresees whether the person watched them"),
		line(ActionPage, "share", Higher, always, "pages of which it foresees all that the person watched, and whether it left"),
		line(ActionSession, "share", Higher, always, "the same of the pages of a session, the mean over the sessions of a person"),
		line(ActionExit, "share", Higher, always, "pages after which it foresees whether the person left"),
		line(ActionLogLoss, "nats", Lower, stated, "mean of minus the logarithm of the probability that the agent gave to what became of a card"),
		line(ActionLogLossExit, "nats", Lower, stated, "mean of minus the logarithm of the probability that the agent gave to what the person did after a page"),
		line(ActionSkill, "share", Higher, planted, "cards foreseen beyond the majority, as a share of what the planted probabilities foresee beyond it"),
		line(ActionSkillPage, "share", Higher, planted, "the same of whole pages"),
		line(ActionCalibration, "share", Lower, stated, "mean distance between the probability of watching that the agent states and the share that is watched, over ten bins of it"),
		line(ActionInvalid, "share", Lower, always, "pages of which an answer could not be used"),
	}
}

// calibrationBins are of equal width, over [0, 1].
const calibrationBins = 10

// CalibrationError is the expected calibration error: what is predicted falls by its
// probability into ten bins of equal width, [0, 0.1), … [0.9, 1], and
//
//	Σ over bins of n_b/n · |mean probability in b − share that happened in b|
//
// (Naeini, Cooper and Hauskrecht, AAAI 2015). It lies in [0, 1]; NaN where there is
// nothing. It panics where the lists differ in length.
func CalibrationError(p []float64, happened []bool) float64 {
	if len(p) != len(happened) {
		panic("metric: lists of different lengths")
	}
	var apart [calibrationBins]float64 // Σ p − how many happened
	for i, v := range p {
		apart[min(int(v*calibrationBins), calibrationBins-1)] += v - Share(happened[i])
	}
	sum := 0.0
	for _, v := range apart {
		sum += math.Abs(v)
	}
	return sum / float64(len(p)) // 0/0 is NaN
}
