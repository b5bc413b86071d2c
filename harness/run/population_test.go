//go:build unix

package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/offline"
	"github.com/alignuser/alignuser/sdk"
)

// plantedSuite is a small world, of which the filter leaves some people and items.
func plantedSuite(filter string) string {
	text := strings.Replace(suite(armTable("basics", "popular")), `plugin = "tiny"`, `plugin = "planted"
options = { users = 40, items = 60, sessions = 12 }`, 1)
	return strings.Replace(text, "[split]", filter+"[split]", 1)
}

const cores = "[filter]\nuser-core = 12\nitem-core = 5\n"

// truthful is task offline, but each of its cells asks first.
type truthful struct {
	offline.Task
	ask func(ctx context.Context, c task.Cell) error
}

func (t truthful) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	b, err := t.Task.Bind(o, split)
	return truthfulBound{b, t.ask}, err
}

type truthfulBound struct {
	task.Bound
	ask func(ctx context.Context, c task.Cell) error
}

func (b truthfulBound) Cell(ctx context.Context, c task.Cell) error {
	if err := b.ask(ctx, c); err != nil {
		return err
	}
	return b.Bound.Cell(ctx, c)
}

// asked carries out a suite whose cells ask.
func (b *bench) asked(text string, ask func(ctx context.Context, c task.Cell) error) (*Plan, Result) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "test.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	s, err := spec.Load(path, []string{"limits.workers=4"})
	if err != nil {
		b.t.Fatal(err)
	}
	p, err := Prepare(b.t.Context(), Config{Suite: s, Host: b.host, Tasks: []task.Task{truthful{ask: ask}}, Root: b.root, CacheDir: b.cache})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(p.Close)
	return p, b.execute(p)
}

// TestCellsAskThePopulation: all cells ask one process of the data set, and it
// answers about the people whom the corpus means, though a filter numbered them
// anew.
func TestCellsAskThePopulation(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	responders := map[sdk.Responder]bool{}
	cells := 0
	var origin corpus.Origin
	var answers, whole []control.Reaction
	b := newBench(t, nil)
	p, res := b.asked(plantedSuite(cores), func(ctx context.Context, c task.Cell) error {
		r, err := c.Respond(ctx)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		responders[r] = true
		cells++
		return nil
	})
	if len(res.Failures) > 0 || cells != res.Cells || len(responders) != 1 {
		t.Fatalf("%d cells of %d asked %d responders: %v", cells, res.Cells, len(responders), res.Failures)
	}
	if p.corpus.Users() == 40 || p.corpus.Items() == 60 {
		t.Fatalf("the filter left all %d users or all %d items", p.corpus.Users(), p.corpus.Items())
	}

	people := &population{plan: p}
	defer people.close()
	r, err := people.respond(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	origin = p.split.Origin()
	var views, same []control.View
	for u := range int32(p.corpus.Users()) {
		slate := []int32{u % 7, 9, 11, 20}
		views = append(views, control.View{User: u, Exposure: int64(u), Page: 1, Slate: slate, History: []control.Seen{{Item: 21, Watched: true, Value: 4}}})
		var rows []int32
		for _, it := range slate {
			rows = append(rows, origin.Item(it))
		}
		same = append(same, control.View{User: origin.User(u), Exposure: int64(u), Page: 1, Slate: rows, History: []control.Seen{{Item: origin.Item(21), Watched: true, Value: 4}}})
	}
	if answers, err = control.NewTruth(r, origin).Respond(t.Context(), 5, views); err != nil {
		t.Fatal(err)
	}
	if whole, err = control.NewTruth(r, corpus.Origin{}).Respond(t.Context(), 5, same); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, answers, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("by rows of the data set (-), by ids of the corpus (+):\n%s", diff)
	}
	// Without the translation it would be about others.
	if wrong, err := control.NewTruth(r, corpus.Origin{}).Respond(t.Context(), 5, views); err != nil || cmp.Equal(wrong, answers, cmpopts.EquateNaNs()) {
		t.Errorf("ids of the corpus are rows of the data set: the test cannot fail: %v", err)
	}
	// The rows are those of the people: names say so.
	all := b.plan(plantedSuite(""), nil)
	for _, c := range []struct {
		table, name string
		row         func(int32) int32
	}{{sdk.TableUsers, "uid", origin.User}, {sdk.TableItems, "iid", origin.Item}} {
		have, want := text(t, p.corpus, c.table, c.name), text(t, all.corpus, c.table, c.name)
		for id, name := range have {
			if want[c.row(int32(id))] != name {
				t.Errorf("%s: %d is %s, in the data set's row %d is %s", c.table, id, name, c.row(int32(id)), want[c.row(int32(id))])
			}
		}
	}
}

func text(t *testing.T, c *corpus.Corpus, table, column string) []string {
	t.Helper()
	tab, _ := c.Table(table)
	col, _ := tab.Column(column)
	names, ok := col.Data.([]string)
	if !ok {
		t.Fatalf("%s has no text %s", table, column)
	}
	return names
}

// TestRealPeopleAreNotAsked: where the data set has no such feature, the cell says
// so, and no process is started.
func TestRealPeopleAreNotAsked(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	_, res := b.asked(suite(armTable("basics", "popular")), func(ctx context.Context, c task.Cell) error {
		_, err := c.Respond(ctx)
		if !errors.Is(err, sdk.ErrUnsupported) {
			t.Errorf("%v", err)
		}
		return err
	})
	const want = `data set tiny/tiny: it has no feature "respond": only a planted population knows how its people truly act`
	if got := reason(res, "popular"); got != want || res.Done != 0 {
		t.Errorf("%q with %d done, want %q", got, res.Done, want)
	}
}

// TestPlantedSessions: the log of the planted population passes the checks and is
// divided: 20 % of 80 % reach into both parts at most.
func TestPlantedSessions(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	if p := b.plan(plantedSuite(""), nil, "split.test=0.2"); p.split.Sessions() != nil {
		t.Error("sessions are read for a suite that needs none")
	}
	p := b.plan(plantedSuite("")+"[[agent]]\nkind = \"logistic\"\n[[task]]\nkind = \"simulate\"\n", nil, "split.test=0.2")
	s := p.split.Stats()
	t.Logf("%d sessions train, %d are tested, %d straddle", s.TrainSessions, s.TestSessions, s.SessionsStraddling)
	if s.TrainSessions == 0 || s.TestSessions == 0 || s.ValidSessions != 0 || s.SessionsStraddling > p.corpus.Users() {
		t.Errorf("%+v", s)
	}
	watched := 0
	for it := range int32(p.corpus.Items()) {
		watched += p.split.Sessions().WatchedCount(it)
	}
	if watched == 0 || watched > s.TrainRows {
		t.Errorf("%d watched cards in training sessions of %d training interactions", watched, s.TrainRows)
	}
}
