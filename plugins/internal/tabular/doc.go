// Package tabular reads interactions, users and items from tables that people
// already have: separated text, RecBole atomic files, JSON lines and Parquet, each
// plain or packed with gzip or zstd.
//
// Its opinion: a file means what its owner says, never what a reader guesses.
// Columns, scale, encoding and the meaning of a repeated pair are told, and what
// contradicts them is refused with file, line and remedy. Whatever is left out
// on purpose is counted aloud.
//
// [Open], [OpenLines] and [OpenParquet] give rows; [Load] makes tables of the contract from
// them.
package tabular

import (
	"github.com/alignuser/alignuser/sdk"
)

// Rows reads one file row by row.
type Rows interface {
	// Columns gives the names of the header; nil where there is none.
	Columns() []string
	// Refuses says why a column cannot be read, "" where it can. RecBole's header
	// and Parquet's schema know; list is whether several words are welcome.
	Refuses(column int, list bool) string
	// Read gives the next row, whose fields are valid until the next call, or
	// io.EOF. All rows have the same number of fields; a missing one is empty.
	Read() ([][]byte, error)
	// Line is where the last row began, counted from 1: a line of text, or a row
	// of Parquet.
	Line() int
	// Notes are remarks on the file as a whole, complete after io.EOF.
	Notes() []string
	// Source names the whole file as it lies there, complete after io.EOF.
	Source() sdk.File
	Close() error
}

// bad is damage or a contradiction at a line. Remedies belong into the text.
func bad(file string, line int, format string, args ...any) error {
	return sdk.Invalidf("path", "%s:%d: "+format, append([]any{file, line}, args...)...)
}
