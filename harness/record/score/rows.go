package score

import (
	"fmt"

	"github.com/alignuser/alignuser/harness/record"
)

// Rows makes a scorer of evidence that is rows of one kind. Evidence without a row is an
// error: a cell that judged nobody was never sealed.
func Rows[R any](sheet func(rows []R) Sheet) Scorer {
	return CheckedRows(func(R, R) error { return nil }, sheet)
}

// CheckedRows is [Rows] of rows that are checked, each beside the first of the file.
func CheckedRows[R any](check func(row, first R) error, sheet func(rows []R) Sheet) Scorer {
	return func(path string) (Sheet, error) {
		rows, err := record.ReadParquet[R](path)
		if err != nil {
			return Sheet{}, err
		}
		if len(rows) == 0 {
			return Sheet{}, fmt.Errorf("%s: no rows", path)
		}
		for i, r := range rows {
			if err := check(r, rows[0]); err != nil {
				return Sheet{}, fmt.Errorf("%s: row %d: %w", path, i, err)
			}
		}
		return sheet(rows), nil
	}
}
