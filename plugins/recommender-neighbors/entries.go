package main

import (
	"fmt"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// entries is a sparse item × item matrix by rows: what itemknn and slim learn.
type entries struct {
	offsets []int64 // items + 1
	items   []int32
	values  []float32
}

// add adds the row of an item to out.
func (e *entries) add(item int32, out []float32) {
	lo, hi := e.offsets[item], e.offsets[item+1]
	values := e.values[lo:hi]
	for n, j := range e.items[lo:hi] {
		out[j] += values[n]
	}
}

// check refuses a matrix that does not fit the number of items, or has an entry
// that is not finite.
func (e *entries) check(items int) error {
	if len(e.offsets) != items+1 || e.offsets[0] != 0 || e.offsets[items] != int64(len(e.items)) || len(e.items) != len(e.values) {
		return sdk.Invalidf("", "%d offsets, %d items and %d values do not fit %d items", len(e.offsets), len(e.items), len(e.values), items)
	}
	for i := range items {
		if e.offsets[i] > e.offsets[i+1] {
			return sdk.Invalidf("", "offsets decrease at item %d", i)
		}
	}
	for n, j := range e.items {
		if v := e.values[n]; j < 0 || int(j) >= items || v-v != 0 {
			return sdk.Invalidf("", "item %d with value %v is out of range", j, v)
		}
	}
	return nil
}

// saveEntries writes a model that is one matrix of entries.
func (m *served) saveEntries(dir, file, format string, e entries) (sdk.SaveResult, error) {
	if m.train == nil {
		return sdk.SaveResult{}, errNotFitted()
	}
	h, err := m.header(format, m.train, m.data)
	if err != nil {
		return sdk.SaveResult{}, err
	}
	f, err := dense.WriteModel(dir, file, h, e.offsets, e.items, e.values)
	return sdk.SaveResult{Files: []sdk.File{f}, Format: format}, err
}

// loadEntries reads what saveEntries wrote, and the training part, whose values
// it wants or not.
func (m *served) loadEntries(dir, file, format string, data sdk.DataRef, values bool) (*dense.Matrix, entries, error) {
	x, err := dense.Read(data, values)
	if err != nil {
		return nil, entries{}, err
	}
	h, err := m.header(format, x, data.ManifestSHA256)
	if err != nil {
		return nil, entries{}, err
	}
	var e entries
	if err := dense.ReadModel(dir, file, h, &e.offsets, &e.items, &e.values); err != nil {
		return nil, entries{}, err
	}
	if err := e.check(x.Cols); err != nil {
		return nil, entries{}, fmt.Errorf("model file %s: %w", file, err)
	}
	return x, e, nil
}

// checkSize refuses catalogues of more than limit items, or whose matrix of
// bytes for every pair does not fit in memory of hint bytes (0: unknown).
func checkSize(items, limit, bytes int, hint int64) error {
	size := int64(bytes) * int64(items) * int64(items)
	text := fmt.Sprintf("%d items need %.1f GB", items, float64(size)/1e9)
	if items > limit {
		return &sdk.Error{Kind: sdk.ErrTooLarge, Option: "max-items", Msg: text + "; raise max-items if the machine has it, or filter the data"}
	}
	if hint > 0 && size > hint {
		return &sdk.Error{Kind: sdk.ErrTooLarge, Msg: text + ", more than the memory limit; raise the limit, or filter the data"}
	}
	return nil
}
