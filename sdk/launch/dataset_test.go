package launch_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// catalogue writes a training part over a number of items.
func catalogue(t testing.TB, items int) sdk.DataRef {
	t.Helper()
	ref, err := columns.Write(filepath.Join(t.TempDir(), "train"), columns.Meta{Users: 1, Items: items})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func savedDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "counts"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPrepare(t *testing.T) {
	c, spec := configured(t, "dataset", "numbers", nil)
	d := c.Dataset(spec)
	var events []sdk.Event
	got, err := d.Prepare(t.Context(), sdk.PrepareRequest{CacheDir: "/cache"}, func(e sdk.Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	want, _ := (&numbers{}).Prepare(t.Context(), sdk.PrepareRequest{}, func(sdk.Event) {})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]sdk.Event{sdk.Progress{Stage: "make", Message: "/cache"}}, events); diff != "" {
		t.Error(diff)
	}
	if _, err := d.Prepare(t.Context(), sdk.PrepareRequest{Offline: true}, nil); !errors.Is(err, sdk.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func TestRead(t *testing.T) {
	for _, rows := range []int{0, 1, sdk.MaxChunkRows, sdk.MaxChunkRows + 1, 100_000} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			c, spec := configured(t, "dataset", "numbers", sdk.Options{"rows": int64(rows)})
			var got sdk.Table
			chunks := 0
			err := c.Dataset(spec).Read(t.Context(), sdk.ReadRequest{Table: "interactions"}, func(c sdk.Chunk) error {
				chunks++
				got = join(got, c.Table)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if want := (&numbers{rows: rows}).table(); !reflect.DeepEqual(want, got) { // cmp.Diff takes seconds
				t.Errorf("got %d rows, want %d, or other values", got.Rows(), want.Rows())
			}
			if rows > sdk.MaxChunkRows && chunks < 2 || rows <= 1 && chunks != 1 {
				t.Errorf("%d chunks", chunks)
			}
		})
	}
}

// join appends the rows of b to a.
func join(a, b sdk.Table) sdk.Table {
	if len(a.Columns) == 0 {
		return b
	}
	for i := range a.Columns {
		x, y := &a.Columns[i], b.Columns[i]
		base := uint32(x.Elements())
		switch d := x.Data.(type) {
		case []int32:
			x.Data = append(d, y.Data.([]int32)...)
		case []int64:
			x.Data = append(d, y.Data.([]int64)...)
		case []string:
			x.Data = append(d, y.Data.([]string)...)
		}
		if x.Lists != nil {
			for _, at := range y.Lists[1:] {
				x.Lists = append(x.Lists, base+at)
			}
		}
	}
	return a
}

func TestReadSomeColumns(t *testing.T) {
	c, spec := configured(t, "dataset", "numbers", sdk.Options{"rows": int64(5)})
	d := c.Dataset(spec)
	err := d.Read(t.Context(), sdk.ReadRequest{Table: "interactions", Columns: []string{"tags", "user"}}, func(c sdk.Chunk) error {
		if len(c.Columns) != 2 || c.Columns[0].Name != "tags" || c.Rows() != 5 {
			t.Errorf("%+v", c)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	stop := errors.New("enough")
	if err := d.Read(t.Context(), sdk.ReadRequest{Table: "interactions"}, func(sdk.Chunk) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error of yield: %v", err)
	}
	for table, want := range map[string]string{
		"nothing": "no table nothing", "huge-chunk": "40000 rows", "skips": "chunk 1", "changes": "the first had a of i32", "silent": "no chunk",
	} {
		err := d.Read(t.Context(), sdk.ReadRequest{Table: table}, func(sdk.Chunk) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, sdk.ErrInvalid) != (table == "nothing") {
			t.Errorf("table %s: %v, want %q", table, err, want)
		}
	}
}

func TestRespond(t *testing.T) {
	c, spec := configured(t, "dataset", "numbers", nil)
	d := c.Dataset(spec)
	req := sdk.RespondRequest{
		Users: []int32{0, 1}, Pages: []int32{1, 0}, Exposures: []int64{3, 0}, Stream: 2,
		HistoryPages: []int32{0}, HistoryWatched: []uint8{1}, HistoryValues: []float32{4},
	}
	req.Slates.Append(5, 6)
	req.Slates.Append(7)
	req.History.Append(9)
	req.History.Append()
	got, err := d.Respond(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	want := sdk.RespondReply{
		Watched: make([]uint8, 3), WatchProbability: make([]float32, 3), Values: make([]float32, 3),
		ExpectedValues: []float32{7, 8, 9}, Left: []uint8{5, 0}, LeaveProbability: make([]float32, 2),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	req.HistoryValues = nil
	if _, err := d.Respond(t.Context(), req); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("ragged: %v", err)
	}
}
