package harness_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite NOTICE from the modules that are linked")

const noticeHead = `alignuser
Copyright the alignuser authors. Licensed under the Apache License, Version 2.0 (LICENSE).

The programs built from this repository link the modules below, unmodified. This list is made from the build itself:
go test ./harness -run Notice -update

`

// TestNotice holds NOTICE to the modules that the programs really link, with
// the licence that each one carries.
func TestNotice(t *testing.T) {
	var want bytes.Buffer
	want.WriteString(noticeHead)
	for _, m := range linkedModules(t) {
		fmt.Fprintf(&want, "%s: %s\n", m.Path, licenceOf(t, m))
	}
	path := filepath.Join("..", "NOTICE")
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Errorf("NOTICE is not what the programs link: run go test ./harness -run Notice -update\nwant:\n%s", want.Bytes())
	}
}

type linkedModule struct{ Path, Version, Dir string }

// linkedModules lists the modules of all packages in the programs, for every
// platform that is built.
func linkedModules(t *testing.T) []linkedModule {
	t.Helper()
	mains := exec.Command("go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./harness/cmd/...", "./plugins/...")
	mains.Dir = ".."
	programs, err := mains.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string]linkedModule{}
	for _, platform := range []string{"linux", "darwin", "windows"} {
		cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, strings.Fields(string(programs))...)...)
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), "GOOS="+platform, "GOARCH=amd64", "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct{ Module *linkedModule }
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if p.Module != nil && p.Module.Path != module {
				found[p.Module.Path] = *p.Module
			}
		}
	}
	var all []linkedModule
	for _, m := range found {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b linkedModule) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// licenceOf reads the licence's name off its text. An unknown one fails the
// test: somebody has to look.
func licenceOf(t *testing.T, m linkedModule) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(m.Dir, "[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*"))
	if len(files) == 0 {
		files, _ = filepath.Glob(filepath.Join(m.Dir, "COPYING*"))
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		text := strings.Join(strings.Fields(string(b)), " ")
		for _, known := range []struct{ mark, name string }{
			{"Mozilla Public License Version 2.0", "MPL-2.0"},
			{"Mozilla Public License, version 2.0", "MPL-2.0"},
			{"Apache License Version 2.0", "Apache-2.0"},
			{"Neither the name of", "BSD-3-Clause"},
			{"names of its contributors", "BSD-3-Clause"},
			{"Redistribution and use in source and binary forms", "BSD-2-Clause"},
			{"Permission is hereby granted, free of charge", "MIT"},
			{"Permission to use, copy, modify", "ISC"},
		} {
			if strings.Contains(text, known.mark) {
				return known.name
			}
		}
	}
	t.Errorf("%s: no known licence in %s", m.Path, m.Dir)
	return "unknown"
}
