//go:build unix

package run

import (
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// TestNoEvidenceOfTwoFits: what a killed attempt logged is used again for an
// arm that answers alike after every fit, and thrown away for any other.
func TestNoEvidenceOfTwoFits(t *testing.T) {
	t.Parallel()
	for determinism, used := range map[sdk.Determinism]bool{
		sdk.DeterminismBitwise: true, sdk.DeterminismSameMachine: true,
		sdk.DeterminismStatistical: false, sdk.DeterminismNone: false,
	} {
		b := newBench(t, nil)
		p := b.plan(suite(armTable("basics", "popular")), nil, "repeats=1")
		for i := range p.arms {
			p.arms[i].spec.Determinism = determinism
		}
		key := record.CellKey{Task: "offline", Recommender: "popular"}
		leave(t, p, key, `[{"u":-5,"n":1,"h":[],"l":[],"t":0}]`) // a log that fails the cell which reads it
		res := b.execute(p)
		got := strings.Contains(reason(res, "popular"), "log")
		if got != used {
			t.Errorf("%s: the log of another attempt was used: %v, want %v (%q)", determinism, got, used, reason(res, "popular"))
		}
	}
}

// leave writes an entry into a cell's log, as a killed attempt would.
func leave(t *testing.T, p *Plan, key record.CellKey, entry string) {
	t.Helper()
	r, err := record.OpenRun(p.config.Root, p.config.Suite.Name, p.id)
	if err != nil {
		t.Fatal(err)
	}
	partial, err := r.Partial(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := partial.Append([]byte(entry)); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}
