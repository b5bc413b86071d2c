package metric

import "math"

// Visit is one session as the metrics read it.
type Visit struct {
	Pages        []VisitPage // list pages, in the order in which they were first shown
	Limit        int         // pages that the session could have had
	PageSize     int
	Censored     bool    // stopped by the page limit
	Satisfaction float64 // of the interview, 1 to 10; NaN: none
	Looks        int     // decisions asked for
	Invalid      int     // of them, answers that could not be used
	Requests     int64   // to a backend
	Tokens       int64
}

// VisitPage is what a page brought. An item that an earlier page of the session
// showed is not shown again.
type VisitPage struct {
	Items   []int32
	Watched []bool
	Values  []float64 // NaN: not watched, or no value given
}

// tally counts a visit.
type tally struct {
	shown, viewed, liked, valued float64
	sum                          float64 // of values
}

func (v *Visit) tally(pages int, likeAt float64) tally {
	var t tally
	for _, p := range v.Pages[:min(pages, len(v.Pages))] {
		for i := range p.Items {
			t.shown++
			if !p.Watched[i] {
				continue
			}
			t.viewed++
			if x := p.Values[i]; !math.IsNaN(x) {
				t.valued++
				t.sum += x
				if x >= likeAt {
					t.liked++
				}
			}
		}
	}
	return t
}

// VisitMetric is one line of the table of metrics of sessions.
type VisitMetric struct {
	Head
	// User computes one user's value from the user's sessions; NaN: undefined.
	User func(visits []Visit, likeAt float64) float64
	// Over makes the metric a ratio of sums over users: User over Over.
	Over func(visits []Visit, likeAt float64) float64
	// Exit marks what depends on when sessions end, so that a declared exit is to be
	// footnoted.
	Exit bool
	// Values marks what needs values.
	Values bool
}

// Ids that other packages name.
const (
	SimLike = "sim.n-like"
	SimView = "sim.n-view"
)

const noSession = "users without a session are not simulated"

// Visits lists the metrics of sessions (METHOD 6, simulate) in the order in which
// tables print them. P_view, N_like, P_like, N_exit and S_sat of the paper are
// sim.p-view, sim.n-like, sim.p-like, sim.n-exit and sim.s-sat.
func Visits() []VisitMetric {
	all := func(v *Visit) int { return len(v.Pages) }
	mean := func(of func(v *Visit, likeAt float64) float64) func([]Visit, float64) float64 {
		return func(visits []Visit, likeAt float64) float64 {
			sum, n := 0.0, 0.0
			for i := range visits {
				if x := of(&visits[i], likeAt); !math.IsNaN(x) {
					sum, n = sum+x, n+1
				}
			}
			return sum / n // 0/0 is NaN: undefined in every session
		}
	}
	count := func(of func(t tally) float64) func([]Visit, float64) float64 {
		return mean(func(v *Visit, likeAt float64) float64 { return of(v.tally(all(v), likeAt)) })
	}
	total := func(of func(t tally) float64) func([]Visit, float64) float64 {
		return func(visits []Visit, likeAt float64) float64 {
			sum := 0.0
			for i := range visits {
				sum += of(visits[i].tally(all(&visits[i]), likeAt))
			}
			return sum
		}
	}
	line := func(id, unit string, d Direction, empty, doc string) Head {
		return Head{ID: id, Version: 1, Unit: unit, Direction: d, Empty: empty, Doc: doc}
	}
	shown, viewed, liked := func(t tally) float64 { return t.shown }, func(t tally) float64 { return t.viewed }, func(t tally) float64 { return t.liked }
	return []VisitMetric{
		{Head: line(SimLike, "cards", Higher, noSession, "cards watched in a session with a value at or above the data set's like-at"), User: count(liked), Exit: true, Values: true},
		{Head: line(SimView, "cards", Higher, noSession, "cards watched in a session"), User: count(viewed), Exit: true},
		{Head: line("sim.p-view", "share", Higher, "sessions without a card are left out", "cards watched of those shown, in each session, then the mean"), User: count(func(t tally) float64 { return t.viewed / t.shown }), Exit: true},
		{
			Head: line("sim.p-like", "share", Higher, "sessions without a watched card are left out", "cards liked of those watched, in each session, then the mean"),
			User: count(func(t tally) float64 { return t.liked / t.viewed }), Exit: true, Values: true,
		},
		{Head: line("sim.n-exit", "pages", Higher, noSession, "number of the last list page of a session, from 1, the furthest where the user went back; 0 where there was none"), User: mean(func(v *Visit, _ float64) float64 { return float64(len(v.Pages)) }), Exit: true},
		{Head: line("sim.s-sat", "points", Higher, "sessions without an interview are left out", "satisfaction stated in the interview at the end, from 1 to 10"), User: mean(func(v *Visit, _ float64) float64 { return v.Satisfaction }), Exit: true},
		{Head: line("sim.p-view.page1", "share", Higher, "sessions without a card are left out", "cards watched of those shown on the first page, so that short sessions have no advantage"), User: mean(func(v *Visit, l float64) float64 {
			t := v.tally(1, l)
			return t.viewed / t.shown
		})},
		{Head: line("sim.p-view.pooled", "share", Higher, noSession, "cards watched of those shown, over all sessions at once"), User: total(viewed), Over: total(shown), Exit: true},
		{Head: line("sim.p-view.max", "share", Higher, noSession, "cards watched of those that a session of full length shows, as Agent4Rec counts"), User: mean(func(v *Visit, l float64) float64 {
			return v.tally(all(v), l).viewed / float64(v.Limit*v.PageSize)
		}), Exit: true},
		{
			Head: line("sim.p-like0", "share", Higher, noSession, "cards liked of those watched, where a session without a watched card counts 0"),
			User: count(func(t tally) float64 { return t.liked / math.Max(1, t.viewed) }), Exit: true, Values: true,
		},
		{Head: line("sim.value", "value", Higher, "users who gave no value are left out", "mean value given to watched cards"), User: func(visits []Visit, l float64) float64 {
			return total(func(t tally) float64 { return t.sum })(visits, l) / total(func(t tally) float64 { return t.valued })(visits, l)
		}, Values: true},
		{Head: line("sim.censored", "share", 0, noSession, "sessions that the page limit stopped"), User: mean(func(v *Visit, _ float64) float64 { return Share(v.Censored) }), Exit: true},
		{Head: line("sim.empty", "share", Lower, noSession, "sessions in which no card was shown"), User: count(func(t tally) float64 { return Share(t.shown == 0) })},
		{Head: line("sim.invalid", "share", Lower, "sessions without a page are left out", "pages whose answer could not be used; the user then leaves"), User: mean(func(v *Visit, _ float64) float64 { return float64(v.Invalid) / float64(v.Looks) })},
		{Head: line("sim.requests", "requests", Lower, "sessions without a question are left out", "questions put to the backend in a session"), User: mean(func(v *Visit, _ float64) float64 { return asked(v, v.Requests) })},
		{Head: line("sim.tokens", "tokens", Lower, "sessions without a question are left out", "tokens of a session, prompts and answers, as the backend counts them"), User: mean(func(v *Visit, _ float64) float64 { return asked(v, v.Tokens) })},
	}
}

