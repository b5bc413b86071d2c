package browse_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// visits is a data set in memory with sessions: six users, ten items, and for each user
// five pages of four cards, of which the first was watched. The last page is held out. One
// decision can be the other way round.
type visits struct {
	films
	skips func(user, page int) bool
}

const (
	visitors = 6
	shelf    = 10
	pages    = 5
)

// shows gives the cards of a page.
func shows(u, n int) []int32 {
	at := u + 2*n
	return []int32{int32(at % shelf), int32((at + 1) % shelf), int32((at + 3) % shelf), int32((at + 4) % shelf)}
}

func (visits) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "visits", Tables: []sdk.TableSpec{
		{Name: sdk.TableUsers}, {Name: sdk.TableItems}, {Name: sdk.TableInteractions}, {Name: sdk.TableSessions},
	}}
}

func (v visits) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	t := sdk.Table{Name: r.Table}
	switch r.Table {
	case sdk.TableUsers:
		uid := make([]string, visitors)
		for u := range uid {
			uid[u] = fmt.Sprint(u)
		}
		t.Columns = []sdk.Column{{Name: "uid", Data: uid}}
	case sdk.TableItems:
		iid, of, lists := make([]string, shelf), []string{}, []uint32{0}
		for i := range iid {
			iid[i] = fmt.Sprint(i)
			of = append(of, []string{"Drama", "War", "Comedy"}[i%3])
			lists = append(lists, uint32(len(of)))
		}
		t.Columns = []sdk.Column{{Name: "iid", Data: iid}, {Name: "title", Data: iid}, {Name: "categories", Data: of, Lists: lists}}
	case sdk.TableInteractions:
		var users, items []int32
		var values []float32
		var times []int64
		var parts []uint8
		for u := range visitors {
			for n := range pages {
				if v.skips(u, n) {
					continue
				}
				users, items, values = append(users, int32(u)), append(items, shows(u, n)[0]), append(values, float32(2+(u+n)%4))
				times, parts = append(times, int64(100*u+n)), append(parts, []uint8{0, 0, 0, 0, 2}[n])
			}
		}
		t.Columns = []sdk.Column{
			{Name: "user", Data: users}, {Name: "item", Data: items}, {Name: "value", Data: values}, {Name: "time", Data: times}, {Name: "part", Data: parts},
		}
	case sdk.TableSessions:
		t.Columns = v.log()
	}
	return sdk.Cut(t, r.Columns, yield)
}

// log is the shown cards: a session a page.
func (v visits) log() []sdk.Column {
	var ids [5][]int32
	var watched, left []uint8
	var values []float32
	var times []int64
	for u := range visitors {
		for n := range pages {
			for slot, it := range shows(u, n) {
				for i, id := range []int32{int32(u), int32(n), 0, int32(slot), it} {
					ids[i] = append(ids[i], id)
				}
				took, value := uint8(0), float32(math.NaN())
				if slot == 0 && !v.skips(u, n) {
					took, value = 1, float32(2+(u+n)%4)
				}
				watched, values = append(watched, took), append(values, value)
				times, left = append(times, int64(100*u+n)), append(left, 1)
			}
		}
	}
	return []sdk.Column{
		{Name: "user", Data: ids[0]},
		{Name: "session", Data: ids[1]},
		{Name: "page", Data: ids[2]},
		{Name: "slot", Data: ids[3]},
		{Name: "item", Data: ids[4]},
		{Name: "watched", Data: watched},
		{Name: "value", Data: values},
		{Name: "time", Data: times},
		{Name: "left", Data: left},
	}
}

// TestDecisionIsNoEvidence: a page of a log looks the same to whoever is to foresee it,
// whatever its user did: of every page of two users in turn, the first card watched and not.
func TestDecisionIsNoEvidence(t *testing.T) {
	for u := range 2 {
		for n := range pages - 1 {
			took, left := seen(t, u, n, false), seen(t, u, n, true)
			if d := cmp.Diff(took.View.State.Cards, left.View.State.Cards, cmpopts.EquateNaNs()); d != "" {
				t.Errorf("user %d, page %d: the cards know the decision (- watched, + skipped):\n%s", u, n, d)
			}
			if d := cmp.Diff(took.View.Profile, left.View.Profile, cmpopts.EquateNaNs()); d != "" {
				t.Errorf("user %d, page %d: the profile knows the decision:\n%s", u, n, d)
			}
			if !took.Decision.Cards[0].Watch || left.Decision.Cards[0].Watch {
				t.Fatal("the decision is the same: this test could not fail")
			}
		}
	}
}

// seen is a logged page of a user as it is taught, with its first card watched, or not.
func seen(t *testing.T, user, page int, skipped bool) agent.Example {
	t.Helper()
	data := visits{skips: func(u, n int) bool { return skipped && u == user && n == page }}
	c, err := corpus.Open(t.Context(), corpus.Config{CacheDir: t.TempDir()}, "visits", data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s, err := c.Split(corpus.SplitParams{Method: "given"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e := range browse.NewStage(s).Demonstrations(browse.Teaching{Memory: agent.MemoryGraph}) {
		if e.View.User != int32(user) {
			continue
		}
		if n == page {
			return e
		}
		n++
	}
	t.Fatalf("user %d has %d pages", user, n)
	return agent.Example{}
}
