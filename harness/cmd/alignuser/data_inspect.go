package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/sdk"
)

// inspection is what data inspect says of a data set.
type inspection struct {
	Name         string       `json:"name"`
	Version      string       `json:"version"`
	License      string       `json:"license"`
	Planted      bool         `json:"planted"`
	Digest       string       `json:"digest"`
	Users        int          `json:"users"`
	Items        int          `json:"items"`
	Interactions int          `json:"interactions"`
	Density      float64      `json:"density"` // interactions over users times items
	IdleUsers    int          `json:"users_without_interactions"`
	IdleItems    int          `json:"items_without_interactions"`
	First        *time.Time   `json:"first,omitempty"`
	Last         *time.Time   `json:"last,omitempty"`
	Values       []bin        `json:"values,omitempty"` // none: implicit data
	NoValue      int          `json:"interactions_without_value"`
	PerUser      spread       `json:"interactions_per_user"`
	PerItem      spread       `json:"interactions_per_item"`
	Popularity   []bin        `json:"popularity"` // share of interactions by tenth of the items, most popular first
	Split        *splitCounts `json:"split,omitempty"`
}

type bin struct {
	Label string `json:"label"`
	Count int    `json:"count"`
}

// spread is the order statistics of counts.
type spread struct {
	Min    int     `json:"min"`
	Q1     int     `json:"q1"`
	Median int     `json:"median"`
	Q3     int     `json:"q3"`
	Max    int     `json:"max"`
	Mean   float64 `json:"mean"`
	Gini   float64 `json:"gini"` // 0 even, 1 all on one
}

type splitCounts struct {
	Method                string `json:"method"`
	Digest                string `json:"digest"`
	Train                 int    `json:"train"`
	Valid                 int    `json:"valid"`
	Test                  int    `json:"test"`
	UsersWithoutTest      int    `json:"users_without_test"`
	UsersWithoutTraining  int    `json:"users_without_training"`
	TestItemsNeverTrained int    `json:"test_rows_of_items_never_trained"`
	UsersTied             int    `json:"users_with_ties_across_a_cut"`
	Evidence              string `json:"evidence,omitempty"` // where users are cut into halves; the counts above are of the judged half
	UsersJudged           int    `json:"users_judged,omitempty"`
	UsersEvidence         int    `json:"users_of_evidence,omitempty"`
	EvidenceRows          int    `json:"evidence_rows,omitempty"`
}

// newDataInspectCommand describes a data set in numbers and bars.
func newDataInspectCommand(a *app) *cobra.Command {
	var flags suiteFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect <suite.toml | plugin [component]>",
		Short: "Counts and distributions of a data set, and of a suite's split",
		Long: `inspect reads a data set and draws how its values, its users' activity and its
items' popularity are distributed. Given a suite, it filters and splits the data as
the suite says and counts the parts too.`,
		Example: "  alignuser data inspect benchmarks/quickstart.toml\n" +
			"  alignuser data inspect planted --set dataset.options.users=300",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 2 {
				return exactly("a suite or a data set")(c, args)
			}
			return nil
		},
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) (err error) {
			s, path, named, err := dataSuite(args, flags.sets)
			if err != nil {
				return err
			}
			d, err := a.openData(c.Context(), s, path)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, d.Corpus.Close()) }()
			i := inspect(d, !named)
			if asJSON {
				return writeJSON(a, i)
			}
			return i.draw(a.stdout)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "the same for programs")
	return c
}

// inspect counts. The split is of interest where a suite asked for it.
func inspect(d *run.Data, split bool) inspection {
	f, info := d.Corpus.Facts(), d.Corpus.Info()
	i := inspection{
		Name: d.Name, Version: info.Version, License: info.License, Planted: info.Planted, Digest: d.Corpus.Digest(),
		Users: f.Users, Items: f.Items, Interactions: f.Interactions, IdleUsers: f.IdleUsers, IdleItems: f.IdleItems, NoValue: f.MissingValues,
		Density: float64(f.Interactions) / (float64(f.Users) * float64(f.Items)),
	}
	if f.First != sdk.MissingTime {
		first, last := time.Unix(f.First, 0).UTC(), time.Unix(f.Last, 0).UTC()
		i.First, i.Last = &first, &last
	}
	for _, b := range f.Values {
		i.Values = append(i.Values, bin{fmt.Sprint(b.Value), b.Count})
	}
	t, _ := d.Corpus.Table(sdk.TableInteractions)
	perUser, perItem := counts(t, "user", f.Users), counts(t, "item", f.Items)
	i.PerUser, i.PerItem = spreadOf(perUser), spreadOf(perItem)
	i.Popularity = tenths(perItem)
	if split {
		i.Split = countSplit(d.Split)
	}
	return i
}

// counts gives how often each id occurs.
func counts(t sdk.Table, column string, n int) []int {
	out := make([]int, n)
	c, _ := t.Column(column)
	ids, _ := c.Data.([]int32) // checked when the corpus was built
	for _, id := range ids {
		out[id]++
	}
	return out
}

