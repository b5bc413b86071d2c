// Package scaffold writes new plugins. Its opinion: an author should start from
// a small program that is right, not from a skeleton that is empty; so each
// kind's template is a real, if modest, algorithm with an option, progress and
// a test that holds it to the contract.
//
// In comes a [Plugin] with its place, out come files; nothing is overwritten.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/alignuser/alignuser/sdk"
)

//go:embed templates
var templates embed.FS

// Module is the path of our module.
const Module = "github.com/alignuser/alignuser"

// Plugin says what to write and where.
type Plugin struct {
	Kind sdk.Kind
	Name string // kebab-case, without the kind: "mine"
	Dir  string // made if it is not there

	// ModulePath of the plugin; empty where Dir belongs to our own module.
	ModulePath string
	// SDK is a checkout of our module to build with; empty: Version is required
	// as it was released. Either counts only with ModulePath.
	SDK     string
	Version string
}

// Parse reads "recommender-mine".
func Parse(label string) (Plugin, error) {
	word, name, ok := strings.Cut(label, "-")
	kind, known := sdk.ParseKind(word)
	switch {
	case !ok || !known:
		return Plugin{}, fmt.Errorf("%q: want recommender-, dataset- or llm- and a name, for example recommender-mine", label)
	case !regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`).MatchString(name) || len(name) > 40:
		return Plugin{}, fmt.Errorf("%q: want a name in kebab-case of at most 40 letters behind %s-, for example %s-mine", label, word, word)
	case name == "main" || name == "test":
		return Plugin{}, fmt.Errorf("%q: %s.go has a meaning of its own: choose another name", label, name)
	}
	return Plugin{Kind: kind, Name: name}, nil
}

// Label is "recommender-mine".
func (p Plugin) Label() string { return p.Kind.String() + "-" + p.Name }

// Files are the names that Write makes, in the order of reading.
func (p Plugin) Files() []string {
	files := []string{"main.go", p.Name + ".go", p.Name + "_test.go"}
	if p.ModulePath != "" {
		files = append(files, "go.mod")
		if p.SDK != "" {
			files = append(files, "go.sum")
		}
	}
	return files
}

// Write makes the files. If any exists nothing is written; the error then is
// fs.ErrExist and names it.
func (p Plugin) Write() error {
	content := map[string][]byte{}
	for from, to := range map[string]string{"main.go": "main.go", "component.go": p.Name + ".go", "component_test.go": p.Name + "_test.go"} {
		text, err := p.render(from)
		if err != nil {
			return err
		}
		content[to] = text
	}
	if err := p.module(content); err != nil {
		return err
	}
	for _, name := range p.Files() {
		if _, err := os.Lstat(filepath.Join(p.Dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w, and is not overwritten: choose another name or --dir", filepath.Join(p.Dir, name), fs.ErrExist)
		}
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return err
	}
	for _, name := range p.Files() {
		if err := create(filepath.Join(p.Dir, name), content[name]); err != nil {
			return err
		}
	}
	return nil
}

func create(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// render fills one template and formats it.
func (p Plugin) render(name string) ([]byte, error) {
	// Braces belong to Go in these files, hence the other marks.
	t, err := template.New(name+".tmpl").Delims("«", "»").ParseFS(templates, "templates/"+p.Kind.String()+"/"+name+".tmpl")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, err
	}
	text, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("template %s/%s: %w", p.Kind, name, err)
	}
	return text, nil
}
