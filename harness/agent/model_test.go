package agent

import (
	"iter"
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

var stars = page.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2}

// crowd yields pages of people who watch with σ(−1 + 1.5·lift), value 3 + lift + noise of
// deviation 0.5, and leave with σ(−1 + 0.5·page), whatever they watched.
func crowd(pages int) iter.Seq[Example] {
	return func(yield func(Example) bool) {
		for n := range pages {
			seed := sdk.Mix(9, uint64(n))
			e := Example{View: View{Profile: Profile{Items: n % 7, Mean: 3.5, All: 3.5}, State: page.State{Page: n % 4, Scale: stars}}, Decision: trace.Decision{Action: trace.Next}}
			for i := range 4 {
				lift := normal(seed, 1, uint64(i))
				e.View.State.Cards = append(e.View.State.Cards, page.Card{Count: 5, Mean: math.NaN(), KinMean: math.NaN(), Shown: -1, Lift: lift})
				c := trace.Choice{Watch: unit(seed, 2, uint64(i)) < sigmoid(-1+1.5*lift)}
				if c.Watch {
					v := Nearest(stars.Values(), 3+lift+0.5*normal(seed, 3, uint64(i)))
					c.Value = &v
				}
				e.Decision.Cards = append(e.Decision.Cards, c)
			}
			if unit(seed, 4) < sigmoid(-1+0.5*float64(n%4)) {
				e.Decision.Action = trace.Exit
			}
			if !yield(e) {
				return
			}
		}
	}
}

// TestFitRecovers: from 20,000 cards the weights come back within 10 %, and the share
// of leaving by page within 0.02.
func TestFitRecovers(t *testing.T) {
	m, err := Fit(t.Context(), crowd(5000), []string{featureLift}, Prior{})
	if err != nil {
		t.Fatal(err)
	}
	slope := m.watch[1] / m.spread[1]
	constant := m.watch[0] - m.watch[1]*m.center[1]/m.spread[1]
	if math.Abs(slope-1.5) > 0.15 || math.Abs(constant+1) > 0.1 {
		t.Errorf("watching: σ(%.3f + %.3f·lift), want σ(−1 + 1.5·lift)", constant, slope)
	}
	if v := m.value[1] / m.spread[1]; math.Abs(v-1) > 0.15 {
		t.Errorf("value grows by %.3f with lift, want 1 less what rounding and the ends of the scale take", v)
	}
	for number := range 4 {
		v := View{Profile: Profile{Items: 3, Mean: 3.5, All: 3.5}, State: page.State{Page: number, Scale: stars, Cards: make([]page.Card, 4)}}
		got := sigmoid(dot(m.leave, departure(&v, &trace.Decision{Cards: make([]trace.Choice, 4)})))
		if want := sigmoid(-1 + 0.5*float64(number)); math.Abs(got-want) > 0.04 {
			t.Errorf("leaves after page %d with %.3f, want %.3f", number, got, want)
		}
	}
	if m.Leaves() != ExitSessions || m.Pages != 5000 {
		t.Errorf("leaving from %s, %d pages", m.Leaves(), m.Pages)
	}
}

func TestFitNeedsPages(t *testing.T) {
	if _, err := Fit(t.Context(), crowd(0), []string{featureLift}, Prior{}); err == nil {
		t.Error("nothing was learned from nothing")
	}
}

// A mean of 3 with deviation 1, cut at 1.5, 2.5, 3.5 and 4.5, is symmetric: 3. One far
// above the scale is its upper end.
func TestExpected(t *testing.T) {
	f := fitted{&Model{noise: 1}}
	if got := f.expected(stars.Values(), 3); math.Abs(got-3) > 1e-12 {
		t.Errorf("%v", got)
	}
	if got := f.expected(stars.Values(), 30); math.Abs(got-5) > 1e-9 {
		t.Errorf("%v", got)
	}
	// P(value = 1) is Φ(−1.5), of 2 Φ(−0.5) − Φ(−1.5), and so on.
	phi := func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
	want := 5.0
	for _, cut := range []float64{1.5, 2.5, 3.5, 4.5} {
		want -= phi(cut - 2)
	}
	if got := f.expected(stars.Values(), 2); math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestNearest(t *testing.T) {
	for x, want := range map[float64]float64{-9: 1, 1.4: 1, 1.5: 2, 4.49: 4, 4.5: 5, 99: 5} {
		if got := Nearest(stars.Values(), x); got != want {
			t.Errorf("%v becomes %v, want %v", x, got, want)
		}
	}
	if got := Nearest(stars.Values(), math.NaN()); got != 3 {
		t.Errorf("NaN becomes %v", got)
	}
}

// The user's mean is 4, everybody's 3.5, the item's 3: 4 + 3 − 3.5 = 3.5, which rounds up.
func TestBias(t *testing.T) {
	v := &View{Profile: Profile{Mean: 4, All: 3.5}}
	if got := bias(v, &page.Card{Mean: 3}); got != 3.5 {
		t.Errorf("%v", got)
	}
	if got := bias(v, &page.Card{Mean: math.NaN()}); got != 4 {
		t.Errorf("an item without values: %v", got)
	}
}

// A hazard of two pages holds for all later ones.
func TestLeaving(t *testing.T) {
	l := Leaving{Hazard: []float64{0.1, 0.4}}
	for number, want := range []float64{0.1, 0.4, 0.4} {
		if got := l.after(number); got != want {
			t.Errorf("page %d: %v", number, got)
		}
	}
	if (Leaving{}).after(3) != 0 {
		t.Error("leaves without a reason")
	}
}
