package sdk_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
)

// anyTable draws a table of up to 200 rows with columns of all types.
func anyTable(t *rapid.T) sdk.Table {
	rows := rapid.IntRange(0, 200).Draw(t, "rows")
	out := sdk.Table{Name: "t"}
	for i, typ := range rapid.SliceOfN(rapid.IntRange(1, 6), 1, 6).Draw(t, "types") {
		c := sdk.Column{Name: fmt.Sprintf("c%d", i)}
		n := rows
		if rapid.Bool().Draw(t, "list") {
			c.Lists = make([]uint32, rows+1)
			for r := range rows {
				c.Lists[r+1] = c.Lists[r] + rapid.Uint32Range(0, 3).Draw(t, "length")
			}
			n = int(c.Lists[rows])
		}
		switch sdk.ColumnType(typ) {
		case sdk.ColumnI32:
			c.Data = rapid.SliceOfN(rapid.Int32(), n, n).Draw(t, "i32")
		case sdk.ColumnI64:
			c.Data = rapid.SliceOfN(rapid.Int64(), n, n).Draw(t, "i64")
		case sdk.ColumnF32:
			c.Data = rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "f32")
		case sdk.ColumnF64:
			c.Data = rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, "f64")
		case sdk.ColumnU8:
			c.Data = rapid.SliceOfN(rapid.Uint8(), n, n).Draw(t, "u8")
		case sdk.ColumnStr:
			strs := rapid.SliceOfN(rapid.String(), n, n).Draw(t, "str")
			for i, s := range strs { // some long enough to force small chunks
				strs[i] = strings.Repeat(s, rapid.SampledFrom([]int{1, 1, 1, 2_000}).Draw(t, "times"))
				if len(strs[i]) > 25_000 { // a row of 18 must fit a message
					strs[i] = s
				}
			}
			c.Data = strs
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}

