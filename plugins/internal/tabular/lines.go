package tabular

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// jsonLines reads one JSON object a line as if it were text: a field is what a
// CSV file would hold, a list its elements joined by the separator of lists.
type jsonLines struct {
	src     *source
	in      *bufio.Reader
	join    string
	columns []string
	lines   int
	line    int // where the row is
	ended   bool
	scratch []byte
	fields  [][]byte
	record  []byte
	began   bool
}

// OpenLines opens dir/name as JSON lines, of whose objects it reads the given
// keys. Elements of lists are joined by join. The first object must have every
// key; where a later one lacks it, the field is empty.
func OpenLines(dir, name, join string, keys []string) (Rows, error) {
	src, err := openSource(dir, name)
	if err != nil {
		return nil, err
	}
	return &jsonLines{
		src: src, in: bufio.NewReaderSize(src, 1<<16), join: join, columns: keys, fields: make([][]byte, len(keys)), ended: true,
	}, nil
}

func (r *jsonLines) Columns() []string { return r.columns }
func (r *jsonLines) Line() int         { return r.line }
func (r *jsonLines) Source() sdk.File  { return r.src.source() }
func (r *jsonLines) Close() error      { return r.src.Close() }

// Refuses nothing: JSON says of each value what it is, so a list where one value
// is wanted is found when it is read.
func (r *jsonLines) Refuses(int, bool) string { return "" }

func (r *jsonLines) Notes() []string {
	if r.ended {
		return nil
	}
	return []string{fmt.Sprintf("%s:%d: the last line has no line end: the file may be cut short", r.src.name, r.lines)}
}

// Read gives the next row that is not blank.
func (r *jsonLines) Read() ([][]byte, error) {
	for {
		if err := r.next(); errors.Is(err, io.EOF) {
			if err := r.src.finish(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		} else if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(r.record)) > 0 {
			break
		}
	}
	r.line = r.lines
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(r.record))
	d.UseNumber()
	err := d.Decode(&object)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more behind its value")
		}
	}
	switch {
	case err != nil:
		return nil, bad(r.src.name, r.line, "is no JSON object (%v): want one object a line, such as {\"user\": \"7\", \"item\": \"12\"}", err)
	case object == nil:
		return nil, bad(r.src.name, r.line, "is null: want one object a line, such as {\"user\": \"7\", \"item\": \"12\"}")
	}
	return r.fields, r.render(object)
}

// next reads a line into the record, without its end.
func (r *jsonLines) next() error {
	r.record = r.record[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.record = append(r.record, part...)
		if len(r.record) > maxLine {
			return bad(r.src.name, r.lines+1, "is longer than %d bytes: want one object a line, not one list of all", maxLine)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil && len(r.record) == 0 {
			return io.EOF
		}
		r.lines++
		r.ended = err == nil
		if r.lines == 1 {
			r.record = bytes.TrimPrefix(r.record, []byte("\xef\xbb\xbf"))
		}
		return nil
	}
}

// maxLine bounds one object: a user's list of a hundred thousand items fits.
const maxLine = 8 << 20

// render writes the wanted fields into the scratch buffer.
func (r *jsonLines) render(object map[string]any) error {
	r.scratch = r.scratch[:0]
	ends := make([]int, len(r.columns))
	for i, key := range r.columns {
		v, ok := object[key]
		if !ok && !r.began {
			has := slices.Sorted(maps.Keys(object))
			return bad(r.src.name, r.line, "has no key %q (it has %s)", key, strings.Join(has, ", "))
		}
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		for n, e := range list {
			if n > 0 {
				r.scratch = append(r.scratch, r.join...)
			}
			var ok bool
			if r.scratch, ok = appendScalar(r.scratch, e); !ok {
				return bad(r.src.name, r.line, "key %q holds an object or a list of lists: want text, a number, or a list of them", key)
			}
		}
		ends[i] = len(r.scratch)
	}
	r.began = true
	from := 0
	for i, to := range ends {
		r.fields[i] = r.scratch[from:to:to]
		from = to
	}
	return nil
}

// appendScalar writes a value as CSV would hold it; null is empty.
func appendScalar(to []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case nil:
	case string:
		return append(to, v...), true
	case json.Number:
		return append(to, v...), true
	case bool:
		return strconv.AppendBool(to, v), true
	default:
		return to, false
	}
	return to, true
}
