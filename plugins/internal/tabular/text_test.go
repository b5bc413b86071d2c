package tabular

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write puts a file into a folder of its own.
func write(t testing.TB, name string, content []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// all reads the rows that are left.
func all(r Rows) (rows [][]string, err error) {
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		row := make([]string, len(fields))
		for i, f := range fields {
			row[i] = string(f)
		}
		rows = append(rows, row)
	}
}

func readText(t testing.TB, content string, how Text) (header []string, rows [][]string, err error) {
	t.Helper()
	r, err := Open(write(t, "f", []byte(content)), "f", how)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	rows, err = all(r)
	return r.Columns(), rows, err
}

func TestText(t *testing.T) {
	csv := Text{Separator: ",", Quotes: true, Header: true}
	for name, c := range map[string]struct {
		how     Text
		content string
		header  []string
		rows    [][]string
	}{
		"csv": {csv, "id,title\n1,Plain\n2,\"A, B\"\n3,\"say \"\"hi\"\"\"\n4,\n", []string{"id", "title"}, [][]string{
			{"1", "Plain"}, {"2", "A, B"}, {"3", `say "hi"`}, {"4", ""},
		}},
		"carriage returns, blank lines, a mark": {csv, "\xef\xbb\xbfid,title\r\n\r\n1,a\r\n2,b", []string{"id", "title"}, [][]string{{"1", "a"}, {"2", "b"}}},
		"a line end in quotes":                  {csv, "a,b\n\"x\r\ny\",\"\"\n", []string{"a", "b"}, [][]string{{"x\ny", ""}}},
		"colons":                                {Text{Separator: "::"}, "1::A: B::2\n2:::C::3\n", nil, [][]string{{"1", "A: B", "2"}, {"2", ":C", "3"}}},
		"tabs, quotes are text":                 {Text{Separator: "\t"}, "1\t\"x\n2\ty\"z\n", nil, [][]string{{"1", `"x`}, {"2", `y"z`}}},
		"latin-1":                               {Text{Separator: ",", Latin1: true}, "1,Caf\xe9\n", nil, [][]string{{"1", "Café"}}},
		"recbole":                               {Text{Separator: "\t", RecBole: true}, "user_id:token\tx:y:float_seq\n1\t2 3\n", []string{"user_id", "x:y"}, [][]string{{"1", "2 3"}}},
	} {
		header, rows, err := readText(t, c.content, c.how)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(c.header, header); d != "" {
			t.Errorf("%s: header: %s", name, d)
		}
		if d := cmp.Diff(c.rows, rows); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestTextRefused(t *testing.T) {
	csv := Text{Separator: ",", Quotes: true, Header: true}
	plain := Text{Separator: ","}
	for name, c := range map[string]struct {
		how     Text
		content string
		want    []string
	}{
		"cut short":            {csv, "a,b\n1,2\n\n3\n", []string{"f:4: 1 field, 2 before", "cut short"}},
		"too many fields":      {csv, "a,b\n1,2,3\n", []string{"f:2: 3 fields, 2 before"}},
		"another separator":    {Text{Separator: "::"}, "1::2\n1,2\n", []string{`f:2: 1 field`, `separator is not "::"`}},
		"open quote":           {csv, "a,b\n1,\"x\n2,y\n", []string{"f:2: field 2 opens a quote that is never closed"}},
		"text after a quote":   {csv, "a,b\n1,\"x\"y\n", []string{"f:2: field 2 goes on after its closing quote"}},
		"quote inside":         {csv, "a,b\n1,x\"y\n", []string{"f:2: field 2 has a quote inside", "quotes = false"}},
		"not UTF-8":            {plain, "1,a\n2,\xe9\n", []string{"f:2: is not UTF-8", `encoding = "latin-1"`}},
		"not latin-1":          {Text{Separator: ",", Latin1: true}, "1,a\n2,é\n", []string{"f:2: all accents", `encoding = "utf-8"`}},
		"UTF-16":               {plain, "\xff\xfe1\x00", []string{"f:1: is UTF-16"}},
		"zero byte":            {plain, "1,a\n2,\x00\n", []string{"f:2: holds a zero byte"}},
		"zip":                  {plain, "PK\x03\x04", []string{"unpack it"}},
		"parquet":              {plain, "PAR1", []string{`component or format = "parquet"`}},
		"empty":                {csv, "", []string{"f: empty"}},
		"nameless column":      {csv, "a,,b\n", []string{"f:1: column 2 has no name"}},
		"name twice":           {csv, "a,b,a\n", []string{`f:1: two columns are called "a"`}},
		"no types":             {Text{Separator: "\t", RecBole: true}, "a\tb:token\n", []string{`f:1: "a"`, "name:type"}},
		"unknown type":         {Text{Separator: "\t", RecBole: true}, "a:int\n", []string{`unknown type "int"`}},
		"a line without end":   {plain, strings.Repeat("x", maxRecord+1), []string{"f:1: is longer than"}},
		"a record without end": {csv, "a\n\"" + strings.Repeat("x\n", maxRecord), []string{"f:2: is longer than"}},
	} {
		_, _, err := readText(t, c.content, c.how)
		for _, want := range c.want {
			if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v does not say %q", name, err, want)
			}
		}
	}
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t testing.TB, content []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(content, nil)
}

// TestPacked: all packings give the same rows; a file cut anywhere, or with a
// byte changed, never gives other rows without an error.
func TestPacked(t *testing.T) {
	content := []byte("1,2\n3,4\n5,6\n")
	want := [][]string{{"1", "2"}, {"3", "4"}, {"5", "6"}}
	for name, packed := range map[string][]byte{"f": content, "f.gz": gzipped(t, content), "f.zst": zstded(t, content)} {
		read := func(b []byte) ([][]string, error) {
			r, err := Open(write(t, name, b), name, Text{Separator: ","})
			if err != nil {
				return nil, err
			}
			defer r.Close()
			rows, err := all(r)
			if err == nil && r.Source().Bytes != int64(len(b)) {
				t.Errorf("%s: source %+v of %d bytes", name, r.Source(), len(b))
			}
			return rows, err
		}
		if rows, err := read(packed); err != nil || cmp.Diff(want, rows) != "" {
			t.Errorf("%s: %v, %v", name, rows, err)
		}
		if name == "f" {
			continue
		}
		for cut := range packed {
			if rows, err := read(packed[:cut]); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "fetch it again") {
				t.Errorf("%s cut to %d bytes: %v, %v", name, cut, rows, err)
			}
			changed := bytes.Clone(packed)
			changed[cut] ^= 0x10
			if rows, err := read(changed); err == nil && cmp.Diff(want, rows) != "" {
				t.Errorf("%s with byte %d changed: %v", name, cut, rows)
			}
		}
	}
}

