package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/harness/prediction"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/report"
)

// intervalSeed draws users for numbers that belong to no run.
const intervalSeed = 1

// predictionBoard scores a file of predictions.
func (s scoring) predictionBoard() (*report.Board, error) {
	in, err := os.Open(s.predictions)
	if err != nil {
		return nil, usagef("score: %w", err)
	}
	defer in.Close()
	f, err := prediction.Read(s.predictions, in)
	if err != nil {
		return nil, usagef("score: %w", err)
	}
	judged := f.Judge(prediction.Rules{Outcomes: s.outcomes, Text: s.text, Seed: intervalSeed})
	var keys []record.CellKey
	for _, j := range judged {
		keys = append(keys, j.Key)
	}
	_, summary, err := score.Summarize(judged, keys, intervalSeed)
	if err != nil {
		return nil, err
	}
	out := report.Outside{
		Title: "Predictions from elsewhere", Task: f.Kind, Primary: f.Primary(), Judges: record.JudgesAgents,
		Data: report.Data{Name: filepath.Base(s.predictions), Users: f.Users(), Items: f.Items(), Interactions: f.Cases},
	}
	if f.Kind == prediction.Action {
		out.Unit = "sessions"
		out.Facts = []report.Fact{
			{Name: "steps", Value: fmt.Sprint(f.Cases)},
			{Name: "outcome", Value: strings.Join(s.outcomes, " or ")},
			{Name: "text", Value: s.text},
		}
	}
	return report.FromCells(out, summary), nil
}