func spreadOf(counts []int) spread {
	sorted := slices.Sorted(slices.Values(counts))
	n, sum, weighted := len(sorted), 0, 0.0
	for i, c := range sorted {
		sum += c
		weighted += float64(i+1) * float64(c)
	}
	at := func(p float64) int { return sorted[min(n-1, int(p*float64(n)))] }
	s := spread{Min: sorted[0], Q1: at(0.25), Median: at(0.5), Q3: at(0.75), Max: sorted[n-1], Mean: float64(sum) / float64(n)}
	if sum > 0 {
		s.Gini = 2*weighted/(float64(n)*float64(sum)) - float64(n+1)/float64(n)
	}
	return s
}

// tenths adds up the interactions of each tenth of the items, the most popular
// tenth first.
func tenths(perItem []int) []bin {
	sorted := slices.Sorted(slices.Values(perItem))
	slices.Reverse(sorted)
	out := make([]bin, 10)
	for i := range out {
		out[i].Label = fmt.Sprintf("%d–%d %%", 10*i, 10*(i+1))
		for _, c := range sorted[i*len(sorted)/10 : (i+1)*len(sorted)/10] {
			out[i].Count += c
		}
	}
	return out
}

func countSplit(s *corpus.Split) *splitCounts {
	stats := s.Stats()
	c := &splitCounts{
		Method: stats.Method, Digest: s.Digest(), Train: stats.TrainRows, Valid: stats.ValidRows, Test: stats.TestRows,
		UsersWithoutTest: stats.UsersWithoutTest, UsersTied: stats.UsersTied,
	}
	if stats.Evidence != corpus.EvidenceShared {
		c.Evidence, c.UsersJudged, c.UsersEvidence, c.EvidenceRows = stats.Evidence, stats.UsersJudged, stats.UsersEvidence, stats.EvidenceRows
	}
	for u := range int32(s.Train().Users()) {
		if s.Judged(u) && len(s.Train().Of(u)) == 0 {
			c.UsersWithoutTraining++
		}
		for _, it := range s.Test().Of(u) {
			if s.Train().Count(it) == 0 {
				c.TestItemsNeverTrained++
			}
		}
	}
	return c
}

// draw writes the inspection with bars.
func (i inspection) draw(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s (%s)", i.Name, printable(i.Version))
	if i.Planted {
		line("planted: generated from a model of people, no observations of anyone")
	}
	line("")
	line("users          %10s   %s without interactions", report.Count(i.Users), report.Count(i.IdleUsers))
	line("items          %10s   %s without interactions", report.Count(i.Items), report.Count(i.IdleItems))
	line("interactions   %10s   %.3g %% of all pairs", report.Count(i.Interactions), 100*i.Density)
	if i.First != nil {
		line("time           %s to %s", i.First.Format("2006-01-02"), i.Last.Format("2006-01-02"))
	} else {
		line("time           none")
	}
	line("a user has     %s", i.PerUser)
	line("an item has    %s", i.PerItem)
	line("digest         %s", i.Digest)
	line("licence        %s", printable(i.License))
	if i.Values == nil {
		line("\nvalues: none, the data is implicit")
	} else {
		line("\nvalues (%s missing)", report.Count(i.NoValue))
		bars(&b, i.Values)
	}
	line("\ninteractions by popularity of the item, a tenth of the items each")
	bars(&b, i.Popularity)
	if s := i.Split; s != nil {
		line("\nsplit %s", s.Method)
		bars(&b, []bin{{"train", s.Train}, {"valid", s.Valid}, {"test", s.Test}})
		if s.Evidence != "" {
			line("  evidence %s: %s users are judged, and these are their rows; agents know %s training rows of %s users", s.Evidence, report.Count(s.UsersJudged), report.Count(s.EvidenceRows), report.Count(s.UsersEvidence))
		}
		line("  %s users have nothing to test, %s nothing to train on", report.Count(s.UsersWithoutTest), report.Count(s.UsersWithoutTraining))
		line("  %s test rows are of items that training never shows", report.Count(s.TestItemsNeverTrained))
		if s.UsersTied > 0 {
			line("  %s users had equal times across a cut; the group went whole to the earlier part", report.Count(s.UsersTied))
		}
		line("  digest %s", s.Digest)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s spread) String() string {
	return fmt.Sprintf("%d – %d, half of them %d – %d, median %d, mean %.1f, Gini %.2f", s.Min, s.Max, s.Q1, s.Q3, s.Median, s.Mean, s.Gini)
}

// barWidth is the longest bar.
const barWidth = 40

// bars draws counts as bars, the longest of full width.
func bars(b *strings.Builder, bins []bin) {
	top, total, wide := 0, 0, 0
	for _, x := range bins {
		top, total, wide = max(top, x.Count), total+x.Count, max(wide, len([]rune(x.Label)))
	}
	for _, x := range bins {
		length, share := 0.0, 0.0
		if top > 0 {
			length = barWidth * float64(x.Count) / float64(top)
			share = 100 * float64(x.Count) / float64(total)
		}
		eighths := int(math.Round(length * 8))
		bar := strings.Repeat("█", eighths/8)
		if rest := eighths % 8; rest > 0 {
			bar += string([]rune(" ▏▎▍▌▋▊▉")[rest])
		}
		pad := strings.Repeat(" ", wide-len([]rune(x.Label)))
		fmt.Fprintf(b, "  %s%s  %s%s  %s  %.1f %%\n", pad, x.Label, bar, strings.Repeat(" ", barWidth-len([]rune(bar))), leftPad(report.Count(x.Count), 11), share)
	}
}

func leftPad(s string, n int) string { return strings.Repeat(" ", max(0, n-len(s))) + s }
