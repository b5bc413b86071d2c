package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/alignuser/alignuser/sdk"
)

// parquetRows reads a Parquet file as if it were text: a field is what a CSV
// file would hold. Timestamps and dates become seconds, a list its elements
// joined by the separator of lists.
type parquetRows struct {
	src     *source
	join    string
	file    *parquet.File
	names   []string
	leaves  []leaf // by column index of the file
	groups  []parquet.RowGroup
	rows    parquet.Rows // of the current group; nil: open the next
	buf     []parquet.Row
	at, n   int // in buf
	row     int
	fields  [][]byte
	scratch []byte
}

// leaf says what to do with a physical column.
type leaf struct {
	field    int // -1: not a table's column
	list     bool
	seconds  int64  // units of a timestamp per second; -1: days
	unusable string // why no field can be made of it
}

// OpenParquet opens dir/name. Elements of list columns are joined by join.
func OpenParquet(dir, name, join string) (_ Rows, err error) {
	src, err := openSource(dir, name)
	if err != nil {
		return nil, err
	}
	r := &parquetRows{src: src, join: join, buf: make([]parquet.Row, 256)}
	defer func() {
		if err != nil {
			_ = src.Close() // the first error counts
		}
	}()
	// The footer is at the end, so a packed file is unpacked into memory, and
	// a plain one is hashed first and read again.
	var at io.ReaderAt = src.file
	size := src.size
	if src.pack != "" {
		whole, err := io.ReadAll(src)
		if err != nil {
			return nil, err
		}
		at, size = bytes.NewReader(whole), int64(len(whole))
	}
	if err := src.finish(); err != nil {
		return nil, err
	}
	return r, r.guard(func() error {
		if err := checkFooter(at, size); err != nil {
			return err
		}
		if r.file, err = parquet.OpenFile(at, size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true)); err != nil {
			return err
		}
		if err := checkPages(at, size, r.file.Metadata()); err != nil {
			return err
		}
		r.groups = r.file.RowGroups()
		r.columns()
		return nil
	})
}

// guard turns whatever damage does to the decoder into an error with a remedy.
func (r *parquetRows) guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		var known *sdk.Error
		if err != nil && !errors.As(err, &known) {
			err = sdk.Invalidf("path", "%s: no Parquet, or a damaged one: %v: fetch it again, or choose the component of its format", r.src.name, err)
		}
	}()
	return do()
}

// columns finds the leaves that are columns of a table: plain ones, and lists of
// plain ones.
func (r *parquetRows) columns() {
	for _, c := range r.file.Root().Columns() {
		inner := c
		for !inner.Leaf() && len(inner.Columns()) == 1 {
			inner = inner.Columns()[0]
		}
		if !inner.Leaf() {
			r.skip(inner)
			continue
		}
		l := leafOf(inner)
		l.field = len(r.names)
		r.names = append(r.names, c.Name())
		r.leaves = append(r.leaves, l)
	}
	r.fields = make([][]byte, len(r.names))
}

// skip passes over the leaves below a group.
func (r *parquetRows) skip(c *parquet.Column) {
	if c.Leaf() {
		r.leaves = append(r.leaves, leaf{field: -1})
	}
	for _, below := range c.Columns() {
		r.skip(below)
	}
}

func leafOf(c *parquet.Column) leaf {
	l := leaf{list: c.MaxRepetitionLevel() > 0}
	if c.MaxRepetitionLevel() > 1 {
		l.unusable = "a list of lists"
	}
	switch c.Type().Kind() {
	case parquet.Int96:
		l.unusable = "INT96: write it as TIMESTAMP"
	case parquet.FixedLenByteArray:
		l.unusable = "of bytes of fixed length: write it as text or number"
	}
	logical := c.Type().LogicalType()
	if logical == nil {
		return l
	}
	switch t := logical.Value.(type) {
	case *format.DecimalType:
		l.unusable = "DECIMAL: write it as DOUBLE"
	case *format.TimeType:
		l.unusable = "TIME: write it as TIMESTAMP"
	case *format.DateType:
		l.seconds = -1
	case *format.TimestampType:
		switch t.Unit.Value.(type) {
		case *format.MilliSeconds:
			l.seconds = int64(time.Second / time.Millisecond)
		case *format.MicroSeconds:
			l.seconds = int64(time.Second / time.Microsecond)
		default:
			l.seconds = int64(time.Second)
		}
	}
	return l
}

