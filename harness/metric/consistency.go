package metric

// Ids of what the task consistency reports.
const (
	ConsistencySelf    = "consistency.self"
	ConsistencyKappa   = "consistency.kappa"
	AcceptGood         = "coherence.accept-good"
	AcceptBad          = "coherence.accept-bad"
	ThoughtAction      = "consistency.thought-action"
	ConsistencyInvalid = "consistency.invalid"
)

// Feelings, from 1 to 5, that go with an action: content people stay and those who are
// not leave.
const (
	discontent = 2
	content    = 4
)

// FeelingAgrees reports whether a stated satisfaction from 1 to 5 goes with leaving or
// staying: 4 and 5 with staying, 1 and 2 with leaving. 3 goes with either, and says
// nothing.
func FeelingAgrees(satisfaction int, leaves bool) (agrees, says bool) {
	switch {
	case satisfaction >= content:
		return !leaves, true
	case satisfaction <= discontent:
		return leaves, true
	}
	return false, false
}

// Consistencies lists the heads of task consistency.
func Consistencies() []Head {
	line := func(id, unit string, d Direction, empty, doc string) Head {
		return Head{ID: id, Version: 1, Unit: unit, Direction: d, Empty: empty, Doc: doc}
	}
	return []Head{
		line(ConsistencySelf, "share", Higher, "users without two usable answers about a page are left out and counted", "share of cards decided alike when the same page is asked about twice, with other seeds"),
		line(ConsistencyKappa, "κ", Higher, "undefined where everything is watched, or nothing", "Cohen's κ of the two askings: how far they agree beyond what their shares of watching give by chance"),
		line(AcceptGood, "share", Higher, "users who liked nothing held out are left out and counted", "share of cards watched on a page of items that the user liked later"),
		line(AcceptBad, "share", Lower, "users to whom no item is foreign are left out and counted", "share of cards watched on a page of items of kinds that the user never had"),
		line(ThoughtAction, "share", Higher, "undefined for agents that state no satisfaction", "share of answers whose stated satisfaction goes with the action: 4 and 5 with staying, 1 and 2 with leaving"),
		line(ConsistencyInvalid, "share", Lower, "users without a page are not asked about", "share of answers that could not be used"),
	}
}
