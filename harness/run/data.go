package run

import (
	"context"
	"fmt"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// Data is what a suite is run on, filtered and split as it says.
type Data struct {
	Name   string // plugin and component
	Corpus *corpus.Corpus
	Split  *corpus.Split
}

// OpenData reads a suite's data as a run would, and starts nothing else. Close the
// corpus when done with it.
func OpenData(ctx context.Context, c Config) (*Data, error) {
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	catalogue := Catalogue{Context: ctx, Host: c.Host, Tasks: c.Tasks}
	if err := c.Suite.Check(catalogue); err != nil {
		return nil, err
	}
	if err := catalogue.validate(sdk.KindDataset, c.Suite.Dataset); err != nil {
		return nil, spec.Errors{c.Suite.Dataset.Blame("dataset", err)}
	}
	p := &Plan{config: c}
	if err := p.openData(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return &Data{Name: p.dataName, Corpus: p.corpus, Split: p.split}, nil
}

// openData reads the data set, filters and splits it.
func (p *Plan) openData(ctx context.Context) (err error) {
	s := p.config.Suite
	d := s.Dataset
	p.config.Events(Phase{Text: "reading data set " + d.Plugin})
	if p.corpus, err = p.openCorpus(ctx); err != nil {
		return blame(d, "dataset", err)
	}
	if err := p.filter(); err != nil {
		return err
	}
	how := s.Split.Method
	if s.Split.Halves() {
		how += ", evidence " + s.Split.Evidence
	}
	p.config.Events(Phase{Text: fmt.Sprintf("splitting %d interactions (%s)", p.corpus.Interactions(), how)})
	seed := s.Seed
	if s.Split.Seed != nil {
		seed = *s.Split.Seed
	}
	p.split, err = p.corpus.Split(corpus.SplitParams{
		Method: s.Split.Method, Test: s.Split.Test, Valid: s.Split.Valid, Seed: seedFor(seed, streamSplit), Evidence: s.Split.Evidence,
	})
	if err != nil {
		return blameSplit(s.Split, err)
	}
	return nil
}
