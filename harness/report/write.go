package report

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
)

// Formats maps the name of a file format to its writer. The names are the
// file extensions.
func Formats() map[string]func(io.Writer, *Board) error {
	return map[string]func(io.Writer, *Board) error{"csv": CSV, "html": HTML, "json": JSON, "md": Markdown, "tex": LaTeX}
}

// CostFile is the page with costs in a run folder, which differs every time.
const CostFile = "cost.html"

// WriteAll makes a leaderboard file of each format in a run folder, out of its
// other files; equal cells give equal bytes. Where timings were taken, it makes
// [CostFile] too, and of a run with sessions, [SessionsFile].
func WriteAll(dir string) error {
	b, err := Load(dir)
	if err != nil {
		return err
	}
	for _, format := range slices.Sorted(maps.Keys(Formats())) {
		write := Formats()[format]
		err := record.WriteFile(filepath.Join(dir, "leaderboard."+format), func(w io.Writer) error { return write(w, b) })
		if err != nil {
			return err
		}
	}
	if err := writeDiagrams(dir, b); err != nil {
		return err
	}
	if err := writeSessions(dir, b); err != nil {
		return err
	}
	if len(b.Timings) == 0 {
		return nil
	}
	return record.WriteFile(filepath.Join(dir, CostFile), func(w io.Writer) error { return HTMLWithCost(w, b) })
}

// DiagramFile is the critical-difference diagram of the first table; further ones have
// a number before their ending.
const DiagramFile = "leaderboard-cd.svg"

// writeDiagrams draws each table's diagrams into files of their own.
func writeDiagrams(dir string, b *Board) error {
	n := 0
	for _, t := range b.Tables {
		for _, d := range t.Diagrams {
			n++
			name := DiagramFile
			if n > 1 {
				name = fmt.Sprintf("leaderboard-cd-%d.svg", n)
			}
			if err := record.WriteFile(filepath.Join(dir, name), d.SVG); err != nil {
				return err
			}
		}
	}
	return nil
}
