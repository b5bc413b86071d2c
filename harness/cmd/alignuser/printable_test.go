package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/run"
)

// TestStderrIsPrintable: reasons and notes begin in plugins, and a terminal obeys
// what it is sent.
func TestStderrIsPrintable(t *testing.T) {
	var out strings.Builder
	a := newApp(strings.NewReader(""), &out, &out, func(string) string { return "" })
	const bad = "\x1b[2J\x1b]0;owned\x07\u009b é"
	a.printError(errors.New("one" + bad + "\ntwo" + bad))
	d := newProgress(a)
	d.Event(run.Phase{Text: "three" + bad})
	d.Event(run.Note{Text: "four" + bad})
	d.Event(run.Failed{Key: record.CellKey{Task: "offline", Recommender: "five"}, Reason: bad})
	d.Event(run.Finished{Key: record.CellKey{Task: "offline", Recommender: "six"}, Took: time.Second})
	d.Close()
	if strings.ContainsAny(out.String(), "\x1b\x07\u009b") || strings.Count(out.String(), "\n") != 6 || strings.Count(out.String(), "é") != 5 {
		t.Errorf("%q", out.String())
	}
}
