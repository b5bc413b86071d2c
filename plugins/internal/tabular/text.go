package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alignuser/alignuser/sdk"
)

// Text says how a file of separated text is written.
type Text struct {
	Separator string // one character or several, such as "::"
	Quotes    bool   // fields may be "quoted", with "" for a quote and line ends inside
	Header    bool   // the first line names the columns
	Latin1    bool   // ISO-8859-1 instead of UTF-8
	RecBole   bool   // the header is name:type; implies Header
}

// maxRecord bounds one row: beyond it a quote was never closed, or the file is
// no text.
const maxRecord = 1 << 20

// text reads rows of separated text.
type text struct {
	Text
	src    *source
	in     *bufio.Reader
	header []string
	seq    []bool

	lines int // read so far
	line  int // where the row began
	width int // fields of every row; 0: not known yet

	record  []byte // the row, decoded, without its line end
	scratch []byte // fields whose quotes were doubled
	fields  [][]byte
	ended   bool // the last line had a line end

	high, invalid int // first line with bytes above 127, first that is not UTF-8
}

// Open opens dir/name as separated text and reads its header.
func Open(dir, name string, t Text) (Rows, error) {
	src, err := openSource(dir, name)
	if err != nil {
		return nil, err
	}
	r := &text{Text: t, src: src, in: bufio.NewReaderSize(src, 1<<16), ended: true}
	if err := r.begin(); err != nil {
		_ = src.Close() // the first error counts
		return nil, err
	}
	return r, nil
}

func (r *text) Columns() []string { return r.header }
func (r *text) Line() int         { return r.line }
func (r *text) Source() sdk.File  { return r.src.source() }
func (r *text) Close() error      { return r.src.Close() }

func (r *text) Refuses(column int, list bool) string {
	if !list && column < len(r.seq) && r.seq[column] {
		return "a sequence: want a column of single values"
	}
	return ""
}

func (r *text) Notes() []string {
	if r.ended {
		return nil
	}
	return []string{fmt.Sprintf("%s:%d: the last line has no line end: the file may be cut short", r.src.name, r.lines)}
}

// begin skips a byte order mark and reads the header.
func (r *text) begin() error {
	head, err := r.in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.Equal(head, []byte("\xef\xbb\xbf")) && !r.Latin1:
		_, _ = r.in.Discard(3) // just peeked
	case bytes.Equal(head, []byte("\xef\xbb\xbf")):
		return bad(r.src.name, 1, `begins with the mark of UTF-8: set encoding = "utf-8"`)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return bad(r.src.name, 1, "is UTF-16: convert it to UTF-8 (iconv -f utf-16 -t utf-8)")
	case bytes.Equal(head, []byte("PAR")):
		return bad(r.src.name, 1, `is Parquet: read it as such (component or format = "parquet")`)
	case bytes.HasPrefix(head, []byte("PK\x03")):
		return bad(r.src.name, 1, "is a zip archive: unpack it")
	}
	if !r.Header && !r.RecBole {
		return nil
	}
	fields, err := r.Read()
	if errors.Is(err, io.EOF) {
		return sdk.Invalidf("path", "%s: empty: want a header and rows", r.src.name)
	}
	if err != nil {
		return err
	}
	for i, f := range fields {
		name := strings.TrimSpace(string(f))
		if r.RecBole {
			if name, err = r.typed(name); err != nil {
				return err
			}
		}
		if name == "" {
			return bad(r.src.name, r.line, "column %d has no name: name it, or set header = false where there is no header", i+1)
		}
		if slices.Contains(r.header, name) {
			return bad(r.src.name, r.line, "two columns are called %q: rename one, or set header = false where there is no header", name)
		}
		r.header = append(r.header, name)
	}
	return nil
}

// typed cuts "name:type" of RecBole and notes the type.
func (r *text) typed(field string) (string, error) {
	at := strings.LastIndexByte(field, ':')
	if at < 0 {
		return "", bad(r.src.name, r.line, "%q: a header of RecBole says name:type, such as user_id:token", field)
	}
	switch kind := field[at+1:]; kind {
	case "token", "float":
		r.seq = append(r.seq, false)
	case "token_seq", "float_seq":
		r.seq = append(r.seq, true)
	default:
		return "", bad(r.src.name, r.line, "%q: unknown type %q (known: token, token_seq, float, float_seq)", field, kind)
	}
	return field[:at], nil
}

