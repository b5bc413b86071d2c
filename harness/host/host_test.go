//go:build linux

package host

import (
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

func TestRecommender(t *testing.T) {
	h := openHost(t, nil)
	p, r := fitted(t, h, "scorer", sdk.Options{"items": int64(catalogue)})
	goesOn(t, r)
	scores, err := r.(sdk.Scorer).Score(t.Context(), sdk.ScoreRequest{Users: []int32{4}})
	if err != nil || len(scores) != catalogue {
		t.Fatalf("score: %d values, %v", len(scores), err)
	}
	if _, err := r.(sdk.Saver).Save(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), `no feature "save"`) {
		t.Fatalf("save: %v", err)
	}
	u := p.Close()
	if u.User+u.System <= 0 || u.MaxRSS < 1<<20 || u.Restarts != 0 {
		t.Fatalf("usage: %+v", u)
	}
	if again := p.Close(); again != u {
		t.Fatalf("second close: %+v, want %+v", again, u)
	}
	if _, err := r.Recommend(t.Context(), slateRequest()); err == nil {
		t.Fatal("recommend after close: no error")
	}
}

func TestDescribe(t *testing.T) {
	h := openHost(t, nil)
	e := inspect(t, badPlugin(t))
	d, err := h.Describe(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := d.Component("good")
	if !ok || c.Doc == "" || len(c.Options) != 2 {
		t.Fatalf("describe: %+v", d)
	}
	if left := processesOf(h.dir); len(left) > 0 {
		t.Fatalf("describe left %q", left)
	}
}
