package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// schemaKey is where a parquet file keeps the number of the layout.
const schemaKey = "alignuser.schema"

// rowsPerGroup bounds memory and fixes where groups end.
const rowsPerGroup = 1 << 17

// WriteParquet writes rows of a struct with parquet tags. Equal rows give equal
// bytes. A number that is not finite is refused, with its row.
func WriteParquet[T any](w io.Writer, rows []T) error {
	floats := floatFields(reflect.TypeFor[T](), nil)
	if len(floats) > 0 {
		for i := range rows {
			if err := checkFinite(reflect.ValueOf(&rows[i]).Elem(), floats); err != nil {
				return fmt.Errorf("row %d: %w", i, err)
			}
		}
	}
	p := parquet.NewGenericWriter[T](w,
		parquet.CreatedBy("alignuser", "1", "0"), // constant: the manifest has the version
		parquet.KeyValueMetadata(schemaKey, strconv.Itoa(Schema)),
		parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.Compression(&parquet.Zstd),
	)
	if _, err := p.Write(rows); err != nil {
		return err
	}
	return p.Close()
}

// ReadParquet reads what WriteParquet wrote. Columns must be exactly those of T.
func ReadParquet[T any](path string) (rows []T, err error) {
	defer func() {
		// A damaged file can make the decoder panic.
		if r := recover(); r != nil {
			rows, err = nil, fmt.Errorf("%s: damaged: %v", path, r)
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // opened for reading
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: damaged: %w", path, err)
	}
	number, _ := p.Lookup(schemaKey)
	have, err := strconv.Atoi(number)
	if err != nil {
		return nil, fmt.Errorf("%s: not evidence of a run: %s is %q", path, schemaKey, number)
	}
	if err := checkSchema(have, ""); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if want := parquet.SchemaOf(new(T)); !parquet.EqualNodes(want, p.Schema()) {
		return nil, fmt.Errorf("%s: columns are not those of %T:\n%s", path, *new(T), p.Schema())
	}
	reader := parquet.NewGenericReader[T](p)
	defer reader.Close()                            //nolint:errcheck // opened for reading
	for chunk := make([]T, 1<<13); ; clear(chunk) { // grown by what is there, not by what the file claims
		n, err := reader.Read(chunk)
		rows = append(rows, chunk[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", path, len(rows), err)
		}
	}
	if int64(len(rows)) != p.NumRows() {
		return nil, fmt.Errorf("%s: damaged: %d rows of %d", path, len(rows), p.NumRows())
	}
	return rows, nil
}

// floatFields lists the index paths of float fields and float slices.
func floatFields(t reflect.Type, at []int) (out [][]int) {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		path := append(append([]int(nil), at...), i)
		f := t.Field(i).Type
		if f.Kind() == reflect.Slice {
			f = f.Elem()
		}
		switch f.Kind() {
		case reflect.Float32, reflect.Float64:
			out = append(out, path)
		case reflect.Struct:
			if t.Field(i).Type.Kind() == reflect.Struct {
				out = append(out, floatFields(f, path)...)
			}
		}
	}
	return out
}

func checkFinite(row reflect.Value, floats [][]int) error {
	for _, path := range floats {
		f := row.FieldByIndex(path)
		bad := false
		if f.Kind() == reflect.Slice {
			for i := 0; i < f.Len() && !bad; i++ {
				bad = !finite(f.Index(i).Float())
			}
		} else {
			bad = !finite(f.Float())
		}
		if bad {
			return fmt.Errorf("%s is not finite: %v", row.Type().FieldByIndex(path).Name, f)
		}
	}
	return nil
}