// Read gives the next row that is not blank.
func (r *text) Read() ([][]byte, error) {
	for {
		r.record, r.scratch, r.fields = r.record[:0], r.scratch[:0], r.fields[:0]
		r.line = r.lines + 1
		if err := r.next(); errors.Is(err, io.EOF) {
			return nil, r.end()
		} else if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(r.record)) == 0 {
			continue
		}
		if err := r.split(); err != nil {
			return nil, err
		}
		if r.width == 0 {
			r.width = len(r.fields)
		}
		if len(r.fields) != r.width {
			return nil, bad(r.src.name, r.line, "%s, %d before: the line is cut short or damaged, or separator is not %q", count(len(r.fields), "field"), r.width, r.Separator)
		}
		return r.fields, nil
	}
}

// next appends a line to the record, decoded and without its end.
func (r *text) next() error {
	start := len(r.record)
	for {
		part, err := r.in.ReadSlice('\n')
		r.record = append(r.record, part...)
		if len(r.record) > maxRecord {
			return bad(r.src.name, r.line, "is longer than %d bytes: a quote that is never closed, or no text", maxRecord)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil && len(r.record) == start {
			return io.EOF
		}
		r.lines++
		r.ended = err == nil
		break
	}
	end := len(r.record)
	if r.ended {
		end--
	}
	if end > start && r.record[end-1] == '\r' {
		end--
	}
	r.record = r.record[:end]
	return r.decode(start)
}

// decode makes UTF-8 of the record from a position on.
func (r *text) decode(from int) error {
	high := false
	for _, b := range r.record[from:] {
		if b == 0 {
			return bad(r.src.name, r.lines, "holds a zero byte: the file is damaged, or no text")
		}
		high = high || b >= utf8.RuneSelf
	}
	if !high {
		return nil
	}
	if r.high == 0 {
		r.high = r.lines
	}
	valid := utf8.Valid(r.record[from:])
	if !valid && r.invalid == 0 {
		r.invalid = r.lines
	}
	if !r.Latin1 {
		if !valid {
			return bad(r.src.name, r.lines, `is not UTF-8: set encoding = "latin-1" if the file is ISO-8859-1, or convert it (iconv)`)
		}
		return nil
	}
	line := slices.Clone(r.record[from:])
	r.record = r.record[:from]
	for _, b := range line {
		r.record = utf8.AppendRune(r.record, rune(b))
	}
	return nil
}

// end checks the file as a whole.
func (r *text) end() error {
	if r.Latin1 && r.high > 0 && r.invalid == 0 {
		return bad(r.src.name, r.high, `all accents of the file are UTF-8: set encoding = "utf-8"`)
	}
	if err := r.src.finish(); err != nil {
		return err
	}
	return io.EOF
}

// split cuts the record into fields.
func (r *text) split() error {
	sep := []byte(r.Separator)
	at := 0
	for {
		if r.Quotes && at < len(r.record) && r.record[at] == '"' {
			field, after, err := r.quoted(at)
			if err != nil {
				return err
			}
			r.fields = append(r.fields, field)
			if after == len(r.record) {
				return nil
			}
			if !bytes.HasPrefix(r.record[after:], sep) {
				return bad(r.src.name, r.line, "field %d goes on after its closing quote: double quotes inside a field, or set quotes = false", len(r.fields))
			}
			at = after + len(sep)
			continue
		}
		n := bytes.Index(r.record[at:], sep)
		field := r.record[at:]
		if n >= 0 {
			field = field[:n]
		}
		if r.Quotes && bytes.IndexByte(field, '"') >= 0 {
			return bad(r.src.name, r.line, "field %d has a quote inside but is not quoted: quote it and double the quotes inside, or set quotes = false", len(r.fields)+1)
		}
		r.fields = append(r.fields, field)
		if n < 0 {
			return nil
		}
		at += n + len(sep)
	}
}

// quoted gives the field whose opening quote is at a position, and the position
// after its closing quote. A field that goes on reads further lines.
func (r *text) quoted(open int) (field []byte, after int, err error) {
	begin := len(r.scratch)
	at := open + 1
	for {
		n := bytes.IndexByte(r.record[at:], '"')
		if n < 0 {
			r.scratch = append(append(r.scratch, r.record[at:]...), '\n')
			at = len(r.record)
			if err := r.next(); errors.Is(err, io.EOF) {
				return nil, 0, bad(r.src.name, r.line, "field %d opens a quote that is never closed: the file is cut short or damaged, or set quotes = false", len(r.fields)+1)
			} else if err != nil {
				return nil, 0, err
			}
			continue
		}
		r.scratch = append(r.scratch, r.record[at:at+n]...)
		at += n + 1
		if at == len(r.record) || r.record[at] != '"' {
			return r.scratch[begin:len(r.scratch):len(r.scratch)], at, nil
		}
		r.scratch = append(r.scratch, '"')
		at++
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
