package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/all"
	"github.com/alignuser/alignuser/sdk"
)

// newInitCommand writes a suite with every key explained.
func newInitCommand(a *app) *cobra.Command {
	var dataset string
	var recommenders []string
	c := &cobra.Command{
		Use:   "init <suite.toml>",
		Short: "Write a suite of your own, every key explained",
		Long: `init writes a suite for the data set and the recommenders named. It asks their
plugins which options they have and writes each one down with its default.
An existing file is never overwritten.`,
		Example: "  alignuser init my.toml\n" +
			"  alignuser init films.toml --dataset movielens --recommender basics/popular --recommender neighbors/ease",
		Args: exactly("the file to write"),
		RunE: func(c *cobra.Command, args []string) error {
			path := args[0]
			if filepath.Ext(path) != ".toml" {
				return usagef("init: %s: suites end in .toml", path)
			}
			if _, err := os.Lstat(path); err == nil {
				return usagef("init: %s: exists already, and is not overwritten: choose another name", path)
			}
			h, err := a.openHost(path)
			if err != nil {
				return err
			}
			defer h.Close()
			catalogue := run.Catalogue{Context: c.Context(), Host: h, Tasks: all.Tasks()}
			draft, err := newDraft(catalogue, path, dataset, recommenders)
			if err != nil {
				return err
			}
			if err := createNew(path, draft.text()); err != nil {
				return err
			}
			a.printNext(path, draft)
			return nil
		},
	}
	c.Flags().StringVar(&dataset, "dataset", "planted", "data set as `plugin[/component]`")
	c.Flags().StringArrayVar(&recommenders, "recommender", []string{"basics/random", "basics/popular", "neighbors/itemknn", "neighbors/ease"},
		"recommender as `plugin[/component]`; may be repeated")
	return c
}

// draft is a suite about to be written.
type draft struct {
	name         string
	dataset      draftPart
	recommenders []draftPart
	tasks        []draftPart
}

// draftPart is a component, or a task, with its options.
type draftPart struct {
	name, plugin, component, doc string
	options                      []sdk.OptionSpec
}

var notName = regexp.MustCompile(`[^a-z0-9-]+`)

// newDraft asks the plugins. Its errors carry the command that mends them.
func newDraft(c run.Catalogue, path, dataset string, recommenders []string) (*draft, error) {
	stem := strings.ToLower(strings.TrimSuffix(filepath.Base(path), ".toml"))
	d := &draft{name: strings.Trim(notName.ReplaceAllString(stem, "-"), "-")}
	if d.name == "" {
		d.name = "my-suite"
	}
	var err error
	if d.dataset, err = describePart(c, sdk.KindDataset, dataset); err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, r := range recommenders {
		part, err := describePart(c, sdk.KindRecommender, r)
		if err != nil {
			return nil, err
		}
		part.name = part.component
		for n := 2; used[part.name]; n++ {
			part.name = fmt.Sprintf("%s-%d", part.component, n)
		}
		used[part.name] = true
		d.recommenders = append(d.recommenders, part)
	}
	for _, t := range c.Tasks {
		if t.Subject() != task.Recommenders {
			continue // the draft names no backend
		}
		d.tasks = append(d.tasks, draftPart{plugin: t.Kind(), doc: t.Doc(), options: t.Options()})
	}
	if _, err := spec.Parse(path, []byte(d.text()), nil); err != nil {
		return nil, fmt.Errorf("init: %w", err)
	}
	return d, nil
}

func describePart(c run.Catalogue, kind sdk.Kind, name string) (draftPart, error) {
	plugin, component, _ := strings.Cut(name, "/")
	plugin = strings.TrimPrefix(plugin, kind.String()+"-")
	s, err := c.Component(kind, plugin, component)
	if err != nil {
		return draftPart{}, usagef("init: %s %s: %w", kind, name, err)
	}
	return draftPart{plugin: plugin, component: s.Name, doc: s.Doc, options: s.Options}, nil
}

// createNew writes a file that must not exist.
func createNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usagef("init: %s: exists already, and is not overwritten: choose another name", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// printNext says what to type, with the options that only the user can know.
func (a *app) printNext(path string, d *draft) {
	fmt.Fprintf(a.stdout, "wrote %s: %s, %d recommenders\n", path, d.dataset.plugin, len(d.recommenders))
	var sets []string
	for _, o := range d.dataset.options {
		if o.Required {
			sets = append(sets, fmt.Sprintf("--set dataset.options.%s=<%s>", o.Name, o.Type))
		}
	}
	for _, r := range d.recommenders {
		for _, o := range r.options {
			if o.Required {
				sets = append(sets, fmt.Sprintf("--set recommender.%s.options.%s=<%s>", r.name, o.Name, o.Type))
			}
		}
	}
	if len(sets) > 0 {
		fmt.Fprintln(a.stdout, "fill in the lines marked REQUIRED, or give them with --set")
	}
	fmt.Fprintf(a.stdout, "next: %s\n", strings.Join(append([]string{"alignuser run", quoted(path)}, sets...), " "))
}
