package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/harness/trace"
)

// scoring is what the flags of score say.
type scoring struct {
	sessions, predictions string
	likeAt                float64
	size, limit           int
	outcomes              []string
	text                  string
}

// newScoreCommand applies the metrics to what was recorded elsewhere.
func newScoreCommand(a *app) *cobra.Command {
	var s scoring
	var asJSON bool
	c := &cobra.Command{
		Use:   "score (--sessions <file> | --predictions <file>)",
		Short: "Apply the metrics to sessions or predictions that were recorded elsewhere",
		Long: `score computes the numbers of the tasks from a file that another program wrote, with
intervals, and needs no suite and no plugin.

--sessions: sessions of people or of other simulators, as task simulate has them, with
intervals over users. The file has a line of JSON for each page:

  {"user":"ann","page":1,"items":["m7","m2"],"watched":["m7"],"values":{"m7":4},"exit":false}

session tells sessions of a user apart, exit says that the user left after the page,
interview is satisfaction from 1 to 10, and recommender and agent name the row. A
session whose last page has no exit counts as stopped by the page limit.

--predictions: decisions about cases whose truth is known. The file is CSV with a header,
or a line of JSON for each case. Its columns say what was predicted:

  user,item,truth,p            would the user watch the item? p is a probability;
  user,item,truth,decision     WATCH or SKIP, or 1 or 0; set parts a user's items
  user,item,value,predicted    which value does the user give? empty: no prediction
  session,step,type,target,text,predicted_type,predicted_target,predicted_text
                               what does the user do next in a shop?

agent names the row. Intervals are over users, of steps over sessions.`,
		Example: "  alignuser score --sessions sessions.jsonl --like-at 4\n" +
			"  alignuser score --sessions sessions.jsonl --like-at 4 --page-limit 20 --json\n" +
			"  alignuser score --predictions decisions.csv\n" +
			"  alignuser score --predictions steps.jsonl --outcome click:buy --text rouge-l",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.check(c.Flags().Changed); err != nil {
				return err
			}
			read := s.sessionBoard
			if s.predictions != "" {
				read = s.predictionBoard
			}
			board, err := read()
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSON(a.stdout, board)
			}
			options := a.terminalOptions()
			options.All = true
			return report.Terminal(a.stdout, board, options)
		},
	}
	c.Flags().StringVar(&s.sessions, "sessions", "", "`file` of sessions, JSON lines")
	c.Flags().Float64Var(&s.likeAt, "like-at", 0, "value from which an item counts as liked (default: the file has no values)")
	c.Flags().IntVar(&s.size, "page-size", 0, "cards of a full page (default: the largest in the file)")
	c.Flags().IntVar(&s.limit, "page-limit", 0, "pages that a session may have (default: the most in the file)")
	c.Flags().StringVar(&s.predictions, "predictions", "", "`file` of predictions, CSV or JSON lines")
	c.Flags().StringSliceVar(&s.outcomes, "outcome", []string{"terminate"}, "last `step` of a session that is to be foreseen: a type, or type:target; more than one count alike")
	c.Flags().StringVar(&s.text, "text", metric.TextExact, "when typed texts are the same: exact or rouge-l (0.75 or more)")
	c.Flags().BoolVar(&asJSON, "json", false, "as the JSON form of a leaderboard")
	return c
}

// check refuses flags that do not go together.
func (s scoring) check(given func(flag string) bool) error {
	switch {
	case s.sessions == "" && s.predictions == "":
		return usagef("score: --sessions or --predictions is missing: name a file")
	case s.sessions != "" && s.predictions != "":
		return usagef("score: --sessions and --predictions: want one of them")
	case metric.SameText(s.text) == nil:
		return usagef("score: --text %s: want %s or %s", s.text, metric.TextExact, metric.TextRouge)
	}
	not, of := []string{"outcome", "text"}, "--predictions"
	if s.predictions != "" {
		not, of = []string{"like-at", "page-size", "page-limit"}, "--sessions"
	}
	for _, flag := range not {
		if given(flag) {
			return usagef("score: --%s: it is of %s alone", flag, of)
		}
	}
	return nil
}

// sessionBoard scores a file of sessions.
func (s scoring) sessionBoard() (*report.Board, error) {
	f, err := os.Open(s.sessions)
	if err != nil {
		return nil, usagef("score: %w", err)
	}
	defer f.Close()
	groups, err := trace.ReadOutside(f)
	if err != nil {
		return nil, usagef("score: %s: %w", s.sessions, err)
	}
	return outsideBoard(s.sessions, groups, s.likeAt, s.size, s.limit)
}

// outsideBoard scores sessions from elsewhere.
func outsideBoard(name string, groups []trace.Outside, likeAt float64, size, limit int) (*report.Board, error) {
	var judged []score.Judged
	var keys []record.CellKey
	for _, g := range groups {
		h := g.Header
		h.LikeAt = likeAt
		if size > 0 {
			h.PageSize = size
		}
		if limit > 0 {
			h.PageLimit = limit
		}
		key := record.CellKey{Task: simulate.Kind, Recommender: g.Recommender, Agent: g.Agent}
		if err := key.Check(); err != nil {
			return nil, usagef("score: %s: %w", name, err)
		}
		sheet := simulate.Sheet(h, g.Sessions)
		sheet.Wholes = nil
		sheet.Columns = sheet.Columns[:len(sheet.Columns)-exposures()] // nothing is known of the catalogue
		judged, keys = append(judged, score.Judged{Key: key, Sheet: sheet}), append(keys, key)
	}
	_, summary, err := score.Summarize(judged, keys, intervalSeed)
	if err != nil {
		return nil, err
	}
	data := report.Data{Name: filepath.Base(name), Items: groups[0].Header.Items}
	for _, g := range groups {
		users := map[int32]bool{}
		for _, s := range g.Sessions {
			users[s.User] = true
			for range s.Seen {
				data.Interactions++
			}
		}
		data.Users = max(data.Users, len(users))
	}
	return report.FromCells(report.Outside{Title: "Sessions from elsewhere", Data: data, Task: simulate.Kind, Primary: metric.SimLike}, summary), nil
}

// exposures counts the columns that speak of the catalogue.
func exposures() (n int) {
	for _, m := range metric.Exposures() {
		if m.Whole == nil {
			n++
		}
	}
	return n
}
