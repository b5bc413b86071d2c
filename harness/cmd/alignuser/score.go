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

// newScoreCommand applies the metrics to what was recorded elsewhere.
func newScoreCommand(a *app) *cobra.Command {
	var sessions string
	var likeAt float64
	var size, limit int
	var asJSON bool
	c := &cobra.Command{
		Use:   "score --sessions <file>",
		Short: "Apply the metrics of task simulate to sessions that were recorded elsewhere",
		Long: `score reads sessions of people or of other simulators and computes the metrics that
task simulate computes, with intervals over users. The file has a line of JSON for
each page:

  {"user":"ann","page":1,"items":["m7","m2"],"watched":["m7"],"values":{"m7":4},"exit":false}

session tells sessions of a user apart, exit says that the user left after the page,
interview is satisfaction from 1 to 10, and recommender and agent name the row. A
session whose last page has no exit counts as stopped by the page limit.`,
		Example: "  alignuser score --sessions sessions.jsonl --like-at 4\n" +
			"  alignuser score --sessions sessions.jsonl --like-at 4 --page-limit 20 --json",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if sessions == "" {
				return usagef("score: --sessions is missing: name a file with a line of JSON for each page")
			}
			f, err := os.Open(sessions)
			if err != nil {
				return usagef("score: %w", err)
			}
			defer f.Close()
			groups, err := trace.ReadOutside(f)
			if err != nil {
				return usagef("score: %s: %w", sessions, err)
			}
			board, err := outsideBoard(sessions, groups, likeAt, size, limit)
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
	c.Flags().StringVar(&sessions, "sessions", "", "`file` of sessions, JSON lines")
	c.Flags().Float64Var(&likeAt, "like-at", 0, "value from which an item counts as liked (default: the file has no values)")
	c.Flags().IntVar(&size, "page-size", 0, "cards of a full page (default: the largest in the file)")
	c.Flags().IntVar(&limit, "page-limit", 0, "pages that a session may have (default: the most in the file)")
	c.Flags().BoolVar(&asJSON, "json", false, "as the JSON form of a leaderboard")
	return c
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
	_, summary, err := score.Summarize(judged, keys, 1)
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
	return report.FromCells("Sessions from elsewhere", data, summary, simulate.Kind, metric.SimLike), nil
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