func (r *parquetRows) Columns() []string { return r.names }
func (r *parquetRows) Line() int         { return r.row }
func (r *parquetRows) Notes() []string   { return nil }
func (r *parquetRows) Source() sdk.File  { return r.src.source() }

func (r *parquetRows) Refuses(column int, list bool) string {
	l := r.leaves[slices.IndexFunc(r.leaves, func(l leaf) bool { return l.field == column })]
	if l.unusable == "" && l.list && !list {
		return "a list: want a column of single values"
	}
	return l.unusable
}

func (r *parquetRows) Close() error {
	if r.rows != nil {
		_ = r.guard(r.rows.Close) // nothing was written
	}
	return r.src.Close()
}

func (r *parquetRows) Read() (fields [][]byte, err error) {
	more := false
	err = r.guard(func() (err error) {
		if more, err = r.fill(); err != nil || !more {
			return err
		}
		row := r.buf[r.at]
		r.at++
		r.row++
		if int64(r.row) > r.file.NumRows() {
			return fmt.Errorf("more rows than the %d that its end says", r.file.NumRows())
		}
		return r.render(row)
	})
	if err == nil && !more {
		err = io.EOF
	}
	return r.fields, err
}

// fill makes sure that a row is in the buffer; more is false at the end.
func (r *parquetRows) fill() (more bool, err error) {
	for r.at == r.n {
		if r.rows == nil {
			if len(r.groups) == 0 && int64(r.row) != r.file.NumRows() {
				return false, fmt.Errorf("%d rows, its end says %d", r.row, r.file.NumRows())
			}
			if len(r.groups) == 0 {
				return false, nil
			}
			r.rows, r.groups = r.groups[0].Rows(), r.groups[1:]
		}
		n, err := r.rows.ReadRows(r.buf)
		r.at, r.n = 0, n
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if err != nil || n == 0 {
			rows := r.rows
			r.rows = nil
			if err := rows.Close(); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// render writes a row's fields into the scratch buffer.
func (r *parquetRows) render(row parquet.Row) error {
	r.scratch = r.scratch[:0]
	for i := range r.fields {
		r.fields[i] = nil
	}
	from, current := 0, -1
	put := func() {
		if current >= 0 {
			r.fields[current] = r.scratch[from:len(r.scratch):len(r.scratch)]
		}
		from = len(r.scratch)
	}
	for _, v := range row {
		if v.Column() < 0 || v.Column() >= len(r.leaves) {
			return fmt.Errorf("value of column %d", v.Column())
		}
		l := r.leaves[v.Column()]
		if l.field < 0 || l.unusable != "" || v.IsNull() {
			continue
		}
		if l.field != current {
			put()
			current = l.field
		} else {
			r.scratch = append(r.scratch, r.join...)
		}
		if err := r.append(v, l); err != nil {
			return bad(r.src.name, r.row, "column %s: %v", r.names[l.field], err)
		}
	}
	put()
	return nil
}

func (r *parquetRows) append(v parquet.Value, l leaf) error {
	switch v.Kind() {
	case parquet.Boolean:
		r.scratch = strconv.AppendBool(r.scratch, v.Boolean())
	case parquet.Int32, parquet.Int64:
		n := v.Int64()
		if v.Kind() == parquet.Int32 {
			n = int64(v.Int32())
		}
		switch {
		case l.seconds < 0:
			n *= 24 * 60 * 60
		case l.seconds > 0:
			n = floorDiv(n, l.seconds)
		}
		r.scratch = strconv.AppendInt(r.scratch, n, 10)
	case parquet.Float:
		r.scratch = appendFloat(r.scratch, float64(v.Float()), 32)
	case parquet.Double:
		r.scratch = appendFloat(r.scratch, v.Double(), 64)
	case parquet.ByteArray:
		text := v.ByteArray()
		if !utf8.Valid(text) {
			return errors.New("is not UTF-8: write it as text")
		}
		r.scratch = append(r.scratch, text...)
	}
	return nil
}

// appendFloat writes nothing for NaN, by which pandas says missing.
func appendFloat(to []byte, v float64, bits int) []byte {
	if math.IsNaN(v) {
		return to
	}
	return strconv.AppendFloat(to, v, 'f', -1, bits)
}