// TestCutIsTheTable: the chunks joined are the table, numbered from 0, none
// empty but the only one, and each fits a message once encoded.
func TestCutIsTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyTable(t)
		var got sdk.Table
		next := int64(0)
		err := sdk.Cut(want, nil, func(c sdk.Chunk) error {
			if c.Seq != next {
				t.Fatalf("chunk %d, want %d", c.Seq, next)
			}
			next++
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			if c.Rows() == 0 && want.Rows() > 0 || c.Rows() > sdk.MaxChunkRows {
				t.Fatalf("a chunk of %d rows", c.Rows())
			}
			m, err := convert.ToChunk(c)
			if err != nil {
				t.Fatal(err)
			}
			if n := proto.Size(m); n >= sdk.MaxMessage {
				t.Fatalf("%d bytes", n)
			}
			got = join(got, c.Table)
			return nil
		})
		if err != nil || next == 0 {
			t.Fatal(err, next)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// join appends the rows of b to a copy of a.
func join(a, b sdk.Table) sdk.Table {
	if len(a.Columns) == 0 {
		a = sdk.Table{Name: b.Name}
		for _, c := range b.Columns {
			none := sdk.Column{Name: c.Name, Data: empty(c)}
			if c.Lists != nil {
				none.Lists = []uint32{0}
			}
			a.Columns = append(a.Columns, none)
		}
	}
	for i := range a.Columns {
		x, y := &a.Columns[i], b.Columns[i]
		if x.Lists != nil {
			base := uint32(x.Elements())
			for _, at := range y.Lists[1:] {
				x.Lists = append(x.Lists, base+at)
			}
		}
		switch d := y.Data.(type) {
		case []int32:
			x.Data = append(x.Data.([]int32), d...)
		case []int64:
			x.Data = append(x.Data.([]int64), d...)
		case []float32:
			x.Data = append(x.Data.([]float32), d...)
		case []float64:
			x.Data = append(x.Data.([]float64), d...)
		case []uint8:
			x.Data = append(x.Data.([]uint8), d...)
		case []string:
			x.Data = append(x.Data.([]string), d...)
		}
	}
	return a
}

func empty(c sdk.Column) any {
	switch c.Type() {
	case sdk.ColumnI32:
		return []int32{}
	case sdk.ColumnI64:
		return []int64{}
	case sdk.ColumnF32:
		return []float32{}
	case sdk.ColumnF64:
		return []float64{}
	case sdk.ColumnU8:
		return []uint8{}
	}
	return []string{}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		rows int
		want []int
	}{
		{0, []int{0}},
		{1, []int{1}},
		{sdk.MaxChunkRows, []int{32768}},
		{sdk.MaxChunkRows + 1, []int{32768, 1}},
		{100_000, []int{32768, 32768, 32768, 1696}},
	} {
		var got []int
		table := sdk.Table{Name: "t", Columns: []sdk.Column{{Name: "a", Data: make([]int32, tt.rows)}, {Name: "b", Data: make([]int64, tt.rows)}}}
		err := sdk.Cut(table, []string{"b"}, func(c sdk.Chunk) error {
			if len(c.Columns) != 1 || c.Columns[0].Name != "b" {
				t.Errorf("columns %+v", c.Columns)
			}
			got = append(got, c.Rows())
			return nil
		})
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%d rows: %v, %v, want %v", tt.rows, got, err, tt.want)
		}
	}
	// 300 rows of 10,000 bytes are three messages at least.
	long := sdk.Table{Name: "t", Columns: []sdk.Column{{Name: "a", Data: slices.Repeat([]string{strings.Repeat("x", 10_000)}, 300)}}}
	rows, chunks := 0, 0
	err := sdk.Cut(long, nil, func(c sdk.Chunk) error {
		rows, chunks = rows+c.Rows(), chunks+1
		_, err := convert.ToChunk(c)
		return err
	})
	if err != nil || rows != 300 || chunks < 3 {
		t.Errorf("long rows: %d rows in %d chunks, %v", rows, chunks, err)
	}
	one := sdk.Table{Name: "t", Columns: []sdk.Column{{Name: "a", Data: []int32{1}}}}
	if err := sdk.Cut(one, []string{"z"}, nil); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("missing column: %v", err)
	}
	stop := errors.New("stop")
	if err := sdk.Cut(one, nil, func(sdk.Chunk) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("yield: %v", err)
	}
}

func TestTableCheck(t *testing.T) {
	good := sdk.Column{Name: "a", Data: []int32{1, 2}}
	for name, c := range map[string]sdk.Column{
		"length":     {Name: "b", Data: []int32{1}},
		"type":       {Name: "b", Data: []int{1, 2}},
		"no data":    {Name: "b"},
		"no lists":   {Name: "b", Data: []int32{1, 2}, Lists: []uint32{}},
		"start":      {Name: "b", Data: []int32{1, 2}, Lists: []uint32{1, 1, 2}},
		"end":        {Name: "b", Data: []int32{1, 2}, Lists: []uint32{0, 1, 1}},
		"decreasing": {Name: "b", Data: []int32{1, 2}, Lists: []uint32{0, 3, 2}},
	} {
		if err := (sdk.Table{Name: "t", Columns: []sdk.Column{good, c}}).Check(); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (sdk.Table{}).Check(); err != nil {
		t.Errorf("no columns: %v", err)
	}
}

func TestNames(t *testing.T) {
	for c := sdk.ColumnI32; c <= sdk.ColumnStr; c++ {
		if got, ok := sdk.ParseColumnType(c.String()); !ok || got != c {
			t.Errorf("%v: %v", c, got)
		}
	}
	for k := sdk.KindRecommender; k <= sdk.KindLLM; k++ {
		if got, ok := sdk.ParseKind(k.String()); !ok || got != k {
			t.Errorf("%v: %v", k, got)
		}
	}
	for _, s := range []string{"", "unknown", "i33", "agent"} {
		if _, ok := sdk.ParseColumnType(s); ok {
			t.Errorf("column type %q", s)
		}
		if _, ok := sdk.ParseKind(s); ok {
			t.Errorf("kind %q", s)
		}
	}
}
