package preference

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// event is an interaction of a made-up data set; part is 0 training, 1 validation, 2
// test.
type event struct {
	user, item int32
	value      float32
	part       uint8
}

// world is a data set in memory that divides itself.
type world struct {
	users, items int
	events       []event
	scale        *sdk.Scale // nil: implicit data
}

func (*world) Spec() sdk.ComponentSpec {
	s := sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "world"}
	for _, name := range []string{sdk.TableUsers, sdk.TableItems, sdk.TableInteractions} {
		s.Tables = append(s.Tables, sdk.TableSpec{Name: name})
	}
	s.Tables[2].Columns = []sdk.ColumnSpec{{Name: "value", Type: sdk.ColumnF32, Nullable: true}}
	return s
}

func (*world) Configure(context.Context, sdk.Config) error { return nil }

func (w *world) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	return sdk.PrepareResult{Version: "1", License: "none", Scale: w.scale}, nil
}

func (w *world) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	names := func(letter string, n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprint(letter, i)
		}
		return out
	}
	t := sdk.Table{Name: r.Table}
	switch r.Table {
	case sdk.TableUsers:
		t.Columns = []sdk.Column{{Name: "uid", Data: names("u", w.users)}}
	case sdk.TableItems:
		t.Columns = []sdk.Column{{Name: "iid", Data: names("i", w.items)}, {Name: "title", Data: names("Title ", w.items)}}
	case sdk.TableInteractions:
		var users, items []int32
		var values []float32
		var parts []uint8
		for _, e := range w.events {
			users, items, values, parts = append(users, e.user), append(items, e.item), append(values, e.value), append(parts, e.part)
		}
		t.Columns = []sdk.Column{{Name: "user", Data: users}, {Name: "item", Data: items}, {Name: "part", Data: parts}}
		if w.scale != nil {
			t.Columns = append(t.Columns, sdk.Column{Name: "value", Data: values})
		}
	}
	return sdk.Cut(t, r.Columns, yield)
}

func (w *world) split(t testing.TB) *corpus.Split {
	t.Helper()
	c, err := corpus.Open(t.Context(), corpus.Config{CacheDir: t.TempDir()}, "world", w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s, err := c.Split(corpus.SplitParams{Method: "given", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var stars = sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2}

// crowd is users with 20 training, 3 validation and 12 test items of 150. Low items
// are in more hands; a third of all values is below what is liked.
func crowd(users int) *world {
	w := &world{users: users, items: 150, scale: &stars}
	for u := range int32(users) {
		has := map[int32]bool{}
		for i := range int32(35) {
			it := (u*(u+3) + i*i*i) % 150 * ((u + 2*i) % 6) / 5
			for has[it] {
				it = (it + 1) % 150
			}
			has[it] = true
			w.events = append(w.events, event{u, it, float32(3 + (u+i)%3), uint8(min(1, i/20) + min(1, i/23))})
		}
	}
	return w
}

func options(t testing.TB, given sdk.Options) sdk.Options {
	t.Helper()
	o, wrong := sdk.Canonical(Task{}.Options(), given)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	return o
}

func bind(t testing.TB, split *corpus.Split, given sdk.Options) *bound {
	t.Helper()
	b, err := Task{}.Bind(options(t, given), split)
	if err != nil {
		t.Fatal(err)
	}
	return b.(*bound)
}

// journal is a cell's log and evidence in memory.
type journal struct {
	done, logged [][]byte
	evidence     []byte
}

func (j *journal) cell(t testing.TB, stage *browse.Stage, kind, name string) task.Cell {
	return task.Cell{
		Key: record.CellKey{Task: Kind, Agent: "arm"}, Control: name, Seed: 7, Done: j.done,
		Stage: func() *browse.Stage { return stage },
		Simulator: func(ctx context.Context, s browse.Settings) (*browse.Simulator, error) {
			k, _ := agent.KindOf(kind)
			o, _ := sdk.Canonical(k.Options, nil)
			return stage.Simulator(ctx, browse.Cast{Kind: kind, Options: o}, s)
		},
		Log: func(p []byte) error { j.logged = append(j.logged, p); return nil },
		Seal: func(write func(io.Writer) error) error {
			var b bytes.Buffer
			err := write(&b)
			j.evidence = b.Bytes()
			return err
		},
		Step:     func(int) {},
		Stopping: func() bool { return false },
	}
}

// run carries a cell out and scores it from its file alone.
func (b *bound) run(t testing.TB, kind, name string) ([]row, map[string]float64) {
	t.Helper()
	var j journal
	if err := b.Cell(t.Context(), j.cell(t, browse.NewStage(b.split), kind, name)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "r0.parquet")
	if err := os.WriteFile(path, j.evidence, 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := record.ReadParquet[row](path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Task{}.Scorer(nil)(path)
	if err != nil {
		t.Fatal(err)
	}
	return rows, values(s)
}

// values gives the mean of every column, and every whole.
func values(s score.Sheet) map[string]float64 {
	out := map[string]float64{}
	for _, w := range s.Wholes {
		out[w.Metric] = w.Value
	}
	for _, c := range s.Columns {
		sum, n := 0.0, 0.0
		for _, v := range c.Values {
			if !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		out[c.Metric] = sum / n
	}
	return out
}
