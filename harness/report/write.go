package report

import (
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
)

// Formats maps the name of a file format to its writer. The names are the
// file extensions.
func Formats() map[string]func(io.Writer, *Board) error {
	return map[string]func(io.Writer, *Board) error{"csv": CSV, "json": JSON, "md": Markdown, "tex": LaTeX}
}

// WriteAll makes a leaderboard file of each format in a run folder, out of its other files. Equal cells give equal bytes.
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
	return nil
}
