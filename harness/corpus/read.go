package corpus

import (
	"context"
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

func declares(s sdk.ComponentSpec, table string) bool {
	return slices.ContainsFunc(s.Tables, func(t sdk.TableSpec) bool { return t.Name == table })
}

// readTables reads what the host knows: users, items, interactions, and sessions
// last where there are any and they are not skipped. Other tables of a data set are
// ignored.
func readTables(ctx context.Context, ds sdk.Dataset, skip bool, emit sdk.Emit) ([]sdk.Table, error) {
	var tables []sdk.Table
	for _, name := range tableNames() {
		if !declares(ds.Spec(), name) {
			return nil, sdk.Invalidf("", "table %s is not declared: every data set gives %s", name, quote(tableNames()))
		}
		t, err := readTable(ctx, ds, name, emit)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		tables = append(tables, t)
	}
	if skip || !declares(ds.Spec(), sdk.TableSessions) {
		return tables, nil
	}
	t, err := readTable(ctx, ds, sdk.TableSessions, emit)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", sdk.TableSessions, err)
	}
	if t.Rows() > 0 {
		tables = append(tables, t)
	}
	return tables, nil
}

// readTable joins the chunks of a table.
func readTable(ctx context.Context, ds sdk.Dataset, name string, emit sdk.Emit) (sdk.Table, error) {
	var table sdk.Table
	chunks := int64(0)
	err := ds.Read(ctx, sdk.ReadRequest{Table: name}, func(c sdk.Chunk) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.Seq != chunks {
			return sdk.Invalidf("", "chunk %d came where %d was due", c.Seq, chunks)
		}
		if err := c.Check(); err != nil {
			return fmt.Errorf("chunk %d: %w", c.Seq, err)
		}
		if chunks == 0 {
			table = begin(name, c)
		}
		chunks++
		if err := join(&table, c); err != nil {
			return fmt.Errorf("chunk %d: %w", c.Seq, err)
		}
		emit(sdk.Progress{Stage: "read " + name, Step: int64(table.Rows())})
		return nil
	})
	if err != nil {
		return table, err
	}
	if chunks == 0 {
		return table, sdk.Invalidf("", "no chunk came: an empty table is one chunk of no rows")
	}
	return table, nil
}

// begin makes an empty table with the columns of the first chunk.
func begin(name string, c sdk.Chunk) sdk.Table {
	t := sdk.Table{Name: name}
	for _, col := range c.Columns {
		empty := sdk.Column{Name: col.Name}
		switch col.Data.(type) {
		case []int32:
			empty.Data = []int32{}
		case []int64:
			empty.Data = []int64{}
		case []float32:
			empty.Data = []float32{}
		case []float64:
			empty.Data = []float64{}
		case []uint8:
			empty.Data = []uint8{}
		case []string:
			empty.Data = []string{}
		}
		if col.Lists != nil {
			empty.Lists = []uint32{0}
		}
		t.Columns = append(t.Columns, empty)
	}
	return t
}

// join appends a chunk, which must have the table's columns in its order.
func join(t *sdk.Table, c sdk.Chunk) error {
	if len(c.Columns) != len(t.Columns) {
		return sdk.Invalidf("", "%d columns, %d in the first chunk", len(c.Columns), len(t.Columns))
	}
	for i, from := range c.Columns {
		to := &t.Columns[i]
		if from.Name != to.Name || from.Type() != to.Type() || (from.Lists == nil) != (to.Lists == nil) {
			return sdk.Invalidf("", "column %d is %s (%s), in the first chunk %s (%s)", i, from.Name, from.Type(), to.Name, to.Type())
		}
		if from.Lists != nil {
			base := uint64(to.Elements())
			if base+uint64(from.Elements()) > 1<<32-1 {
				return sdk.Invalidf("", "column %s has more than 4,294,967,295 elements", from.Name)
			}
			for _, at := range from.Lists[1:] {
				to.Lists = append(to.Lists, uint32(base)+at)
			}
		}
		switch d := from.Data.(type) {
		case []int32:
			to.Data = append(to.Data.([]int32), d...)
		case []int64:
			to.Data = append(to.Data.([]int64), d...)
		case []float32:
			to.Data = append(to.Data.([]float32), d...)
		case []float64:
			to.Data = append(to.Data.([]float64), d...)
		case []uint8:
			to.Data = append(to.Data.([]uint8), d...)
		case []string:
			to.Data = append(to.Data.([]string), d...)
		}
	}
	return nil
}
