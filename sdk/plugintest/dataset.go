package plugintest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/alignuser/alignuser/sdk"
)

func datasetCases() []Case {
	return []Case{
		{ID: "dataset/prepare", Doc: "Prepare names sources with hashes, a licence, and a scale that makes sense", kind: sdk.KindDataset, run: prepareCase},
		{ID: "dataset/offline", Doc: "with a warm cache, Prepare works offline and names the same sources", kind: sdk.KindDataset, run: offlineCase},
		{ID: "dataset/unknown", Doc: "a table or column that it does not have is refused, and the process lives", kind: sdk.KindDataset, run: unknownTableCase},
	}
}

// tables of a data set as Read answered them, by name.
type tables map[string]sdk.Table

// prepared gives the data set that read-only cases share.
func (b *bench) prepared(ctx context.Context) (sdk.Dataset, error) {
	p, err := b.shared(ctx, b.prepare)
	if err != nil {
		return nil, err
	}
	return p.Dataset(b.spec), nil
}

// prepare makes the data ready, in a cache that all processes share.
func (b *bench) prepare(ctx context.Context, p *Process) error {
	_, err := b.prepareIn(ctx, p, !b.kit.cfg.Network)
	return err
}

func (b *bench) prepareIn(ctx context.Context, p *Process, offline bool) (sdk.PrepareResult, error) {
	if b.cache == "" {
		dir, err := b.folder("cache")
		if err != nil {
			return sdk.PrepareResult{}, err
		}
		b.cache = dir
	}
	r := sdk.PrepareRequest{CacheDir: b.cache, Offline: offline, AcceptedLicenses: []string{b.spec.License}}
	res, err := p.Dataset(b.spec).Prepare(ctx, r, func(sdk.Event) {})
	if err != nil && offline && !b.kit.cfg.Network && b.remote() {
		return res, skipf("needs --network: Prepare without it: %v", err)
	}
	if err != nil {
		return res, p.child.explain(fmt.Errorf("prepare: %w", err))
	}
	return res, nil
}

