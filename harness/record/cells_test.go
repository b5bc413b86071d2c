package record

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func sampleCells() []Cell {
	nan := math.NaN()
	return []Cell{
		{"offline", "b", "", 0, "ndcg@10", 1, 0.25, 943, 0.2, 0.3, nil},
		{"offline", "b", "", 0, "coverage@10", 1, 0.5, 1682, nan, nan, []string{"one number; for the whole catalogue", `a \ b`}},
		{"offline", "a", "", 1, "ndcg@10", 1, 1e-7, 3, 0, 1.5e-7, nil},
		{"offline", "a", "", 0, "ndcg@10", 1, nan, 0, nan, nan, []string{"undefined for every user"}},
		{"sim", "a", "rule", 0, "sim.n-like", 2, -3, 1, -3, -3, []string{"x"}},
	}
}

const sampleCSV = `task,recommender,agent,repeat,metric,version,value,n,lo,hi,warnings
offline,a,-,0,ndcg@10,1,,0,,,undefined for every user
offline,a,-,1,ndcg@10,1,1e-07,3,0,1.5e-07,
offline,b,-,0,ndcg@10,1,0.25,943,0.2,0.3,
offline,b,-,0,coverage@10,1,0.5,1682,,,one number\; for the whole catalogue;a \\ b
sim,a,rule,0,sim.n-like,2,-3,1,-3,-3,x
`

func TestCellsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), CellsFile)
	if err := WriteCells(path, sampleCells()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleCSV, string(got)); diff != "" {
		t.Error(diff)
	}
	back, err := ReadCells(path)
	if err != nil {
		t.Fatal(err)
	}
	want := sampleCells()
	want = []Cell{want[3], want[2], want[0], want[1], want[4]}
	if diff := cmp.Diff(want, back, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if !back[1].HasInterval() || back[0].HasInterval() {
		t.Error("HasInterval")
	}
}

func TestWriteCellsRefuses(t *testing.T) {
	good := Cell{"offline", "a", "", 1, "ndcg@10", 1, 0.5, 3, 0, 1, nil}
	for name, spoil := range map[string]func(c *Cell){
		"value is NaN":        func(c *Cell) { c.Value = math.NaN() },
		"not finite":          func(c *Cell) { c.Value = math.Inf(1) },
		"0 warnings":          func(c *Cell) { c.Value, c.N = math.NaN(), 0 },
		"half an interval":    func(c *Cell) { c.Lo = math.NaN() },
		"upside down":         func(c *Cell) { c.Lo, c.Hi = 2, 1 },
		"n = -1":              func(c *Cell) { c.N = -1 },
		"version 0":           func(c *Cell) { c.Version = 0 },
		`metric ""`:           func(c *Cell) { c.Metric = "" },
		`metric "a b"`:        func(c *Cell) { c.Metric = "a b" },
		"repeat -1":           func(c *Cell) { c.Repeat = -1 },
		`recommender: name`:   func(c *Cell) { c.Recommender = "../a" },
		`agent: name "-"`:     func(c *Cell) { c.Agent = "-" },
		`task: name "Offlin"`: func(c *Cell) { c.Task = "Offlin" },
	} {
		path := filepath.Join(t.TempDir(), "c.csv")
		bad := good
		spoil(&bad)
		if err := WriteCells(path, []Cell{bad}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a refused table left a file", name)
		}
	}
	path := filepath.Join(t.TempDir(), "c.csv")
	if err := WriteCells(path, []Cell{good, good}); err == nil || !strings.Contains(err.Error(), "there twice") {
		t.Errorf("a doubled row: %v", err)
	}
	good.Repeat = 0
	if err := WriteSummary(path, []Cell{good}); err == nil {
		t.Error("a summary of no repeats was written")
	}
}

func TestReadCellsIsStrict(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"header":        {"task,recommender", "task,arm", "1: want the header"},
		"order":         {"offline,a,-,0", "sim,b,-,0", "out of order"},
		"sign":          {"1e-07", "+1e-07", "3: value: want a finite number"},
		"hex":           {"0.25", "0x1p-2", "4: value"},
		"NaN":           {"0.25", "NaN", "4: value"},
		"zeros":         {"0.25", "0.250", "4: value"},
		"n":             {"943", "0943", "4: n:"},
		"agent":         {"offline,a,-,0", "offline,a,,0", "2: agent"},
		"path":          {"sim,a,rule", "sim,..,rule", "6: recommender: name"},
		"field":         {"0.2,0.3,", "0.2,0.3", "wrong number of fields"},
		"warning":       {`a \\ b`, `a \ b`, "5: warnings"},
		"empty value":   {"0.25,943", ",943", "value is NaN"},
		"half interval": {"0.2,0.3", ",0.3", "half an interval"},
	} {
		text := strings.Replace(sampleCSV, c.old, c.new, 1)
		if text == sampleCSV {
			t.Fatalf("%s: nothing replaced", name)
		}
		path := filepath.Join(t.TempDir(), CellsFile)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if cells, err := ReadCells(path); err == nil || !strings.Contains(err.Error(), c.want) || cells != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCells(path); err == nil {
		t.Error("an empty file is no table")
	}
}

func TestWarningsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.StringMatching(`[a-z;\\ ",é\n]{0,6}`), 0, 4).Draw(t, "warnings")
		var want []string
		for _, w := range in {
			if w = cleanText(w); w != "" {
				want = append(want, w)
			}
		}
		got, err := splitWarnings(joinWarnings(in))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestFailuresAndTimings(t *testing.T) {
	dir := t.TempDir()
	keys := []CellKey{{"offline", "b", "", 0}, {"offline", "a", "", 2}}
	failures := []Failure{{keys[0], "crashed,\n\"twice\""}, {keys[1], "slow"}}
	path := filepath.Join(dir, FailuresFile)
	if err := WriteFailures(path, failures); err != nil {
		t.Fatal(err)
	}
	back, err := ReadFailures(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Failure{failures[1], failures[0]}, back); diff != "" {
		t.Error(diff)
	}
	if err := WriteFailures(path, append(failures, failures[0])); err == nil {
		t.Error("a doubled failure was written")
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 678, time.FixedZone("x", 3600))
	timing := Timing{Attempts: 2, FitMS: 1.23456, RecommendMS: 5, UsersPerSecond: 1e6, RSSMB: 0.5, Started: at}
	path = filepath.Join(dir, TimingsFile)
	if err := WriteTimings(path, []CellTiming{{keys[0], timing}}); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(path)
	want := "task,recommender,agent,repeat,attempts,fit_ms,recommend_ms,users_per_s,cpu_ms,rss_mb,started\n" +
		"offline,b,-,0,2,1.235,5,1e+06,0,0.5,2026-01-02T02:04:05Z\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	times, err := ReadTimings(path)
	if err != nil || len(times) != 1 || times[0].Attempts != 2 || times[0].FitMS != 1.235 {
		t.Errorf("%+v, %v", times, err)
	}
	if err := WriteTimings(path, []CellTiming{{keys[0], Timing{FitMS: math.NaN()}}}); err == nil {
		t.Error("a timing that is not a number was written")
	}
}

// FuzzTables: whatever a reader takes, the writer writes back byte for byte.
func FuzzTables(f *testing.F) {
	f.Add([]byte(sampleCSV))
	f.Add([]byte(strings.Replace(sampleCSV, "repeat,", "repeats,", 1)))
	f.Add([]byte("task,recommender,agent,repeat,reason\noffline,a,-,0,\"x\ny\"\n"))
	f.Add([]byte("task,recommender,agent,repeat,attempts,fit_ms,recommend_ms,users_per_s,cpu_ms,rss_mb,started\noffline,b,-,0,2,1.235,5,1e+06,0,0.5,2026-01-02T02:04:05Z\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		in, out, last := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "last")
		if err := os.WriteFile(in, data, 0o644); err != nil {
			t.Fatal(err)
		}
		copies := map[string]func(from, to string) (read, wrote error){
			"cells": func(from, to string) (error, error) {
				x, err := ReadCells(from)
				return err, WriteCells(to, x)
			},
			"summary": func(from, to string) (error, error) {
				x, err := ReadSummary(from)
				return err, WriteSummary(to, x)
			},
			"failures": func(from, to string) (error, error) {
				x, err := ReadFailures(from)
				return err, WriteFailures(to, x)
			},
			"timings": func(from, to string) (error, error) {
				x, err := ReadTimings(from)
				return err, WriteTimings(to, x)
			},
		}
		for name, copyTable := range copies {
			if read, wrote := copyTable(in, out); read != nil {
				continue
			} else if wrote != nil {
				t.Fatalf("%s was read but not written: %v", name, wrote)
			}
			// Quotes and blanks may differ the first time, not the second.
			if read, wrote := copyTable(out, last); read != nil || wrote != nil {
				t.Fatalf("%s: what was written cannot be read: %v, %v", name, read, wrote)
			}
			a, _ := os.ReadFile(out)
			b, _ := os.ReadFile(last)
			if string(a) != string(b) {
				t.Fatalf("%s changed:\n%s\n%s", name, a, b)
			}
		}
	})
}
