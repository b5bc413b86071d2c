package record

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// writeTable writes a CSV file in one step.
func writeTable(path string, header []string, rows [][]string) error {
	return WriteFile(path, func(w io.Writer) error { return encodeTable(w, header, rows) })
}

func encodeTable(w io.Writer, header []string, rows [][]string) error {
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return err
	}
	return c.WriteAll(rows)
}

// readTable reads a CSV file with exactly this header and hands row to each
// line. Errors name the line.
func readTable(path string, header []string, row func(fields []string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // opened for reading
	return parseTable(f, path, header, row)
}

func parseTable(from io.Reader, name string, header []string, row func(fields []string) error) error {
	c := csv.NewReader(from)
	c.FieldsPerRecord = len(header)
	c.ReuseRecord = true
	first, err := c.Read()
	if err != nil || !slices.Equal(first, header) {
		if err == nil || errors.Is(err, csv.ErrFieldCount) || errors.Is(err, io.EOF) {
			err = fmt.Errorf("want the header %s", strings.Join(header, ","))
		}
		return fmt.Errorf("%s:1: %w", name, err)
	}
	for {
		fields, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := row(fields); err != nil {
			line, _ := c.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
}

// parseKey reads the four columns that begin every table. Repeat is at least low.
func parseKey(f []string, low int) (k CellKey, err error) {
	if f[2] == "" {
		return k, errors.New("agent: want a name or -")
	}
	k = CellKey{Task: strings.Clone(f[0]), Recommender: strings.Clone(undash(f[1])), Agent: strings.Clone(undash(f[2]))}
	if k.Repeat, err = parseInt(f[3], low); err != nil {
		return k, fmt.Errorf("repeat: %w", err)
	}
	return k, k.Check()
}

// ascending reports keys that are not strictly in order.
type ascending struct {
	last CellKey
	any  bool
}

func (a *ascending) next(k CellKey) error {
	if a.any && a.last.Compare(k) >= 0 {
		return fmt.Errorf("cell %s is doubled or out of order", k)
	}
	a.last, a.any = k, true
	return nil
}
