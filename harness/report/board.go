// Package report turns the files of a run into leaderboards.
//
// It reads a run folder and nothing else: no plugin, no clock, no evidence. One
// table model, [Board], stands between the files and every format, so that a
// number, its interval, its n and its caveats cannot differ between formats. A
// row that failed stays a row; a control is marked and not ranked; a caveat is
// a footnote at the number it touches.
//
// Equal cells give equal leaderboard files, byte for byte. What a run cost
// differs every time, so it is kept apart: in timings.csv, in what
// `report --timings` shows, and in cost.html, which is the page leaderboard.html
// with a section on cost added. Both pages are whole in one file: no script,
// style, font or picture from elsewhere. Every text that reaches a page or LaTeX
// is taken to be hostile: suites, plugins and data sets name things as they like.
package report

import (
	"strconv"

	"github.com/alignuser/alignuser/harness/record"
)

// Schema is the number of the JSON form of a Board.
const Schema = 1

// Board is everything a leaderboard says.
type Board struct {
	Schema    int      `json:"schema"`
	Suite     string   `json:"suite"`
	Title     string   `json:"title"`
	Run       string   `json:"run"`       // 12 hex digits: spec, data, arms, seeds
	Signature string   `json:"signature"` // protocol: must match before boards are compared
	Command   string   `json:"command"`   // the command that made it
	Data      Data     `json:"data"`
	Facts     []Fact   `json:"facts"`           // the protocol, and counts that qualify it
	Notes     []string `json:"notes,omitempty"` // what holds for every table
	Tables    []Table  `json:"tables"`

	// Timings differ from run to run, so no leaderboard file holds them.
	Timings []Timing `json:"-"`
	// Usage of language-model backends differs too: a replay has none.
	Usage []record.Usage `json:"-"`
}

// Data says what the numbers were measured on.
type Data struct {
	Name         string `json:"name"`
	Version      string `json:"version,omitempty"`
	Digest       string `json:"digest,omitempty"`
	License      string `json:"license,omitempty"`
	Citation     string `json:"citation,omitempty"`
	Planted      bool   `json:"planted"` // generated from a model of people
	Users        int    `json:"users"`
	Items        int    `json:"items"`
	Interactions int    `json:"interactions"`
}

// Fact is a named property of the protocol.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Table is one task. Its first column is the primary metric, which orders the
// rows, best first.
type Table struct {
	Task    string   `json:"task"`
	Agent   string   `json:"agent,omitempty"`   // whose sessions these are; empty: no sessions
	Invalid string   `json:"invalid,omitempty"` // the control that failed: no number here may be used
	Facts   []Fact   `json:"facts,omitempty"`
	Columns []Column `json:"columns"`
	Rows    []Row    `json:"rows"`
	Judges  string   `json:"judges,omitempty"` // "backends"; empty: recommenders
	Unit    string   `json:"unit,omitempty"`   // what n counts and intervals are drawn over; empty: users
	Reading string   `json:"reading"`          // how to read the table, one or two sentences
	Notes   []string `json:"notes"`            // footnotes; marks count from 1

	Diagrams  []Diagram   `json:"diagrams,omitempty"`  // critical differences of the primary metric
	Published []Published `json:"published,omitempty"` // what papers report, which stands apart
}

// Column is a metric.
type Column struct {
	Metric    string `json:"metric"`
	Version   int    `json:"version"`
	Unit      string `json:"unit,omitempty"`
	Direction string `json:"direction,omitempty"` // higher, lower, or empty: neither is better
	Doc       string `json:"doc,omitempty"`
	Notes     []int  `json:"notes,omitempty"` // what holds for every cell below

	Detectable *float64 `json:"detectable,omitempty"` // smallest difference from the best row that these users show with power 0.8
}

// Row is a recommender, or a recommender as used by one agent arm. In a table of
// backends it is one of them: Recommender is empty and Agent its name.
type Row struct {
	Rank        int    `json:"rank,omitempty"`  // 0: a control, or failed
	Unresolved  bool   `json:"unresolved"`      // tied with the best row of its group; in old runs: its interval overlaps that of the ranked row above
	Place       *Place `json:"place,omitempty"` // absent: a control, failed, or an old run
	Recommender string `json:"recommender"`
	Agent       string `json:"agent,omitempty"`
	Control     bool   `json:"control"`
	Component   string `json:"component,omitempty"` // plugin/component
	Version     string `json:"version,omitempty"`   // of the plugin
	Digest      string `json:"digest,omitempty"`    // of the arm
	Repeats     int    `json:"repeats"`
	Cells       []Cell `json:"cells,omitempty"` // one per column; empty when failed
	Failed      string `json:"failed,omitempty"`
	Invalid     string `json:"invalid,omitempty"` // the control that failed: no number of the row may be used
	Notes       []int  `json:"notes,omitempty"`
}

// Cell is a number with all that qualifies it. Without a value it was not
// measured for this row.
type Cell struct {
	Value *float64 `json:"value"`
	N     int      `json:"n"`
	Lo    *float64 `json:"lo,omitempty"` // 95 % interval; absent: a note says why
	Hi    *float64 `json:"hi,omitempty"`
	Notes []int    `json:"notes,omitempty"`
}

// Timing is what one cell cost, as timings.csv has it; 0 means not measured.
type Timing struct {
	Task, Recommender, Agent  string
	Repeat, Attempts          int
	FitMS, RecommendMS, CPUMS float64
	UsersPerSecond            float64
	RSSMB                     float64
}

// values names and prints the numbers of a timing.
func (t Timing) values() []Fact {
	return []Fact{
		{"tries", strconv.Itoa(t.Attempts)},
		{"fit s", number(t.FitMS/1000, 3)},
		{"recommend s", number(t.RecommendMS/1000, 3)},
		{"users/s", number(t.UsersPerSecond, 0)},
		{"cpu s", number(t.CPUMS/1000, 2)},
		{"rss MB", number(t.RSSMB, 0)},
	}
}

// Only keeps the tables of the named tasks; without names, all. It reports the
// first name that no table has.
func (b *Board) Only(tasks ...string) (missing string, ok bool) {
	if len(tasks) == 0 {
		return "", true
	}
	var kept []Table
	for _, name := range tasks {
		before := len(kept)
		for _, t := range b.Tables {
			if t.Task == name {
				kept = append(kept, t)
			}
		}
		if len(kept) == before {
			return name, false
		}
	}
	b.Tables = kept
	return "", true
}
