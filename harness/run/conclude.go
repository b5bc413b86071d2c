package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/alignuser/alignuser/harness/compare"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
)

// conclude turns the evidence into scores, judges the controls, and completes
// the manifest. Scores rest only on what the run folder holds.
func (p *Plan) conclude(ctx context.Context, r *record.Run, started time.Time) error {
	p.config.Events(Phase{Text: "scoring: 10,000 bootstrap draws over users"})
	var keys []record.CellKey // the unsealed ones too: a summary says how many repeats are missing
	p.each(func(key record.CellKey) { keys = append(keys, key) })
	scorers := map[string]score.Scorer{}
	for _, t := range p.tasks {
		scorers[t.task.Kind()] = t.task.Scorer(t.options)
	}
	judged, err := score.Read(r.Dir(), keys, scorers)
	if err != nil {
		return err
	}
	derived, err := p.derive(judged)
	if err != nil {
		return err
	}
	for _, d := range derived {
		judged, keys = append(judged, d), append(keys, d.Key)
	}
	cells, summary, err := score.Summarize(judged, keys, seedFor(p.config.Suite.Seed, streamScore))
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	invalid := map[string]string{}
	for _, t := range p.tasks {
		if _, judged := t.control(control.OracleName); judged {
			invalid[t.task.Kind()] = control.Judge(t.task.Kind(), summary)
		} else if t.task.Subject() == task.Tables {
			invalid[t.task.Kind()] = control.JudgePlacebos(t.task.Kind(), summary)
		}
	}
	m := p.manifest(started, time.Now(), invalid)
	p.respond(&m, judged)
	p.personal(&m, judged)
	p.config.Events(Phase{Text: "comparing: paired differences, ranks and tie groups"})
	comparisons, standings, err := compare.Leaderboard(compare.Tables(m, judged))
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var segments []record.Segment
	for _, s := range p.split.Segments() {
		segments = append(segments, record.Segment(s))
	}
	return errors.Join(
		record.WriteSegments(filepath.Join(r.Dir(), record.SegmentsFile), segments),
		record.WriteCells(filepath.Join(r.Dir(), record.CellsFile), cells),
		record.WriteSummary(filepath.Join(r.Dir(), record.SummaryFile), summary),
		record.WriteComparisons(filepath.Join(r.Dir(), record.ComparisonsFile), comparisons),
		record.WriteStandings(filepath.Join(r.Dir(), record.RanksFile), standings),
		r.Flush(),
		r.WriteManifest(m),
	)
}

// derive computes the tasks that are made of others' sheets.
func (p *Plan) derive(judged []score.Judged) (out []score.Judged, err error) {
	arms := task.Arms{Controls: p.controlNames(), Placebos: p.placebos()}
	for _, t := range p.tasks {
		d, ok := t.task.(task.Deriver)
		if !ok {
			continue
		}
		sheets, err := d.Derive(judged, arms, seedFor(p.config.Suite.Seed, streamScore))
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", t.task.Kind(), err)
		}
		out = append(out, sheets...)
	}
	return out, nil
}

// controlNames lists the arms that compete for nothing.
func (p *Plan) controlNames() []string {
	var names []string
	for _, a := range p.arms {
		if a.control {
			names = append(names, a.name)
		}
	}
	return names
}

