// Package export writes a data set, as a suite filters and splits it, into files
// that other programs read and that dataset-tabular reads back to the same digests
// of data and split. Sessions are not written: no format of others holds what was
// shown and skipped, and the digests are those of the data without them.
//
// Its opinion: an export that cannot be read back exactly is refused, with the
// row, and never mended in silence; and what is written is whole or not there.
package export

import (
	"fmt"

	"github.com/alignuser/alignuser/sdk"
)

// Formats that Write knows.
const (
	CSV     = "csv"
	RecBole = "recbole"
)

// Formats lists them.
func Formats() []string { return []string{CSV, RecBole} }

// Source is what is exported.
type Source struct {
	Name    string // of the suite: names files and the new suite
	Info    sdk.PrepareResult
	Users   sdk.Table
	Items   sdk.Table
	Events  sdk.Table // interactions
	Parts   []uint8   // by interaction: 0 training, 1 validation, 2 test
	Seed    uint64    // of the suite
	Comment string    // where the data came from, for the head of the suite
}

// unfit is an error that names the place of what a format cannot hold.
func unfit(table, column string, row int, format string, args ...any) error {
	return sdk.Invalidf("", "%s: row %d: column %s: %s", table, row, column, fmt.Sprintf(format, args...))
}