// read gives one table whole. Columns empty means all.
func read(ctx context.Context, d sdk.Dataset, name string, columns ...string) (sdk.Table, error) {
	var out sdk.Table
	var chunks []sdk.Chunk
	err := d.Read(ctx, sdk.ReadRequest{Table: name, Columns: columns}, func(c sdk.Chunk) error {
		if c.Rows() > sdk.MaxChunkRows {
			return fmt.Errorf("chunk %d has %d rows, at most %d are allowed", c.Seq, c.Rows(), sdk.MaxChunkRows)
		}
		chunks = append(chunks, c)
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("read %s: %w", name, err)
	}
	out.Name = name
	for i, first := range chunks[0].Columns {
		whole := first
		for _, c := range chunks[1:] {
			whole = joined(whole, c.Columns[i])
		}
		out.Columns = append(out.Columns, whole)
	}
	return out, out.Check()
}

// joined appends the rows of one column to another.
func joined(a, b sdk.Column) sdk.Column {
	if a.Lists != nil {
		lists := slices.Clone(a.Lists)
		for _, at := range b.Lists[1:] {
			lists = append(lists, uint32(a.Elements())+at)
		}
		a.Lists = lists
	}
	switch d := a.Data.(type) {
	case []int32:
		a.Data = append(slices.Clip(d), b.Data.([]int32)...)
	case []int64:
		a.Data = append(slices.Clip(d), b.Data.([]int64)...)
	case []float32:
		a.Data = append(slices.Clip(d), b.Data.([]float32)...)
	case []float64:
		a.Data = append(slices.Clip(d), b.Data.([]float64)...)
	case []uint8:
		a.Data = append(slices.Clip(d), b.Data.([]uint8)...)
	case []string:
		a.Data = append(slices.Clip(d), b.Data.([]string)...)
	}
	return a
}

// readAll reads every declared table, once for all cases.
func (b *bench) readAll(ctx context.Context) (tables, error) {
	d, err := b.prepared(ctx)
	if err != nil {
		return nil, err
	}
	if b.tables != nil {
		return b.tables, nil
	}
	all := tables{}
	for _, t := range b.spec.Tables {
		if all[t.Name], err = read(ctx, d, t.Name); err != nil {
			return nil, err
		}
	}
	b.tables = all
	return all, nil
}

// sameTable compares bit by bit, so that missing floats are equal.
func sameTable(what string, x, y sdk.Table) error {
	if len(x.Columns) != len(y.Columns) || x.Rows() != y.Rows() {
		return fmt.Errorf("%s: table %s has %d columns of %d rows, before %d of %d", what, x.Name, len(y.Columns), y.Rows(), len(x.Columns), x.Rows())
	}
	for i, c := range x.Columns {
		if d := y.Columns[i]; c.Name != d.Name || !slices.Equal(c.Lists, d.Lists) || !sameData(c.Data, d.Data) {
			return fmt.Errorf("%s: table %s: column %s differs", what, x.Name, c.Name)
		}
	}
	return nil
}

func sameData(x, y any) bool {
	switch a := x.(type) {
	case []float32:
		b, ok := y.([]float32)
		return ok && slices.EqualFunc(a, b, func(p, q float32) bool { return math.Float32bits(p) == math.Float32bits(q) })
	case []float64:
		b, ok := y.([]float64)
		return ok && slices.EqualFunc(a, b, func(p, q float64) bool { return math.Float64bits(p) == math.Float64bits(q) })
	}
	return reflect.DeepEqual(x, y) || empty(x) && empty(y)
}

func empty(x any) bool { return reflect.ValueOf(x).Len() == 0 }

func prepareCase(ctx context.Context, b *bench) error {
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return err
	}
	res, err := b.prepareIn(ctx, p, !b.kit.cfg.Network)
	if err != nil {
		return err
	}
	if len(res.Sources) == 0 && !res.Planted {
		return errors.New("no sources: by them the host knows the data again")
	}
	for _, f := range res.Sources {
		if f.Path == "" || len(f.SHA256) != 64 || f.Bytes < 0 {
			return fmt.Errorf("source %+v: want a path, a size and a SHA-256 in hex", f)
		}
	}
	if res.License == "" && b.spec.License == "" {
		return errors.New("no licence, neither declared nor found")
	}
	if s := res.Scale; s != nil {
		ordered := s.Min < s.Max && s.Min <= s.DislikeAt && s.DislikeAt < s.LikeAt && s.LikeAt <= s.Max && s.Step >= 0
		if !ordered {
			return fmt.Errorf("scale %+v: want min <= dislike < like <= max and a step", *s)
		}
	}
	return nil
}

func offlineCase(ctx context.Context, b *bench) error {
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return err
	}
	first, err := b.prepareIn(ctx, p, !b.kit.cfg.Network)
	if err != nil {
		return err
	}
	if p, err = b.configured(ctx, setup{}); err != nil {
		return err
	}
	second, err := b.prepareIn(ctx, p, true)
	if err != nil {
		return err
	}
	if !slices.Equal(first.Sources, second.Sources) || first.Version != second.Version {
		return fmt.Errorf("sources %v of version %q, before %v of %q", second.Sources, second.Version, first.Sources, first.Version)
	}
	return nil
}

func unknownTableCase(ctx context.Context, b *bench) error {
	d, err := b.prepared(ctx)
	if err != nil {
		return err
	}
	_, err = read(ctx, d, "no-such-table")
	if err := refused(ctx, b.ready, "an unknown table", err); err != nil {
		return err
	}
	_, err = read(ctx, d, sdk.TableItems, "no-such-column")
	return refused(ctx, b.ready, "an unknown column", err)
}

// text checks a column of names.
func uniqueText(t sdk.Table, column string) error {
	c, _ := t.Column(column)
	values, ok := c.Data.([]string)
	if !ok {
		return fmt.Errorf("table %s: no column %s of str", t.Name, column)
	}
	seen := make(map[string]int, len(values))
	for row, v := range values {
		if v == "" || !utf8.ValidString(v) {
			return fmt.Errorf("table %s: %s %q in row %d: want text in UTF-8 that is not empty", t.Name, column, v, row)
		}
		if before, twice := seen[v]; twice {
			return fmt.Errorf("table %s: %s %q in rows %d and %d", t.Name, column, v, before, row)
		}
		seen[v] = row
	}
	return nil
}