// manifest says what this run is.
func (p *Plan) manifest(started, finished time.Time, invalid map[string]string) record.Manifest {
	s, info, stats := p.config.Suite, p.corpus.Info(), p.split.Stats()
	m := record.Manifest{
		HostVersion: p.config.Version,
		Command:     p.config.Command,
		Identity:    p.id,
		Signature:   p.signature(),
		Protocol:    p.protocol(),
		Suite: record.SuiteFacts{
			Name: s.Name, Title: s.Title, Source: string(s.Source), Canonical: p.canonical, Seed: s.Seed, Repeats: s.Repeats,
		},
		Data: record.DataFacts{
			Name: p.dataName, Plugin: s.Dataset.Plugin, Version: info.Version, License: info.License, Citation: info.Citation,
			Planted: info.Planted, Digest: p.corpus.Digest(),
			Users: p.corpus.Users(), Items: p.corpus.Items(), Interactions: p.corpus.Interactions(), Filter: p.filtered,
			Split: record.SplitFacts{
				Method: s.Split.Method, Test: s.Split.Test, Valid: s.Split.Valid, Digest: p.split.Digest(),
				TrainRows: stats.TrainRows, ValidRows: stats.ValidRows, TestRows: stats.TestRows,
				UsersWithoutTest: stats.UsersWithoutTest, UsersTied: stats.UsersTied, TemporalLeak: stats.TemporalLeak,
				Evidence: evidenceFacts(stats),
			},
		},
		Environment: record.Environment{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(), Kernel: kernel()},
		Started:     started,
		Finished:    finished,
	}
	if stats.Evidence == corpus.EvidenceDisjoint {
		m.Notes = append(m.Notes, disjointNote)
	}
	for _, a := range p.arms {
		tasks := p.kinds(a)
		if len(tasks) == 0 && tasks != nil || a.subject == task.Agents {
			continue // no task judges it; the facts of those that refuse say why
		}
		m.Arms = append(m.Arms, record.ArmFacts{
			Name: a.name, Plugin: a.exe.Name, Component: a.spec.Name, Version: a.exe.Version, Digest: a.digest,
			Builtin: a.exe.Builtin || a.control, Options: significant(a.spec, a.options), Determinism: a.spec.Determinism.String(), Control: a.control,
			Tasks: tasks, Files: a.files,
		})
	}
	m.Agents = p.agentFacts()
	for _, t := range p.tasks {
		facts := record.TaskFacts{
			Kind: t.task.Kind(), Options: t.options, Primary: t.task.Metrics(t.options)[0],
			Facts: append(t.Facts(), p.refused(t)...), Invalid: invalid[t.task.Kind()],
		}
		if t.task.Subject() == task.Backends {
			facts.Judges = record.JudgesBackends
		}
		if counts, ok := t.task.(task.Counter); ok {
			facts.Unit = counts.Unit()
		}
		facts.Derived = t.task.Subject() == task.Tables
		if facts.Derived || t.task.Subject() == task.Agents {
			facts.Judges = record.JudgesAgents
		}
		m.Tasks = append(m.Tasks, facts)
	}
	return m
}

// disjointNote stands under every table.
const disjointNote = "disjoint evidence: agents know items from users on whom no recommender was fitted; set beside a run with split.evidence=same-half, which has the same recommenders, users and truth"

// evidenceFacts says how users are cut into halves; nil where they are not.
func evidenceFacts(s corpus.SplitStats) *record.EvidenceFacts {
	if s.Evidence == corpus.EvidenceShared {
		return nil
	}
	return &record.EvidenceFacts{Kind: s.Evidence, UsersJudged: s.UsersJudged, Users: s.UsersEvidence, Rows: s.EvidenceRows}
}

// kinds names the tasks in which an arm has cells; nil where it has them in all.
func (p *Plan) kinds(a arm) []string {
	judged := p.judged(a)
	if len(judged) == len(p.tasks) {
		return nil
	}
	kinds := make([]string, len(judged))
	for i, t := range judged {
		kinds[i] = t.task.Kind()
	}
	return kinds
}

// refused says which arms of its kind a task does not judge, and why.
func (p *Plan) refused(t bound) []record.Fact {
	var out []record.Fact
	for _, a := range p.arms {
		if a.control || t.judges(a) || a.subject != t.task.Subject() {
			continue
		}
		if why := t.Refuses(a.spec); why != "" {
			out = append(out, record.Fact{Name: "not judged", Value: a.name + ": " + why})
		}
	}
	return out
}

// signature is the protocol signature (METHOD 9): what must match before two
// runs may be compared. Arms and the seed of replicates are not part of it.
func (p *Plan) signature() string {
	tasks := make([]any, len(p.tasks))
	for i, t := range p.tasks {
		part := map[string]any{"kind": t.task.Kind(), "options": t.options}
		if asks, ok := t.task.(task.Prompter); ok {
			part["prompts"] = asks.Prompts()
		}
		tasks[i] = part
	}
	parts := []any{"protocol", p.corpus.Digest(), p.split.Digest(), tasks}
	if agents := p.agentParts(); len(agents) > 0 {
		parts = append(parts, agents)
	}
	return digest(parts...)[:16]
}

// protocol lists the parts of the signature by name, so that two runs which may not be
// compared can say why.
func (p *Plan) protocol() []record.Fact {
	parts := []record.Fact{{Name: "data", Value: p.corpus.Digest()}, {Name: "split", Value: p.split.Digest()}}
	for _, t := range p.tasks {
		options, err := json.Marshal(t.options)
		if err != nil {
			panic(fmt.Sprintf("protocol: %v", err)) // options are scalars, lists and tables of them
		}
		parts = append(parts, record.Fact{Name: "task " + t.task.Kind(), Value: string(options)})
	}
	return append(parts, p.agentParts()...)
}
