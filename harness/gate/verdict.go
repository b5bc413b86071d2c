package gate

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/alignuser/alignuser/harness/record"
)

// Verdict is how a gate ends.
type Verdict int

// Verdicts, from best to worst. What is incomparable or invalid was not judged.
const (
	Pass Verdict = iota
	Inconclusive
	Regression
	Incomparable
	Invalid
)

// String gives the word used in reports.
func (v Verdict) String() string {
	return [...]string{"pass", "inconclusive", "regression", "incomparable", "invalid"}[v]
}

// ExitStatus gives what a program ends with: 0 pass, 3 regression, 4
// inconclusive, 5 incomparable, 6 invalid.
func (v Verdict) ExitStatus() int { return [...]int{0, 4, 3, 5, 6}[v] }

// MarshalText makes verdicts words in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Check is one metric of one arm, for all users or one group of them. Differences
// are new minus old in the metric's own unit; the bounds are one-sided, each
// wrong with probability alpha.
type Check struct {
	Task        string  `json:"task"`
	Recommender string  `json:"recommender,omitempty"`
	Agent       string  `json:"agent,omitempty"`
	Metric      string  `json:"metric"`
	Segment     string  `json:"segment,omitempty"`
	Group       string  `json:"group,omitempty"`
	N           int     `json:"n"` // users with a value in both
	LeftOut     int     `json:"left_out"`
	Old         float64 `json:"old"`
	New         float64 `json:"new"`
	Difference  float64 `json:"difference"`
	Lo          float64 `json:"lo"`
	Hi          float64 `json:"hi"`
	Margin      float64 `json:"margin"`      // the loss that is allowed, at least 0
	MarginText  string  `json:"margin_text"` // as written
	P           float64 `json:"p"`           // of a loss within the margin, after Holm over all checks
	Within      float64 `json:"p_within"`    // of a loss of the margin or more
	Verdict     Verdict `json:"verdict"`
	More        int     `json:"more_users,omitempty"` // inconclusive: how many more users would decide; 0: none would
	lower       bool    // less is better
	sd          float64 // of the users' differences
}

// arm names the row.
func (c Check) arm() string { return record.Arm{Recommender: c.Recommender, Agent: c.Agent}.String() }

// subject says what was checked: ease: ndcg@10, or ease: ndcg@10 of gender F.
func (c Check) subject() string {
	s := c.arm() + ": " + c.Metric
	if c.Segment != "" {
		s += " of " + c.Segment + " " + c.Group
	}
	return s
}

// loss is how much worse the new run is; below zero it is better.
func (c Check) loss() float64 {
	if c.lower {
		return c.Difference
	}
	return -c.Difference
}

// worst and best are the bounds of the loss.
func (c Check) worst() float64 {
	if c.lower {
		return c.Hi
	}
	return -c.Lo
}

func (c Check) best() float64 {
	if c.lower {
		return c.Lo
	}
	return -c.Hi
}

// decide compares the bounds of the loss with the margin. With few users bounds are too
// narrow, so a pass also needs its p-value, unless no user has another value than before; and a
// regression needs its own, which knows how many checks there are.
func (c *Check) decide(alpha float64, checks int) {
	switch {
	case c.N < 2:
		c.Verdict = Inconclusive
	case c.worst() <= c.Margin && (c.Within <= alpha || c.sd == 0 && c.Difference == 0):
		c.Verdict = Pass
	case c.best() > c.Margin && c.P <= alpha:
		c.Verdict = Regression
	default:
		c.Verdict = Inconclusive
		z := distuv.UnitNormal.Quantile(1 - alpha)
		if c.best() > c.Margin { // it is the p-value that lacks users
			z = distuv.UnitNormal.Quantile(1 - alpha/float64(checks))
		}
		c.More = c.more(z)
		if c.worst() <= c.Margin { // one of 2^n sign patterns must be rarer than alpha
			c.More = max(1, c.More, int(math.Ceil(-math.Log2(alpha)))-c.N)
		}
	}
}

// more says how many users beyond these would decide if the mean and the spread
// of their differences stayed as they are: the bound moves towards the mean with
// 1/√n, so it meets the margin at n = (z·sd / |loss − margin|)².
func (c Check) more(z float64) int {
	gap := math.Abs(c.loss() - c.Margin)
	if gap == 0 || c.sd == 0 {
		return 0
	}
	root := z * c.sd / gap
	need := math.Ceil(root * root)
	if need > 1e9 {
		return 0
	}
	return max(1, int(need)-c.N)
}

// why says in a sentence what the numbers mean.
func (c Check) why() string {
	switch {
	case c.N == 0:
		return "no user has a value in both runs"
	case c.N == 1:
		return "one user has a value in both runs, which tells nothing of others"
	case c.Verdict == Pass:
		return fmt.Sprintf("loses at most %s, which is within the margin", brief(max(0, c.worst())))
	case c.Verdict == Regression:
		return fmt.Sprintf("loses at least %s, which is more than the margin", brief(c.best()))
	case c.worst() <= c.Margin:
		return fmt.Sprintf("loses at most %s, but so few users can do that by chance (p = %s): about %d more users like these would decide", brief(max(0, c.worst())), brief(c.Within), c.More)
	case c.best() > c.Margin && c.More == 0:
		return fmt.Sprintf("loses at least %s, but so few users can do that by chance (p = %s after Holm over all checks)", brief(c.best()), brief(c.P))
	case c.best() > c.Margin:
		return fmt.Sprintf("loses at least %s, but one of so many checks can do that by chance (p = %s after Holm over all): about %d more users like these would decide", brief(c.best()), brief(c.P), c.More)
	case c.More == 0:
		return "the loss lies on the margin: no number of users would decide"
	}
	return fmt.Sprintf("the loss lies between %s and %s, across the margin: about %d more users like these would decide", brief(c.best()), brief(c.worst()), c.More)
}

func brief(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// Report is what a gate says.
type Report struct {
	Verdict  Verdict  `json:"verdict"`
	Reason   string   `json:"reason"` // one sentence
	Suite    string   `json:"suite"`
	Run      string   `json:"run"`
	Baseline string   `json:"baseline"` // the run that was blessed
	Alpha    float64  `json:"alpha"`
	Checks   []Check  `json:"checks"`
	Notes    []string `json:"notes,omitempty"`
}

// conclude makes one verdict of all: a regression anywhere is one, and what
// cannot be told anywhere cannot be told.
func (r *Report) conclude() {
	count := map[Verdict]int{}
	first := map[Verdict]Check{}
	for _, c := range r.Checks {
		if count[c.Verdict]++; count[c.Verdict] == 1 {
			first[c.Verdict] = c
		}
		r.Verdict = max(r.Verdict, c.Verdict)
	}
	switch r.Verdict {
	case Pass:
		r.Reason = fmt.Sprintf("no worse than the baseline in all %d checks", len(r.Checks))
	default:
		c := first[r.Verdict]
		r.Reason = fmt.Sprintf("%d of %d checks; %s %s", count[r.Verdict], len(r.Checks), c.subject(), c.why())
	}
}
