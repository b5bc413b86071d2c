package tabular

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/alignuser/alignuser/sdk"
)

type record struct {
	User   string    `parquet:"user"`
	Item   int64     `parquet:"item"`
	Value  *float32  `parquet:"value,optional"`
	Score  float64   `parquet:"score"`
	At     time.Time `parquet:"at,timestamp(millisecond)"`
	Day    int32     `parquet:"day,date"`
	Tags   []string  `parquet:"tags,list"`
	Price  int32     `parquet:"price,decimal(2:9)"`
	Inside struct {
		A, B int32
	} `parquet:"inside"`
	Good bool `parquet:"good"`
}

func parquetFile(t testing.TB, rows ...record) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[record](&b, parquet.MaxRowsPerRowGroup(2), parquet.Compression(&parquet.Zstd))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func someRecords() []record {
	half := float32(0.1)
	return []record{
		{User: "ann", Item: 1 << 60, Value: &half, Score: 1e21, At: time.UnixMilli(1999).UTC(), Day: 2, Tags: []string{"x", "y"}, Good: true},
		{User: "bob", Item: -3, At: time.UnixMilli(-1).UTC()},
		{User: "é", Item: 0, Score: 0.5, Tags: []string{"z"}},
	}
}

func TestParquet(t *testing.T) {
	plain := parquetFile(t, someRecords()...)
	want := [][]string{
		{"ann", "1152921504606846976", "0.1", "1000000000000000000000", "1", "172800", "x|y", "", "true"},
		{"bob", "-3", "", "0", "-1", "0", "", "", "false"},
		{"é", "0", "", "0.5", "0", "0", "z", "", "false"},
	}
	for name, content := range map[string][]byte{"f.parquet": plain, "f.gz": gzipped(t, plain), "f.zst": zstded(t, plain)} {
		r, err := OpenParquet(write(t, name, content), name, "|")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"user", "item", "value", "score", "at", "day", "tags", "price", "good"}, r.Columns()); d != "" {
			t.Error(d)
		}
		rows, err := all(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row[4] == "-62135596800" { // the zero time of the third record
				row[4] = "0"
			}
		}
		if d := cmp.Diff(want, rows); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if r.Line() != 3 || r.Source().Bytes != int64(len(content)) || len(r.Source().SHA256) != 64 {
			t.Errorf("%s: line %d, source %+v", name, r.Line(), r.Source())
		}
		for column, want := range map[int]string{0: "", 6: "a list", 7: "DECIMAL: write it as DOUBLE"} {
			if got := r.Refuses(column, false); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("column %d: refused with %q, want %q", column, got, want)
			}
		}
		if got := r.Refuses(6, true); got != "" {
			t.Errorf("a list where one is welcome: %q", got)
		}
		r.Close()
	}
}

// TestParquetDamage: a file cut anywhere is refused with a remedy.
func TestParquetDamage(t *testing.T) {
	plain := parquetFile(t, someRecords()...)
	for cut := 0; cut < len(plain); cut += 7 {
		if err := readParquet(t, plain[:cut]); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "f: no Parquet, or a damaged one") {
			t.Errorf("cut to %d bytes: %v", cut, err)
		}
	}
	if err := readParquet(t, parquetFile(t, record{User: "\xe9"})); err == nil || !strings.Contains(err.Error(), "f:1: column user: is not UTF-8") {
		t.Errorf("text that is not UTF-8: %v", err)
	}
}

func readParquet(t testing.TB, content []byte) error {
	t.Helper()
	r, err := OpenParquet(write(t, "f", content), "f", "|")
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = all(r)
	return err
}

// FuzzParquet: no file breaks the reader, and none makes it allocate beyond what
// its size explains.
func FuzzParquet(f *testing.F) {
	for _, how := range []parquet.WriterOption{
		parquet.Compression(&parquet.Uncompressed), parquet.Compression(&parquet.Snappy), parquet.Compression(&parquet.Zstd), parquet.DataPageVersion(1),
	} {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[record](&b, parquet.MaxRowsPerRowGroup(2), how)
		if _, err := w.Write(someRecords()); err != nil {
			f.Fatal(err)
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		before := allocated()
		if err := readParquet(t, content); err != nil && !errors.Is(err, sdk.ErrInvalid) {
			t.Fatalf("error without a kind: %v", err)
		}
		if n := allocated() - before; n > 1<<28 {
			t.Fatalf("%d bytes of a file of %d", n, len(content))
		}
	})
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// TestParquetRandomDamage: changed bytes become an error or other values, never
// a panic.
func TestParquetRandomDamage(t *testing.T) {
	plain := parquetFile(t, someRecords()...)
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		damaged := bytes.Clone(plain)
		for range 1 + random.IntN(3) {
			damaged[random.IntN(len(damaged))] = byte(random.IntN(256))
		}
		if err := readParquet(t, damaged); err != nil && !errors.Is(err, sdk.ErrInvalid) {
			t.Fatalf("error without a kind: %v", err)
		}
	}
}
