package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/alignuser/alignuser/plugins/internal/tabular"
	"github.com/alignuser/alignuser/sdk"
)

// dataset is one component: tables of one format.
type dataset struct {
	format  format
	options sdk.Options

	mu   sync.Mutex
	data *tabular.Data // read once, so that every Read sees what Prepare hashed
}

func newDataset(f format) *dataset { return &dataset{format: f} }

func (d *dataset) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind:        sdk.KindDataset,
		Name:        d.format.name,
		Doc:         d.format.doc,
		Options:     sharedOptions(d.format),
		Determinism: sdk.DeterminismBitwise,
		Tables:      tabular.Tables(),
		License:     "as the option license says",
	}
}

func (d *dataset) Validate(_ context.Context, o sdk.Options) []sdk.Diagnostic {
	return checkOptions(d.format, o)
}

func (d *dataset) Configure(_ context.Context, c sdk.Config) error {
	for _, g := range checkOptions(d.format, c.Options) {
		return sdk.Invalidf(g.Option, "%s", g.Summary)
	}
	d.options = c.Options
	return nil
}

// Prepare reads and checks all files. Its sources are their hashes, so the
// identity of the data is its content and its options, wherever the folder lies.
func (d *dataset) Prepare(ctx context.Context, _ sdk.PrepareRequest, emit sdk.Emit) (sdk.PrepareResult, error) {
	data, err := d.load(ctx, emit)
	if err != nil {
		return sdk.PrepareResult{}, err
	}
	return sdk.PrepareResult{
		Sources:  data.Sources,
		Version:  d.options.String("version"),
		License:  d.options.String("license"),
		Citation: d.options.String("citation"),
		Scale:    scaleOf(d.options),
		Planted:  d.options.Bool("planted"),
	}, nil
}

func (d *dataset) Read(ctx context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	data, err := d.load(ctx, nil)
	if err != nil {
		return err
	}
	t, ok := data.Table(r.Table)
	if !ok {
		return sdk.Invalidf("", "there is no table %q: this data set has users, items and interactions", r.Table)
	}
	return sdk.Cut(t, r.Columns, func(c sdk.Chunk) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return yield(c)
	})
}

// load reads the files once.
func (d *dataset) load(ctx context.Context, emit sdk.Emit) (*tabular.Data, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.data != nil {
		return d.data, nil
	}
	l, err := d.layout()
	if err != nil {
		return nil, err
	}
	d.data, err = tabular.Load(ctx, l, emit)
	return d.data, err
}

// layout turns options into the words of the reader.
func (d *dataset) layout() (tabular.Layout, error) {
	o := maps.Clone(d.options)
	dir, err := folder(o)
	if err != nil {
		return tabular.Layout{}, err
	}
	if d.format.find != nil {
		if err := d.format.find(dir, o); err != nil {
			return tabular.Layout{}, err
		}
		for _, g := range attributesWithoutFile(o) {
			return tabular.Layout{}, sdk.Invalidf(g.Option, "%s", g.Summary)
		}
	}
	if !o.Has("interactions") {
		return tabular.Layout{}, sdk.Invalidf("interactions", "%s is a folder: name the file of interactions in it", dir)
	}
	text := func(name string) string {
		s, _ := o[name].(string) // not given: none
		return s
	}
	var kinds []string
	if o.Has("kinds") {
		for _, k := range o["kinds"].([]any) {
			kinds = append(kinds, k.(string)) // canonical
		}
	}
	itemExtra, err := extras(o, "item-attributes")
	if err != nil {
		return tabular.Layout{}, sdk.Invalidf("item-attributes", "%v", err)
	}
	userExtra, err := extras(o, "user-attributes")
	if err != nil {
		return tabular.Layout{}, sdk.Invalidf("user-attributes", "%v", err)
	}
	perSecond := map[string]int64{"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}
	return tabular.Layout{
		Open: func(file string) (tabular.Rows, error) { return d.format.open(o, dir, file) },
		Interactions: tabular.Interactions{
			File: text("interactions"), User: text("user"), Item: text("item"), Value: text("value"),
			Time: text("time"), PerSecond: perSecond[text("time-unit")], Kind: text("kind"), Kinds: kinds, Part: text("part"),
		},
		Items: tabular.Items{
			File: text("items"), ID: text("item-id"), Title: text("title"), Categories: text("categories"),
			CategorySeparator: text("category-separator"), NoCategory: text("no-category"),
			Year: text("year"), YearInTitle: o.Bool("year-in-title"), Summary: text("summary"),
			Extra: itemExtra,
		},
		Users: tabular.Users{
			File: text("users"), ID: text("user-id"), Age: text("age"), Gender: text("gender"), Occupation: text("occupation"),
			Extra: userExtra,
		},
		Scale: scaleOf(o), Duplicates: text("duplicates"), KeepUnknown: text("unknown-ids") == "keep",
	}, nil
}

// folder gives the folder of all files. A path that is a file is the file of
// interactions.
func folder(o sdk.Options) (string, error) {
	path := o.String("path")
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", sdk.Invalidf("path", "%v: set path to the folder that holds the files", err)
	case info.IsDir():
		return path, nil
	case o.Has("interactions"):
		return "", sdk.Invalidf("path", "%s is a file and interactions names one too: set path to the folder, or leave interactions out", path)
	}
	o["interactions"] = filepath.Base(path)
	return filepath.Dir(path), nil
}

// scaleOf gives the scale of the values; nil for implicit data.
func scaleOf(o sdk.Options) *sdk.Scale {
	if !o.Has("value") {
		return nil
	}
	return &sdk.Scale{
		Min: o.Float("value-min"), Max: o.Float("value-max"), Step: o.Float("value-step"),
		LikeAt: o.Float("like-at"), DislikeAt: o.Float("dislike-at"),
	}
}
