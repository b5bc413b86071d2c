package report

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
)

// Load reads the board of a run folder. It needs manifest.json and summary.csv;
// failures.csv and timings.csv may be absent, and ranks.csv, without which ties are
// read off overlapping intervals.
func Load(dir string) (*Board, error) {
	m, err := record.ReadManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no manifest.json: not a run folder, or a run that has not finished yet: run its suite, the same command goes on with it", dir)
	}
	if err != nil {
		return nil, err
	}
	s := source{board: boardOf(m), arms: armsOf(m), describe: describe}
	for _, t := range m.Tasks {
		agents := map[string]agentFacts{}
		for name, g := range t.Agents {
			agents[name] = agentFacts{facts(g.Facts), g.Invalid}
		}
		s.tasks = append(s.tasks, taskFacts{t.Kind, t.Primary, t.Invalid, t.Judges, t.Unit, facts(t.Facts), agents})
	}
	for _, g := range m.Agents {
		s.agents = append(s.agents, g.Name)
	}
	cells, err := record.ReadSummary(filepath.Join(dir, record.SummaryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no summary.csv: the run has not finished: go on with: %s", dir, m.Command)
	}
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		s.values = append(s.values, value{
			Task: c.Task, Recommender: c.Recommender, Agent: c.Agent, Metric: c.Metric,
			Repeats: c.Repeat, Version: c.Version, N: c.N, Value: c.Value, Lo: c.Lo, Hi: c.Hi, Warnings: c.Warnings,
		})
	}
	failures, err := record.ReadFailures(filepath.Join(dir, record.FailuresFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, f := range failures {
		s.failures = append(s.failures, failure{f.Task, f.Recommender, f.Agent, f.Repeat, f.Reason})
	}
	s.standings, err = record.ReadStandings(filepath.Join(dir, record.RanksFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	timings, err := record.ReadTimings(filepath.Join(dir, record.TimingsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s.board.Timings = timingsOf(timings)
	if s.board.Usage, err = record.ReadUsage(filepath.Join(dir, record.UsageFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return build(s), nil
}

func boardOf(m record.Manifest) Board {
	return Board{
		Suite: m.Suite.Name, Title: m.Suite.Title, Run: m.ID, Signature: m.Signature, Command: m.Command,
		Data: Data{
			Name: m.Data.Name, Version: m.Data.Version, Digest: m.Data.Digest, License: m.Data.License,
			Citation: m.Data.Citation, Planted: m.Data.Planted,
			Users: m.Data.Users, Items: m.Data.Items, Interactions: m.Data.Interactions,
		},
		Facts: protocol(m), Notes: m.Notes,
	}
}

// protocol lists what was done to the data, and what a reader must know of it.
func protocol(m record.Manifest) []Fact {
	s := m.Data.Split
	leak := "no"
	if s.TemporalLeak {
		leak = "yes (others' later interactions are visible in training)"
	}
	var out []Fact
	if f := m.Data.Filter; f != nil {
		out = append(out, Fact{"filter", filterWords(*f)})
	}
	out = append(out,
		Fact{"split", splitWords(s)},
		Fact{"rows", fmt.Sprintf("%s train, %s validation, %s test", Count(s.TrainRows), Count(s.ValidRows), Count(s.TestRows))},
		Fact{"temporal-leak", leak},
	)
	users := m.Data.Users
	if e := s.Evidence; e != nil {
		users = e.UsersJudged
		out = append(out, Fact{"evidence", evidenceWords(*e, m.Data.Users)})
	}
	if s.UsersTied > 0 {
		out = append(out, Fact{"ties moved", fmt.Sprintf("%s of %s users had equal times across a cut; the group went whole to the earlier part", Count(s.UsersTied), Count(m.Data.Users))})
	}
	if s.UsersWithoutTest > 0 {
		out = append(out, Fact{"users without test rows", fmt.Sprintf("%s of %s", Count(s.UsersWithoutTest), Count(users))})
	}
	return append(out, Fact{"seed", strconv.FormatUint(m.Suite.Seed, 10)}, Fact{"repeats", strconv.Itoa(m.Suite.Repeats)})
}

// evidenceWords says who is judged, and what agents know of.
func evidenceWords(e record.EvidenceFacts, users int) string {
	of := "of the other half: nothing that a recommender was fitted on"
	if e.Kind != "disjoint" {
		of = "of the same half"
	}
	return fmt.Sprintf("%s: recommenders are fitted on %s of %s users and judged by them; what agents know of items and people in general is %s training rows of %s users %s",
		e.Kind, Count(e.UsersJudged), Count(users), Count(e.Rows), Count(e.Users), of)
}

// filterWords says what is left out, and why.
func filterWords(f record.FilterFacts) string {
	var rules []string
	switch {
	case f.UserCore > 0 && f.UserCore == f.ItemCore:
		rules = append(rules, fmt.Sprintf("%d-core of users and items", f.UserCore))
	default:
		if f.UserCore > 0 {
			rules = append(rules, fmt.Sprintf("users with at least %d interactions left", f.UserCore))
		}
		if f.ItemCore > 0 {
			rules = append(rules, fmt.Sprintf("items with at least %d interactions left", f.ItemCore))
		}
	}
	if f.MinValue != nil {
		rules = append(rules, fmt.Sprintf("values from %v", *f.MinValue))
	}
	if f.MaxValue != nil {
		rules = append(rules, fmt.Sprintf("values up to %v", *f.MaxValue))
	}
	return fmt.Sprintf("%s; left out: %s users, %s items, %s interactions (%s for their value)", strings.Join(rules, ", "),
		Count(f.Users), Count(f.Items), Count(f.ByValue+f.ByCore), Count(f.ByValue))
}

// splitWords says what a method was told; some decide by themselves.
func splitWords(s record.SplitFacts) string {
	switch {
	case s.Test == 0 && s.Valid == 0:
		return s.Method
	case s.Test == 0:
		return fmt.Sprintf("%s, validation %s of a user's interactions", s.Method, percent(s.Valid))
	}
	of := "a user's interactions"
	if s.Method == "global-temporal" {
		of = "all interactions"
	}
	return fmt.Sprintf("%s, test %s, validation %s of %s", s.Method, percent(s.Test), percent(s.Valid), of)
}

func percent(share float64) string {
	return strconv.FormatFloat(share*100, 'g', 6, 64) + " %"
}

func armsOf(m record.Manifest) []arm {
	arms := make([]arm, len(m.Arms))
	for i, a := range m.Arms {
		component := a.Plugin
		if a.Component != "" && component != "" {
			component += "/" + a.Component
		}
		arms[i] = arm{Name: a.Name, Component: component, Version: a.Version, Digest: a.Digest, Control: a.Control, Tasks: a.Tasks}
	}
	return arms
}

func facts(in []record.Fact) []Fact {
	var out []Fact
	for _, f := range in {
		out = append(out, Fact{f.Name, f.Value})
	}
	return out
}

func timingsOf(in []record.CellTiming) []Timing {
	var out []Timing
	for _, t := range in {
		out = append(out, Timing{
			Task: t.Task, Recommender: t.Recommender, Agent: t.Agent, Repeat: t.Repeat, Attempts: t.Attempts,
			FitMS: t.FitMS, RecommendMS: t.RecommendMS, CPUMS: t.CPUMS, UsersPerSecond: t.UsersPerSecond, RSSMB: t.RSSMB,
		})
	}
	return out
}
