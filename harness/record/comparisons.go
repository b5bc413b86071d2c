package record

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Files of what a run's differences are worth.
const (
	ComparisonsFile = "comparisons.csv"
	RanksFile       = "ranks.csv"
)

// Arm names a row of a task's table: a recommender, an agent, or both.
type Arm struct{ Recommender, Agent string }

// Arm gives the row that the cell belongs to.
func (k CellKey) Arm() Arm { return Arm{k.Recommender, k.Agent} }

// String gives ease, or ease with simuser, or simuser.
func (a Arm) String() string {
	switch {
	case a.Agent == "":
		return a.Recommender
	case a.Recommender == "":
		return a.Agent
	}
	return a.Recommender + " with " + a.Agent
}

// Compare orders by recommender, then agent.
func (a Arm) Compare(b Arm) int {
	return cmp.Or(cmp.Compare(a.Recommender, b.Recommender), cmp.Compare(a.Agent, b.Agent))
}

// League names the rows that are ranked among each other: recommenders as used by
// one agent, or agents where no recommender takes part.
func (a Arm) League() string {
	if a.Recommender == "" {
		return ""
	}
	return a.Agent
}

// Reasons for which a pair is compared: each is a family of tests.
const (
	AgainstBest  = "best"  // with the best arm of the metric; the family is that of every pair
	AgainstNamed = "named" // with an arm that was asked for
	AgainstAll   = "all"   // every pair
	AgainstRun   = "run"   // the same arm of another run
)

// Comparison is the paired difference of two arms in one metric: of users who have
// a value in both, the value of Arm minus that of To, in the metric's unit.
type Comparison struct {
	Task         string
	Metric       string
	Version      int
	Against      string
	Segment      string // the users are those of one group of it; empty: all
	Group        string
	Arm          Arm
	To           Arm
	N            int // users with both values
	LeftOut      int // users with one of the two
	Difference   float64
	Lo           float64 // 95 % percentile interval
	Hi           float64
	BCaLo        float64 // 95 % BCa interval
	BCaHi        float64
	P            float64 // sign flips, two-sided
	Holm         float64 // P adjusted for its family
	BH           float64 // P adjusted for the rate of false discoveries
	Wilcoxon     float64 // two-sided, not adjusted: a second opinion
	Effect       float64 // d_z; NaN: all differences are equal
	RankBiserial float64
	Wins         float64 // share of users with the larger value in Arm, equal ones counting half
	Detectable   float64 // smallest difference found with power 0.8 at level 0.05
	Warnings     []string
}

// Resolved reports whether the two arms differ, at 5 % within the family.
func (c Comparison) Resolved() bool { return c.Holm <= 0.05 }

func comparisonHeader() []string {
	return []string{
		"task", "recommender", "agent", "to_recommender", "to_agent", "metric", "version", "against", "segment", "group", "n", "left_out",
		"difference", "lo", "hi", "bca_lo", "bca_hi", "p", "holm", "bh", "wilcoxon", "effect", "rank_biserial", "wins", "detectable", "warnings",
	}
}

// firstNumber is the place of difference in a line.
const firstNumber = 12

// numbers lists the columns from difference to detectable.
func (c *Comparison) numbers() []*float64 {
	return []*float64{
		&c.Difference, &c.Lo, &c.Hi, &c.BCaLo, &c.BCaHi, &c.P, &c.Holm, &c.BH, &c.Wilcoxon,
		&c.Effect, &c.RankBiserial, &c.Wins, &c.Detectable,
	}
}

func (c Comparison) check() error {
	errs := []error{checkArm(c.Task, c.Arm), checkArm(c.Task, c.To), checkMetric(c.Metric)}
	if c.Version < 1 || c.N < 0 || c.LeftOut < 0 {
		errs = append(errs, fmt.Errorf("version %d, n %d, left out %d", c.Version, c.N, c.LeftOut))
	}
	if !slices.Contains([]string{AgainstBest, AgainstNamed, AgainstAll, AgainstRun}, c.Against) {
		errs = append(errs, fmt.Errorf("against %q: unknown", c.Against))
	}
	if c.Segment != "" {
		errs = append(errs, CheckName(c.Segment))
	}
	if (c.Segment == "") != (c.Group == "") || c.Group != cleanText(c.Group) {
		errs = append(errs, fmt.Errorf("group %q of segment %q", c.Group, c.Segment))
	}
	for i, v := range c.numbers() {
		if math.IsInf(*v, 0) {
			errs = append(errs, fmt.Errorf("%s is %v", comparisonHeader()[firstNumber+i], *v))
		}
	}
	return errors.Join(errs...)
}

