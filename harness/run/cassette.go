package run

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// recording names what a cassette belongs to: the same suite, data and split.
// The programs of the arms are not part of it, so that a cassette replays with
// another build of them, and on another machine.
func recording(suite string, id record.Identity) llm.Binding {
	return llm.Binding{Suite: suite, Run: digest("recording", id.Suite, id.Data, id.Split, id.Seed)[:12]}
}

// binding names the journals of this run.
func (p *Plan) binding() llm.Binding {
	return llm.Binding{Suite: p.config.Suite.Name, Run: p.ID()}
}

// openCassette opens what answers for the backends, where there is one.
func (p *Plan) openCassette() (err error) {
	if p.config.Replay == "" {
		return nil
	}
	for _, b := range p.backends {
		if !b.local() && b.Journal == spec.JournalNever {
			return spec.Errors{{Pos: b.Pos, Where: "llm." + b.Name + ".journal", What: "never keeps no answer, so no cassette has any", Fix: `journal = "auto" before the run that is recorded`}}
		}
	}
	if p.cassette, err = llm.OpenCassette(p.config.Replay); err != nil {
		return &sdk.Error{Kind: sdk.ErrInvalid, Msg: err.Error()}
	}
	have, want := p.cassette.Binding(), recording(p.config.Suite.Name, p.id)
	switch {
	case have.Suite != want.Suite:
		return sdk.Invalidf("", "%s: a recording of suite %s, and this is suite %s: replay the suite that was recorded", p.config.Replay, have.Suite, want.Suite)
	case have.Run != want.Run:
		return sdk.Invalidf("", "%s: a recording of suite %s with other contents: its tasks, backends, data, split or seed were not these (the file, --set and the data must be those of the recording)", p.config.Replay, have.Suite)
	}
	return nil
}

// Exported says what a cassette holds.
type Exported struct {
	ID      string
	Answers int
}

// Export writes the answers that a run used as a cassette. A run that has not
// finished is refused unless unfinished says that it may be one.
func Export(dir string, w io.Writer, unfinished bool) (out Exported, err error) {
	m, err := record.ReadManifest(dir)
	if err != nil {
		return out, err
	}
	if m.Finished.IsZero() && !unfinished {
		return out, fmt.Errorf("%s: the run has not finished: go on with it (%s), or export what there is with --unfinished", dir, m.Command)
	}
	paths, err := filepath.Glob(filepath.Join(dir, JournalDir, "*.journal"))
	if err != nil {
		return out, err
	}
	if len(paths) == 0 {
		return out, fmt.Errorf("%s: no answers of backends are kept there: its backends are exact and free, so a replay asks them again, or its suite has none", dir)
	}
	var journals []*llm.Journal
	defer func() {
		for _, j := range journals {
			_ = j.Close() // read-only
		}
	}()
	for _, path := range paths {
		j, err := llm.ReadJournal(path)
		if err != nil {
			return out, err
		}
		journals = append(journals, j)
		out.Answers += j.Len()
	}
	out.ID, err = llm.WriteCassette(w, recording(m.Suite.Name, m.Identity), journals...)
	return out, err
}