// TestSourceHash: the hash is of the packed file whole.
func TestSourceHash(t *testing.T) {
	r, err := Open(write(t, "f", []byte("abc")), "f", Text{Separator: ","})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := all(r); err != nil {
		t.Fatal(err)
	}
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if d := cmp.Diff(sdk.File{Path: "f", Bytes: 3, SHA256: abc}, r.Source()); d != "" {
		t.Error(d)
	}
	if notes := r.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "no line end") {
		t.Errorf("notes %q", notes)
	}
}

func TestMissingFile(t *testing.T) {
	dir := write(t, "ratings.csv.gz", gzipped(t, []byte("x")))
	for name, want := range map[string]string{
		"ratings.csv": "did you mean ratings.csv.gz?",
		"other":       "which holds ratings.csv.gz",
		"../x":        "want a file inside the folder",
		".":           "no plain file",
	} {
		if _, err := Open(dir, name, Text{Separator: ","}); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", name, err, want)
		}
	}
	if _, err := Open(write(t, "x.gz", []byte("1,2\n")), "x.gz", Text{Separator: ","}); err == nil || !strings.Contains(err.Error(), "its name says packed") {
		t.Errorf("unpacked under a packed name: %v", err)
	}
}

// TestQuotedRoundTrip: whatever is written with quotes is read again.
func TestQuotedRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		separator := rapid.SampledFrom([]string{",", ";", "::", "\t"}).Draw(rt, "separator")
		width := rapid.IntRange(1, 4).Draw(rt, "width")
		field := rapid.StringMatching(`[a-z,;:"é\t\n ]{0,6}`)
		var want [][]string
		var b strings.Builder
		for range rapid.IntRange(1, 5).Draw(rt, "rows") {
			row := make([]string, width)
			for i := range row {
				row[i] = field.Draw(rt, "field")
				if i > 0 {
					b.WriteString(separator)
				}
				b.WriteString(`"` + strings.ReplaceAll(row[i], `"`, `""`) + `"`)
			}
			b.WriteString("\n")
			want = append(want, row)
		}
		_, rows, err := readText(t, b.String(), Text{Separator: separator, Quotes: true})
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(want, rows); d != "" {
			rt.Fatal(d)
		}
	})
}

// FuzzText: no input breaks the reader, and all rows have one width.
func FuzzText(f *testing.F) {
	f.Add([]byte("a,b\n1,\"x\n\"\"y\"\n"), ",", true, true, false, false)
	f.Add([]byte("1::2::\xe9\n"), "::", false, false, true, false)
	f.Add([]byte("u:token\tx:float_seq\n1\t2 3\n"), "\t", false, true, false, true)
	f.Fuzz(func(t *testing.T, content []byte, separator string, quotes, header, latin1, recbole bool) {
		if separator == "" || strings.ContainsAny(separator, "\"\r\n\x00") {
			return
		}
		r, err := Open(write(t, "f", content), "f", Text{separator, quotes, header, latin1, recbole})
		if err != nil {
			if !errors.Is(err, sdk.ErrInvalid) {
				t.Fatalf("error without a kind: %v", err)
			}
			return
		}
		defer r.Close()
		rows, err := all(r)
		if err != nil && !errors.Is(err, sdk.ErrInvalid) {
			t.Fatalf("error without a kind: %v", err)
		}
		for _, row := range rows {
			if len(row) != len(rows[0]) {
				t.Fatalf("rows of %d and %d fields", len(rows[0]), len(row))
			}
		}
	})
}
