package scaffold

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Checkout finds the root of a checkout of our module at or above a folder; ""
// where there is none.
func Checkout(dir string) string {
	for {
		if path, _, err := readModule(dir); err == nil && path == Module {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// readModule gives the module path of a folder's go.mod and its lines.
func readModule(dir string) (path string, lines []string, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", nil, err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			path = strings.Trim(strings.TrimSpace(rest), `"`)
		}
		lines = append(lines, line)
	}
	return path, lines, nil
}

// module adds go.mod, and go.sum where a checkout is built with: what our module
// requires is required in the same versions, so nothing must be downloaded that
// the checkout did not need.
func (p Plugin) module(content map[string][]byte) error {
	if p.ModulePath == "" {
		return nil
	}
	var mod strings.Builder
	fmt.Fprintf(&mod, "module %s\n\n", p.ModulePath)
	if p.SDK == "" {
		fmt.Fprintf(&mod, "go 1.26.0\n\nrequire %s %s\n", Module, p.Version)
		content["go.mod"] = []byte(mod.String())
		return nil
	}
	path, lines, err := readModule(p.SDK)
	if err != nil {
		return fmt.Errorf("--sdk %s: %w", p.SDK, err)
	}
	if path != Module {
		return fmt.Errorf("--sdk %s: its module is %s, want %s", p.SDK, path, Module)
	}
	sum, err := os.ReadFile(filepath.Join(p.SDK, "go.sum"))
	if err != nil {
		return fmt.Errorf("--sdk %s: %w", p.SDK, err)
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "go ") || strings.HasPrefix(line, "toolchain ") {
			fmt.Fprintf(&mod, "%s\n\n", line)
		}
	}
	fmt.Fprintf(&mod, "require %s v0.0.0\n\nreplace %s => %s\n\nrequire (\n", Module, Module, filepath.ToSlash(p.SDK))
	for _, line := range lines {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") && strings.Contains(fields[0], ".") {
			fmt.Fprintf(&mod, "\t%s %s // indirect\n", fields[0], fields[1])
		}
	}
	mod.WriteString(")\n")
	content["go.mod"], content["go.sum"] = []byte(mod.String()), sum
	return nil
}
