package metric_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/harness/metric"
)

// failer is what both kinds of tests can do.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// people reads sessions of users from words: - is a card that was skipped, w one
// that was watched without a value, a number one that was watched and given it. /
// turns the page, | begins the next session, || the next user; name=number is a fact
// of the session, or like-at.
func people(t failer, words string) (users [][]metric.Visit, likeAt float64) {
	t.Helper()
	likeAt = math.NaN()
	for user := range strings.SplitSeq(words, "||") {
		var visits []metric.Visit
		for session := range strings.SplitSeq(user, "|") {
			v := metric.Visit{Satisfaction: math.NaN()}
			facts := map[string]float64{"looks": -1}
			for i, page := range strings.Split(session, "/") {
				p := metric.VisitPage{}
				for word := range strings.FieldsSeq(page) {
					name, number, isFact := strings.Cut(word, "=")
					value := math.NaN()
					if isFact {
						facts[name] = parsed(t, number)
						continue
					}
					if word != "-" && word != "w" {
						value = parsed(t, word)
					}
					p.Items = append(p.Items, int32(100*i+len(p.Items)))
					p.Watched, p.Values = append(p.Watched, word != "-"), append(p.Values, value)
				}
				if len(p.Items) > 0 {
					v.Pages = append(v.Pages, p)
				}
			}
			if x, ok := facts["like-at"]; ok {
				likeAt = x
			}
			if x, ok := facts["satisfaction"]; ok {
				v.Satisfaction = x
			}
			v.Looks = int(facts["looks"])
			if v.Looks < 0 {
				v.Looks = len(v.Pages)
			}
			v.Limit, v.PageSize, v.Censored = int(facts["limit"]), int(facts["page-size"]), facts["censored"] == 1
			v.Invalid, v.Requests, v.Tokens = int(facts["invalid"]), int64(facts["requests"]), int64(facts["tokens"])
			visits = append(visits, v)
		}
		users = append(users, visits)
	}
	return users, likeAt
}