func checkArm(task string, a Arm) error { return CellKey{task, a.Recommender, a.Agent, 0}.Check() }

// WriteComparisons writes comparisons.csv in the order given.
func WriteComparisons(path string, in []Comparison) error {
	return WriteFile(path, func(w io.Writer) error { return EncodeComparisons(w, in) })
}

// EncodeComparisons writes the bytes of comparisons.csv.
func EncodeComparisons(w io.Writer, in []Comparison) error {
	rows := make([][]string, len(in))
	for i, c := range in {
		if err := c.check(); err != nil {
			return fmt.Errorf("%s: %s and %s: %w", ComparisonsFile, c.Arm, c.To, err)
		}
		row := []string{
			c.Task, dash(c.Arm.Recommender), dash(c.Arm.Agent), dash(c.To.Recommender), dash(c.To.Agent),
			c.Metric, strconv.Itoa(c.Version), c.Against, dash(c.Segment), dash(c.Group), strconv.Itoa(c.N), strconv.Itoa(c.LeftOut),
		}
		for _, v := range c.numbers() {
			row = append(row, optional(*v))
		}
		rows[i] = append(row, joinWarnings(c.Warnings))
	}
	return encodeTable(w, comparisonHeader(), rows)
}

// MarshalJSON names numbers as the columns of comparisons.csv; those that there are
// not (NaN) are null.
func (c Comparison) MarshalJSON() ([]byte, error) {
	values := []any{
		c.Task, c.Arm.Recommender, c.Arm.Agent, c.To.Recommender, c.To.Agent, c.Metric, c.Version, c.Against, c.Segment, c.Group, c.N, c.LeftOut,
	}
	for _, v := range c.numbers() {
		values = append(values, orNull(*v))
	}
	return object(comparisonHeader(), append(values, c.Warnings))
}

// orNull is what JSON has for NaN.
func orNull(v float64) any {
	if math.IsNaN(v) {
		return nil
	}
	return v
}

