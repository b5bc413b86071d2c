package run

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/harness/control"
)

// TestPopulationDies: a process that is killed between two questions is started
// again, prepared, and answers as before.
func TestPopulationDies(t *testing.T) { // not parallel: it looks for the one process of its kind
	p := newBench(t, nil).plan(plantedSuite(cores), nil)
	people := &population{plan: p}
	defer people.close()
	r, err := people.respond(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	truth := control.NewTruth(r, p.split.Origin())
	views := []control.View{{User: 3, Slate: []int32{1, 2, 3, 4}}, {User: 5, Exposure: 2, Slate: []int32{9, 8}}}
	want, err := truth.Respond(t.Context(), 1, views)
	if err != nil {
		t.Fatal(err)
	}
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	killed := 0
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != filepath.Join(os.Getenv(binVariable), "dataset-planted") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err != nil {
			t.Fatal(err)
		}
		process, err := os.FindProcess(pid)
		if err == nil {
			err = process.Kill()
		}
		if err != nil {
			t.Fatal(err)
		}
		killed++
	}
	if killed != 1 {
		t.Fatalf("killed %d processes, want the one", killed)
	}
	got, err := truth.Respond(t.Context(), 1, views)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("after its death (-before +after):\n%s", diff)
	}
}