// asked gives what questions cost, of sessions that asked any.
func asked(v *Visit, cost int64) float64 {
	if v.Requests == 0 {
		return math.NaN()
	}
	return float64(cost)
}

// Exposure is one line of the table of metrics of what sessions showed.
type Exposure struct {
	Head
	// List computes a user's value from the items of one session, by the counts and
	// categories of each.
	List func(counts []int32, categories [][]int32, users int) float64
	// Whole computes one value from what all sessions showed.
	Whole      func(lists [][]int32, items int) float64
	NoInterval string
}

// Exposures lists the metrics of what sessions showed.
func Exposures() []Exposure {
	const none = "sessions without a card are left out"
	const why = "no interval: drawing users with replacement repeats lists"
	const whole = math.MaxInt32 // as far as a session went
	return []Exposure{
		{Head: Head{ID: "sim.shown.novelty", Version: 1, Unit: "bits", Direction: 0, Empty: none, Doc: "mean self-information of the cards shown in a session"}, List: func(counts []int32, _ [][]int32, users int) float64 { return Novelty(counts, users, whole) }},
		{Head: Head{ID: "sim.shown.arp", Version: 1, Unit: "users", Direction: 0, Empty: none, Doc: "mean number of training users of the cards shown in a session"}, List: func(counts []int32, _ [][]int32, users int) float64 { return Popularity(counts, users, whole) }},
		{Head: Head{ID: "sim.shown.diversity", Version: 1, Unit: "score", Direction: 0, Empty: none, Doc: "mean dissimilarity by category of the pairs of cards shown in a session"}, List: func(_ []int32, categories [][]int32, _ int) float64 { return Diversity(categories, whole) }},
		{Head: Head{ID: "sim.shown.coverage", Version: 1, Unit: "share", Direction: 0, Empty: "undefined without items", Doc: "share of the catalogue that any session showed"}, Whole: func(lists [][]int32, items int) float64 { return Coverage(lists, items, whole) }, NoInterval: why},
		{Head: Head{ID: "sim.shown.gini", Version: 1, Unit: "index", Direction: 0, Empty: "undefined where nothing is shown", Doc: "how unequally the cards shown are spread over the catalogue"}, Whole: func(lists [][]int32, items int) float64 { return Gini(lists, items, whole) }, NoInterval: why},
	}
}

// visits lists the heads of all metrics of sessions.
func visits() []Head {
	var out []Head
	for _, m := range Visits() {
		out = append(out, m.Head)
	}
	for _, m := range Exposures() {
		out = append(out, m.Head)
	}
	return out
}