// object writes keys in their order.
func object(keys []string, values []any) ([]byte, error) {
	var b bytes.Buffer
	for i, key := range keys {
		v, err := json.Marshal(values[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", key, v)
	}
	return slices.Concat([]byte("{"), b.Bytes(), []byte("}")), nil
}

// ReadComparisons reads comparisons.csv and refuses what WriteComparisons would
// not write.
func ReadComparisons(path string) (out []Comparison, err error) {
	err = readTable(path, comparisonHeader(), func(f []string) error {
		c := Comparison{
			Task: strings.Clone(f[0]), Metric: strings.Clone(f[5]), Against: strings.Clone(f[7]),
			Arm: armOf(f[1], f[2]), To: armOf(f[3], f[4]), Segment: strings.Clone(undash(f[8])),
		}
		if c.Segment != "" {
			c.Group = strings.Clone(f[9])
		}
		var err error
		for at, to := range map[int]*int{6: &c.Version, 10: &c.N, 11: &c.LeftOut} {
			if *to, err = parseInt(f[at], 0); err != nil {
				return fmt.Errorf("%s: %w", comparisonHeader()[at], err)
			}
		}
		for i, v := range c.numbers() {
			if *v, err = parseOptional(f[firstNumber+i]); err != nil {
				return fmt.Errorf("%s: %w", comparisonHeader()[firstNumber+i], err)
			}
		}
		if c.Warnings, err = splitWarnings(f[firstNumber+len(c.numbers())]); err != nil {
			return fmt.Errorf("warnings: %w", err)
		}
		out = append(out, c)
		return c.check()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func armOf(recommender, agent string) Arm {
	return Arm{strings.Clone(undash(recommender)), strings.Clone(undash(agent))}
}

// Standing is the place of an arm among its rivals in one metric, and how sure it is.
// What is said of all arms together stands with each of them.
type Standing struct {
	Task       string
	Metric     string
	Version    int
	Arm        Arm
	Value      float64
	N          int
	Rank       int // by value, 1 best; equal values share the better one
	RankLo     int
	RankHi     int     // 95 % of samples of users give a rank from RankLo to RankHi
	Group      int     // tie group, from 1
	Leads      bool    // the best of its group
	GroupP     float64 // against the best of its group, after Holm; 1 for itself
	MeanRank   float64
	WinRate    float64 // share of meetings with a rival over one user that it wins, equal ones counting half
	Borda      float64 // share of rivals beaten, averaged over the task's metrics
	Blocks     int     // users with a value in every arm: those that MeanRank, WinRate, Friedman and CD rest on
	Friedman   float64 // Iman and Davenport's p-value: are all ranked alike?
	CD         float64 // Nemenyi's critical difference of mean ranks at 5 %
	Detectable float64
}

func standingHeader() []string {
	return []string{
		"task", "recommender", "agent", "metric", "version", "value", "n", "rank", "rank_lo", "rank_hi", "group", "leads", "group_p",
		"mean_rank", "win_rate", "borda", "blocks", "friedman_p", "critical_difference", "detectable",
	}
}

func (s *Standing) ints() map[int]*int {
	return map[int]*int{4: &s.Version, 6: &s.N, 7: &s.Rank, 8: &s.RankLo, 9: &s.RankHi, 10: &s.Group, 16: &s.Blocks}
}

func (s *Standing) floats() map[int]*float64 {
	return map[int]*float64{5: &s.Value, 12: &s.GroupP, 13: &s.MeanRank, 14: &s.WinRate, 15: &s.Borda, 17: &s.Friedman, 18: &s.CD, 19: &s.Detectable}
}

func (s Standing) check() error {
	errs := []error{checkArm(s.Task, s.Arm), checkMetric(s.Metric)}
	if s.Version < 1 || s.N < 0 || s.Blocks < 0 || s.Rank < 1 || s.RankLo < 1 || s.RankHi < s.RankLo || s.Group < 1 {
		errs = append(errs, fmt.Errorf("rank %d [%d, %d], group %d, version %d, n %d, blocks %d", s.Rank, s.RankLo, s.RankHi, s.Group, s.Version, s.N, s.Blocks))
	}
	for at, v := range s.floats() {
		if math.IsInf(*v, 0) {
			errs = append(errs, fmt.Errorf("%s is %v", standingHeader()[at], *v))
		}
	}
	return errors.Join(errs...)
}

// WriteStandings writes ranks.csv in the order given.
func WriteStandings(path string, in []Standing) error {
	return WriteFile(path, func(w io.Writer) error { return EncodeStandings(w, in) })
}

// EncodeStandings writes the bytes of ranks.csv.
func EncodeStandings(w io.Writer, in []Standing) error {
	rows := make([][]string, len(in))
	for i, s := range in {
		if err := s.check(); err != nil {
			return fmt.Errorf("%s: %s: %w", RanksFile, s.Arm, err)
		}
		row := make([]string, len(standingHeader()))
		row[0], row[1], row[2], row[3] = s.Task, dash(s.Arm.Recommender), dash(s.Arm.Agent), s.Metric
		row[11] = strconv.FormatBool(s.Leads)
		for at, v := range s.ints() {
			row[at] = strconv.Itoa(*v)
		}
		for at, v := range s.floats() {
			row[at] = optional(*v)
		}
		rows[i] = row
	}
	return encodeTable(w, standingHeader(), rows)
}

// MarshalJSON names numbers as the columns of ranks.csv; those that there are not
// (NaN) are null.
func (s Standing) MarshalJSON() ([]byte, error) {
	values := make([]any, len(standingHeader()))
	values[0], values[1], values[2], values[3], values[11] = s.Task, s.Arm.Recommender, s.Arm.Agent, s.Metric, s.Leads
	for at, v := range s.ints() {
		values[at] = *v
	}
	for at, v := range s.floats() {
		values[at] = orNull(*v)
	}
	return object(standingHeader(), values)
}

// ReadStandings reads ranks.csv and refuses what WriteStandings would not write.
func ReadStandings(path string) (out []Standing, err error) {
	err = readTable(path, standingHeader(), func(f []string) error {
		s := Standing{Task: strings.Clone(f[0]), Arm: armOf(f[1], f[2]), Metric: strings.Clone(f[3]), Leads: f[11] == "true"}
		var err error
		if !s.Leads && f[11] != "false" {
			return fmt.Errorf("leads: want true or false, have %q", f[11])
		}
		for at, v := range s.ints() {
			if *v, err = parseInt(f[at], 0); err != nil {
				return fmt.Errorf("%s: %w", standingHeader()[at], err)
			}
		}
		for at, v := range s.floats() {
			if *v, err = parseOptional(f[at]); err != nil {
				return fmt.Errorf("%s: %w", standingHeader()[at], err)
			}
		}
		out = append(out, s)
		return s.check()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
