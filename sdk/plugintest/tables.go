package plugintest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

func tableCases() []Case {
	return []Case{
		{ID: "dataset/columns", Doc: "every table has the columns that were declared, of the declared types and in that order; nullable ones may be absent", kind: sdk.KindDataset, run: columnsCase},
		{ID: "dataset/rows", Doc: "tables have as many rows as declared, and users, items and interactions have some", kind: sdk.KindDataset, run: rowsCase},
		{ID: "dataset/ids", Doc: "uid and iid are unique and not empty", kind: sdk.KindDataset, run: uniqueCase},
		{ID: "dataset/references", Doc: "interactions name rows of users and items", kind: sdk.KindDataset, run: referencesCase},
		{ID: "dataset/values", Doc: "values lie on the scale that Prepare told, and only nullable columns lack some", kind: sdk.KindDataset, run: valuesOnScale},
		{ID: "dataset/times", Doc: "times are unix seconds", kind: sdk.KindDataset, run: timesCase},
		{ID: "dataset/subset", Doc: "a read of some columns gives those, with the same data", kind: sdk.KindDataset, run: subsetCase},
		{ID: "dataset/again", Doc: "a second read is identical", kind: sdk.KindDataset, run: againCase},
		{ID: "dataset/restart", Doc: "another process with the same seed reads the same tables", kind: sdk.KindDataset, run: restartTables},
	}
}

func columnsCase(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	for _, spec := range b.spec.Tables {
		t := all[spec.Name]
		declared := slices.DeleteFunc(slices.Clone(spec.Columns), func(c sdk.ColumnSpec) bool {
			_, there := t.Column(c.Name)
			return c.Nullable && !there
		})
		if len(t.Columns) != len(declared) {
			return fmt.Errorf("table %s: %d columns, declared are %d", spec.Name, len(t.Columns), len(declared))
		}
		for i, want := range declared {
			have := t.Columns[i]
			if have.Name != want.Name || have.Type() != want.Type || (have.Lists != nil) != want.List {
				return fmt.Errorf("table %s: column %d is %s of %s (list: %t), declared is %s of %s (list: %t)",
					spec.Name, i, have.Name, have.Type(), have.Lists != nil, want.Name, want.Type, want.List)
			}
		}
	}
	return nil
}

func rowsCase(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	for _, spec := range b.spec.Tables {
		if n := int64(all[spec.Name].Rows()); spec.Rows != 0 && n != spec.Rows {
			return fmt.Errorf("table %s: %d rows, declared are %d", spec.Name, n, spec.Rows)
		}
	}
	for _, name := range []string{sdk.TableUsers, sdk.TableItems, sdk.TableInteractions} {
		if all[name].Rows() == 0 {
			return fmt.Errorf("table %s is empty", name)
		}
	}
	return nil
}

func uniqueCase(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	return errors.Join(uniqueText(all[sdk.TableUsers], "uid"), uniqueText(all[sdk.TableItems], "iid"))
}

func referencesCase(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	for column, table := range map[string]string{"user": sdk.TableUsers, "item": sdk.TableItems} {
		c, _ := all[sdk.TableInteractions].Column(column)
		ids, ok := c.Data.([]int32)
		if !ok {
			return fmt.Errorf("interactions: no column %s of i32", column)
		}
		for row, id := range ids {
			if id < 0 || int(id) >= all[table].Rows() {
				return fmt.Errorf("interactions: row %d: %s %d, but table %s has %d rows", row, column, id, table, all[table].Rows())
			}
		}
	}
	return nil
}

func valuesOnScale(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	res, err := b.prepareIn(ctx, b.ready, !b.kit.cfg.Network)
	if err != nil {
		return err
	}
	var spec sdk.ColumnSpec
	for _, t := range b.spec.Tables {
		if t.Name == sdk.TableInteractions {
			spec, _ = columnSpec(t, "value")
		}
	}
	c, explicit := all[sdk.TableInteractions].Column("value")
	values, _ := c.Data.([]float32)
	if res.Scale == nil {
		if explicit && slices.ContainsFunc(values, func(v float32) bool { return v == v }) {
			return errors.New("interactions have values, but Prepare told no scale")
		}
		return nil
	}
	if !explicit {
		return errors.New("prepare told a scale, but interactions have no column value")
	}
	for row, v := range values {
		x := float64(v)
		switch {
		case math.IsNaN(x) && spec.Nullable:
		case math.IsNaN(x):
			return fmt.Errorf("row %d: no value, but the column is not declared nullable", row)
		case x < res.Scale.Min || x > res.Scale.Max:
			return fmt.Errorf("row %d: value %v on a scale from %v to %v", row, v, res.Scale.Min, res.Scale.Max)
		case !onStep(x, *res.Scale):
			return fmt.Errorf("row %d: value %v on a scale from %v in steps of %v", row, v, res.Scale.Min, res.Scale.Step)
		}
	}
	return nil
}

func onStep(v float64, s sdk.Scale) bool {
	if s.Step == 0 {
		return true
	}
	steps := (v - s.Min) / s.Step
	return math.Abs(steps-math.Round(steps)) < 1e-3
}

// latest is the year 2200 in unix seconds; milliseconds of today lie far beyond.
const latest = 7258118400

func timesCase(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	c, ok := all[sdk.TableInteractions].Column("time")
	if !ok {
		return skipf("interactions have no column time")
	}
	times, _ := c.Data.([]int64)
	for row, t := range times {
		if t != sdk.MissingTime && (t < -latest || t > latest) {
			return fmt.Errorf("row %d: time %d: want seconds since 1970, or the smallest int64 for none", row, t)
		}
	}
	return nil
}

func subsetCase(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	d, err := b.prepared(ctx)
	if err != nil {
		return err
	}
	for _, spec := range b.spec.Tables {
		cols := all[spec.Name].Columns
		if len(cols) == 0 {
			continue
		}
		last := cols[len(cols)-1].Name
		part, err := read(ctx, d, spec.Name, last)
		if err != nil {
			return err
		}
		c, _ := all[spec.Name].Column(last)
		if err := sameTable("read alone", sdk.Table{Name: spec.Name, Columns: []sdk.Column{c}}, part); err != nil {
			return err
		}
	}
	return nil
}

func againCase(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	d, err := b.prepared(ctx)
	if err != nil {
		return err
	}
	return alike(ctx, "read again", d, all)
}

func restartTables(ctx context.Context, b *bench) error {
	all, err := b.readAll(ctx)
	if err != nil {
		return err
	}
	p, err := b.configured(ctx, setup{threads: 1})
	if err != nil {
		return err
	}
	if _, err := b.prepareIn(ctx, p, true); err != nil {
		return err
	}
	return alike(ctx, "in another process", p.Dataset(b.spec), all)
}

func alike(ctx context.Context, what string, d sdk.Dataset, all tables) error {
	for name, before := range all {
		now, err := read(ctx, d, name)
		if err != nil {
			return err
		}
		if err := sameTable(what, before, now); err != nil {
			return err
		}
	}
	return nil
}