func parsed(t failer, word string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(word, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// ofSessions computes a metric of several users as tables do.
func ofSessions(m metric.VisitMetric, users [][]metric.Visit, likeAt float64) float64 {
	var sum, n float64
	for _, visits := range users {
		v := m.User(visits, likeAt)
		switch {
		case m.Over != nil:
			sum, n = sum+v, n+m.Over(visits, likeAt)
		case !math.IsNaN(v):
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}

func visitMetric(t failer, id string) metric.VisitMetric {
	t.Helper()
	for _, m := range metric.Visits() {
		if m.ID == id {
			return m
		}
	}
	t.Fatalf("no metric %s", id)
	return metric.VisitMetric{}
}

func same(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-12
}

// TestVisitsByHand. User A has two sessions: of eight cards four were watched, 5 and
// 4 were liked, values sum to 12; of four cards none was watched. User B watched one
// of two cards and liked it. User C was shown nothing.
func TestVisitsByHand(t *testing.T) {
	users, likeAt := people(t, `like-at=4 limit=5 page-size=4 5 3 4 - / w - - - satisfaction=8 censored=1 looks=4 invalid=1 requests=6 tokens=600
		| limit=5 page-size=4 - - - - requests=4 tokens=400
		|| limit=5 page-size=4 5 - satisfaction=3 censored=1 requests=3 tokens=300
		|| limit=5 page-size=4`)
	for id, want := range map[string]float64{
		"sim.n-like":        2.0 / 3,            // A (2+0)/2, B 1, C 0
		"sim.n-view":        1,                  // A (4+0)/2, B 1, C 0
		"sim.p-view":        (0.25 + 0.5) / 2,   // A (4/8+0/4)/2, B 1/2
		"sim.p-like":        (0.5 + 1) / 2,      // A 2/4, its other session watched nothing; B 1/1
		"sim.n-exit":        2.5 / 3,            // A (2+1)/2, B 1, C 0
		"sim.s-sat":         (8 + 3) / 2.0,      // A 8, the other was not interviewed; B 3
		"sim.p-view.page1":  (0.375 + 0.5) / 2,  // A (3/4+0/4)/2, B 1/2
		"sim.p-view.pooled": 5.0 / 14,           // 4+0+1 of 8+4+2
		"sim.p-view.max":    (0.1 + 0.05) / 3,   // of 5·4 cards: A (4/20+0)/2, B 1/20, C 0
		"sim.p-like0":       (0.25 + 1) / 3,     // A (2/4+0)/2, B 1, C 0
		"sim.value":         (4 + 5) / 2.0,      // A 12/3, B 5
		"sim.censored":      (0.5 + 1) / 3,      // A 1 of 2, B 1, C 0
		"sim.empty":         1.0 / 3,            // C
		"sim.invalid":       (0.25/2 + 0.0) / 2, // A (1/4+0/1)/2, B 0/1
		"sim.requests":      (5 + 3) / 2.0,      // A (6+4)/2, B 3; C was asked nothing
		"sim.tokens":        (500 + 300) / 2.0,  // A (600+400)/2, B 300
	} {
		if got := ofSessions(visitMetric(t, id), users, likeAt); !same(got, want) {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}

// TestVisitWithoutCards: a page that the recommender left empty shows no card.
func TestVisitWithoutCards(t *testing.T) {
	visits := []metric.Visit{{Pages: []metric.VisitPage{{}}, Looks: 1, Limit: 5, PageSize: 4, Satisfaction: math.NaN()}}
	want := map[string]float64{"sim.n-exit": 1, "sim.empty": 1}
	undefined := []string{"sim.p-view", "sim.p-like", "sim.s-sat", "sim.p-view.page1", "sim.value", "sim.requests", "sim.tokens"}
	for _, m := range metric.Visits() {
		w := want[m.ID]
		if slices.Contains(undefined, m.ID) {
			w = math.NaN()
		}
		if got := m.User(visits, 4); !same(got, w) {
			t.Errorf("%s: %v, want %v", m.ID, got, w)
		}
	}
}

// TestVisitTable: ids are unique and described, the primary metric comes first, and
// only what says nothing of merit has no better way.
func TestVisitTable(t *testing.T) {
	var heads []metric.Head
	for _, m := range metric.Visits() {
		heads = append(heads, m.Head)
		if m.User == nil || (m.Direction == 0) != (m.ID == "sim.censored") {
			t.Errorf("%s: %v is better", m.ID, m.Direction)
		}
	}
	if heads[0].ID != metric.SimLike || heads[1].ID != metric.SimView {
		t.Errorf("%s comes first, then %s", heads[0].ID, heads[1].ID)
	}
	for _, m := range metric.Exposures() {
		heads = append(heads, m.Head)
		if m.Direction != 0 || (m.List == nil) == (m.Whole == nil) || (m.Whole == nil) != (m.NoInterval == "") {
			t.Errorf("%s: %v is better, no interval because of %q", m.ID, m.Direction, m.NoInterval)
		}
	}
	seen := map[string]bool{}
	for _, h := range heads {
		if got, ok := metric.Describe(h.ID); !ok || got != h || seen[h.ID] {
			t.Errorf("%s is described as %+v", h.ID, got)
		}
		seen[h.ID] = true
		if h.Version != 1 || h.Unit == "" || h.Doc == "" || h.Empty == "" {
			t.Errorf("%s: a column is empty: %+v", h.ID, h)
		}
	}
}

// TestExposuresByHand: cards that 7 and 0 of 7 users have, of categories 1 and 0:
// log2(8/8) and log2(8/1) bits, 3.5 users, one pair that shares nothing.
func TestExposuresByHand(t *testing.T) {
	lists := [][]int32{{0, 1}, {0, 2}, {0, 3}}
	want := map[string]float64{
		"sim.shown.novelty": 1.5, "sim.shown.arp": 3.5, "sim.shown.diversity": 1,
		"sim.shown.coverage": 4.0 / 5,
		"sim.shown.gini":     (-4*0 - 2*1 + 0*1 + 2*1 + 4*3) / (4.0 * 6), // exposures 0, 1, 1, 1, 3
	}
	for _, m := range metric.Exposures() {
		var got, none float64
		if m.Whole != nil {
			got, none = m.Whole(lists, 5), m.Whole(nil, 0)
		} else {
			got, none = m.List([]int32{7, 0}, [][]int32{{1}, {0}}, 7), m.List(nil, nil, 7)
		}
		if !same(got, want[m.ID]) {
			t.Errorf("%s: %v, want %v", m.ID, got, want[m.ID])
		}
		if !math.IsNaN(none) {
			t.Errorf("%s of nothing: %v", m.ID, none)
		}
	}
}

// drawVisits draws a user's sessions.
func drawVisits(t *rapid.T) []metric.Visit {
	word := rapid.SampledFrom([]string{"-", "-", "w", "1", "3", "4", "5", "/", "|"})
	words := rapid.SliceOfN(word, 0, 40).Draw(t, "sessions")
	users, _ := people(t, strings.Join(words, " "))
	for i := range users[0] {
		users[0][i].Limit, users[0][i].PageSize = 40, 40
	}
	return users[0]
}

// TestVisitProperties: ranges, the order of sessions, what is below what, and what
// depends on values.
func TestVisitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		visits := drawVisits(t)
		mixed := rapid.Permutation(visits).Draw(t, "order")
		got := map[string]float64{}
		silent := slices.Clone(visits)
		for i := range silent {
			silent[i].Pages = slices.Clone(silent[i].Pages)
			for j, p := range silent[i].Pages {
				silent[i].Pages[j].Values = slices.Repeat([]float64{math.NaN()}, len(p.Items))
			}
		}
		for _, m := range metric.Visits() {
			v := m.User(visits, 4)
			got[m.ID] = v
			if v < 0 || m.Unit == "share" && m.Over == nil && v > 1 {
				t.Fatalf("%s: %v", m.ID, v)
			}
			if w := m.User(mixed, 4); !same(v, w) {
				t.Fatalf("%s: sessions in another order: %v, %v", m.ID, v, w)
			}
			if w := m.User(append(slices.Clone(visits), visits...), 4); m.Over == nil && !same(v, w) {
				t.Fatalf("%s: every session twice: %v, %v", m.ID, v, w)
			}
			if w := m.User(silent, 4); !m.Values && !same(v, w) {
				t.Fatalf("%s needs values and does not say so: %v, %v", m.ID, v, w)
			}
		}
		pooled := visitMetric(t, "sim.p-view.pooled")
		n := float64(len(visits))
		if !same(got["sim.p-view.pooled"], got[metric.SimView]*n) || pooled.Over(visits, 4) < got["sim.p-view.pooled"] {
			t.Fatal("the pooled share counts other cards")
		}
		if got[metric.SimLike] > got[metric.SimView] || visitMetric(t, metric.SimLike).User(visits, 4.5) > got[metric.SimLike] {
			t.Fatal("more is liked than watched, or than by a lower bar")
		}
		if got["sim.p-like0"] > got["sim.p-like"]+1e-12 {
			t.Fatal("counting sessions as 0 raises a mean")
		}
	})
}

// TestVisitOfAnotherPage: whoever looks at one more page of cards that nobody wants
// watches and likes no more, and a smaller share; the first page stays what it was.
func TestVisitOfAnotherPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		visits := drawVisits(t)
		longer := slices.Clone(visits)
		at := rapid.IntRange(0, len(visits)-1).Draw(t, "session")
		if len(visits[at].Pages) == 0 {
			t.Skip("an empty session")
		}
		nothing := metric.VisitPage{Items: []int32{900, 901}, Watched: make([]bool, 2), Values: []float64{math.NaN(), math.NaN()}}
		longer[at].Pages = append(slices.Clone(visits[at].Pages), nothing)
		for _, m := range metric.Visits() {
			before, after := m.User(visits, 4), m.User(longer, 4)
			changes := m.ID == "sim.n-exit"
			switch {
			case m.ID == "sim.p-view" && after > before || changes && after <= before:
				t.Fatalf("%s: %v became %v", m.ID, before, after)
			case m.ID != "sim.p-view" && m.ID != "sim.invalid" && !changes && !same(before, after):
				t.Fatalf("%s: %v became %v", m.ID, before, after)
			}
		}
	})
}

// ExampleVisits counts liked cards: two of the three that were watched.
func ExampleVisits() {
	visit := metric.Visit{Pages: []metric.VisitPage{{
		Items: []int32{7, 3, 9, 1}, Watched: []bool{true, true, false, true}, Values: []float64{5, 2, math.NaN(), 4},
	}}}
	first := metric.Visits()[0]
	fmt.Println(first.ID, first.User([]metric.Visit{visit}, 4))
	// Output: sim.n-like 2
}
