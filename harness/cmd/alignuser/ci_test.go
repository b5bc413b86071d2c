package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGateCommands writes the files of docs/ci.md and runs its commands in order.
func TestGateCommands(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository, "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := place(t)
	files := []string{"shop.toml", "gate.toml"}
	ran := 0
	for i, block := range strings.Split(string(page), "```") {
		text, toml := strings.CutPrefix(block, "toml\n")
		switch {
		case i%2 == 0 || strings.HasPrefix(block, "yaml\n"):
		case toml:
			if err := os.WriteFile(filepath.Join(dir, files[0]), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			files = files[1:]
		default:
			for line := range strings.Lines(strings.TrimPrefix(block, "\n")) {
				do(t, dir, strings.Fields(line)[1:]...)
				ran++
			}
		}
	}
	if ran != 5 || len(files) > 0 {
		t.Errorf("%d commands, %d files not there", ran, len(files))
	}
}
