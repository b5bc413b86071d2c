package tabular

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// Extra is a column that is passed through as it is, under its own name.
type Extra struct {
	Column string
	Type   sdk.ColumnType // of its elements
}

// ParseExtra reads "column" or "column:type". The types are those of columns:
// str, which is what nothing stands for, i32, i64, f32, f64 and u8.
func ParseExtra(s string) (Extra, error) {
	at := strings.LastIndexByte(s, ':')
	if at < 0 {
		return Extra{s, sdk.ColumnStr}, nil
	}
	t, ok := sdk.ParseColumnType(s[at+1:])
	if !ok || at == 0 {
		return Extra{}, fmt.Errorf("%q: want a column, or column:type with one of str, i32, i64, f32, f64, u8", s)
	}
	return Extra{s[:at], t}, nil
}

// extras reads the extra columns of one file.
type extras struct {
	what []Extra
	at   []int
	data []any
}

// wanted lists where the columns are to be found.
func (e *extras) wanted(option string, what []Extra) []wanted {
	e.what, e.at, e.data = what, make([]int, len(what)), make([]any, len(what))
	out := make([]wanted, len(what))
	for i, x := range what {
		out[i] = wanted{option, x.Column, false, &e.at[i]}
	}
	return out
}

// add reads the fields of a row.
func (e *extras) add(fields [][]byte) (err error) {
	for i, x := range e.what {
		if e.data[i], err = appendField(e.data[i], x.Type, fields[e.at[i]]); err != nil {
			return fmt.Errorf("%s %w", x.Column, err)
		}
	}
	return nil
}

// columns brings all to n rows, with missing values where a row has no line.
func (e *extras) columns(n int) ([]sdk.Column, error) {
	var out []sdk.Column
	for i, x := range e.what {
		c := sdk.Column{Name: x.Column, Data: e.data[i]}
		for c.Data == nil || c.Elements() < n {
			var err error
			if c.Data, err = appendField(c.Data, x.Type, nil); err != nil {
				return nil, fmt.Errorf("%s %w", x.Column, err)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// appendField appends a field to a column of a type. An empty field is a missing
// value, as the contract writes it; bytes have none.
func appendField(data any, t sdk.ColumnType, field []byte) (any, error) {
	s, empty := string(field), len(field) == 0
	switch t {
	case sdk.ColumnI32:
		n, err := number(s, empty, -1, 32)
		d, _ := data.([]int32)
		return append(d, int32(n)), err
	case sdk.ColumnI64:
		n, err := number(s, empty, sdk.MissingTime, 64)
		d, _ := data.([]int64)
		return append(d, n), err
	case sdk.ColumnF32:
		v, err := real(s, empty, 32)
		d, _ := data.([]float32)
		return append(d, float32(v)), err
	case sdk.ColumnF64:
		v, err := real(s, empty, 64)
		d, _ := data.([]float64)
		return append(d, v), err
	case sdk.ColumnU8:
		n, err := strconv.ParseUint(s, 10, 8)
		if err != nil {
			err = fmt.Errorf("%q is not a number from 0 to 255", s)
		}
		d, _ := data.([]uint8)
		return append(d, uint8(n)), err
	}
	d, _ := data.([]string)
	return append(d, s), nil
}

func number(s string, empty bool, missing int64, bits int) (int64, error) {
	if empty {
		return missing, nil
	}
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number of %d bits", s, bits)
	}
	return n, nil
}

func real(s string, empty bool, bits int) (float64, error) {
	if empty {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(s, bits)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return v, nil
}
