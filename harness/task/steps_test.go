package task

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// A cell that is stopped after any step, and goes on from its log, has the same rows.
func TestInSteps(t *testing.T) {
	want := []int{0, 10, 11, 20, 21, 22}
	for stop := range 4 {
		var log [][]byte
		asked := 0
		c := Cell{
			Log:      func(p []byte) error { log = append(log, slices.Clone(p)); return nil },
			Step:     func(int) {},
			Stopping: func() bool { return asked == stop },
		}
		ask := func(_ context.Context, n int) (rows []int, err error) {
			asked++
			for k := range n + 1 {
				rows = append(rows, 10*n+k)
			}
			return rows, nil
		}
		rows, err := InSteps(t.Context(), c, 3, ask)
		if stop < 3 && (!errors.Is(err, ErrStopped) || len(log) != stop) {
			t.Fatalf("stopped at %d: %v, %d logged", stop, err, len(log))
		}
		if stop < 3 {
			c.Done, c.Stopping = log, func() bool { return false }
			rows, err = InSteps(t.Context(), c, 3, ask)
		}
		if err != nil || !slices.Equal(rows, want) || asked != 3 {
			t.Errorf("stopped at %d: %v, %v, asked %d times", stop, rows, err, asked)
		}
	}
}

func TestInStepsRefusesOtherLogs(t *testing.T) {
	c := Cell{Step: func(int) {}, Done: [][]byte{[]byte("[1]"), []byte("[2]")}}
	ask := func(context.Context, int) ([]int, error) { return nil, nil }
	if _, err := InSteps(t.Context(), c, 1, ask); err == nil || !strings.Contains(err.Error(), "log holds 2 steps of 1") {
		t.Error(err)
	}
	c.Done = [][]byte{[]byte("{")}
	if _, err := InSteps(t.Context(), c, 1, ask); err == nil || !strings.Contains(err.Error(), "log entry 1") {
		t.Error(err)
	}
}
