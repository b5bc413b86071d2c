package export

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/alignuser/alignuser/sdk"
)

// SuiteFile is the suite that reads an export back.
const SuiteFile = "suite.toml"

// Write makes a folder with the files of a format and a suite that reads them.
// The folder must be new or empty; on an error it is left as it was.
func Write(dir, format string, s Source) (err error) {
	if err := vacant(dir); err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, ".export-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	write := writeCSV
	if format == RecBole {
		write = writeRecBole
	}
	if err := write(temp, s); err != nil {
		return err
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(temp, dir)
}

// vacant refuses a folder that holds something.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return sdk.Invalidf("", "%s is not empty: name a new folder, or empty it", dir)
	}
	return nil
}

// made are the parts of an export, whatever the format.
type made struct {
	users, items, events file
	separator            string
}

func (s Source) files(separators ...string) (m made, err error) {
	if m.separator, err = separatorFor(s.Items, separators...); err != nil {
		return m, err
	}
	if m.users, err = attributes(s.Users, "uid", m.separator); err != nil {
		return m, err
	}
	if m.items, err = attributes(s.Items, "iid", m.separator); err != nil {
		return m, err
	}
	m.events, err = events(s)
	return m, err
}

func writeCSV(dir string, s Source) error {
	m, err := s.files("|", ";", "/", "#", "~", "::")
	if err != nil {
		return err
	}
	for _, f := range []file{m.users, m.items, m.events} {
		err := create(filepath.Join(dir, f.name+".csv"), func(w io.Writer) error {
			c := csv.NewWriter(w)
			header := make([]string, len(f.columns))
			for i, col := range f.columns {
				header[i] = col.name
			}
			if err := c.Write(header); err != nil {
				return err
			}
			var fields []string
			for row := range f.rows {
				if fields, err = f.text(row, fields); err != nil {
					return err
				}
				if err := c.Write(fields); err != nil {
					return err
				}
			}
			c.Flush()
			return c.Error()
		})
		if err != nil {
			return err
		}
	}
	o := options(s, m)
	o["interactions"], o["items"], o["users"] = "interactions.csv", "items.csv", "users.csv"
	o["user"], o["item"], o["user-id"], o["item-id"] = "user", "item", "uid", "iid"
	return writeSuite(dir, "csv", s, o)
}

// atomic are the names that RecBole gives to columns.
var atomic = map[string]string{"user": "user_id", "uid": "user_id", "item": "item_id", "iid": "item_id", "value": "rating", "time": "timestamp"}

// writeRecBole writes name.inter with all interactions and their part, and the
// three files that RecBole's benchmark_filename takes.
func writeRecBole(dir string, s Source) error {
	m, err := s.files(" ", "|", ";", "/", "#", "~")
	if err != nil {
		return err
	}
	parts := m.events
	parts.columns = parts.columns[:len(parts.columns)-1]
	for _, w := range []struct {
		name string
		file file
		keep func(row int) bool
	}{
		{s.Name + ".user", m.users, nil},
		{s.Name + ".item", m.items, nil},
		{s.Name + ".inter", m.events, nil},
		{s.Name + ".train.inter", parts, func(row int) bool { return s.Parts[row] == 0 }},
		{s.Name + ".valid.inter", parts, func(row int) bool { return s.Parts[row] == 1 }},
		{s.Name + ".test.inter", parts, func(row int) bool { return s.Parts[row] == 2 }},
	} {
		if err := create(filepath.Join(dir, w.name), func(to io.Writer) error { return writeAtomic(to, w.file, w.keep) }); err != nil {
			return err
		}
	}
	o := options(s, m)
	o["interactions"], o["items"], o["users"] = s.Name+".inter", s.Name+".item", s.Name+".user"
	o["user"], o["item"], o["user-id"], o["item-id"] = "user_id", "item_id", "user_id", "item_id"
	for option, column := range map[string]string{"value": "rating", "time": "timestamp"} {
		if _, ok := o[option]; ok {
			o[option] = column
		}
	}
	return writeSuite(dir, "recbole", s, o)
}

func writeAtomic(to io.Writer, f file, keep func(row int) bool) error {
	for i, c := range f.columns {
		name := c.name
		if other, ok := atomic[name]; ok {
			name = other
		}
		end := "\t"
		if i == len(f.columns)-1 {
			end = "\n"
		}
		if _, err := fmt.Fprintf(to, "%s:%s%s", name, c.kind, end); err != nil {
			return err
		}
	}
	var fields []string
	var err error
	for row := range f.rows {
		if keep != nil && !keep(row) {
			continue
		}
		if fields, err = f.text(row, fields); err != nil {
			return err
		}
		for i, s := range fields {
			if strings.ContainsAny(s, "\t\n\r") {
				return unfit(f.name, f.columns[i].name, row, "%q has a tab or a line end, which atomic files cannot hold: use --format csv", s)
			}
		}
		if _, err := io.WriteString(to, strings.Join(fields, "\t")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// options are those of dataset-tabular that every format shares.
func options(s Source, m made) map[string]any {
	o := map[string]any{"path": ".", "part": "part", "version": s.Info.Version, "license": s.Info.License, "citation": s.Info.Citation}
	if s.Info.Planted {
		o["planted"] = true
	}
	for _, c := range m.events.columns {
		if c.name == "value" || c.name == "time" || c.name == "kind" {
			o[c.name] = c.name
		}
	}
	if scale := s.Info.Scale; scale != nil {
		o["value-min"], o["value-max"], o["value-step"] = scale.Min, scale.Max, scale.Step
		o["like-at"], o["dislike-at"] = scale.LikeAt, scale.DislikeAt
	}
	for _, f := range []struct {
		file
		option string
	}{{m.users, "user-attributes"}, {m.items, "item-attributes"}} {
		var extra []string
		for _, c := range f.columns {
			if _, meaning := known(f.name)[c.name]; meaning {
				o[c.name] = c.name
			}
			if c.extra != "" {
				extra = append(extra, c.extra)
			}
		}
		if extra != nil {
			o[f.option] = extra
		}
	}
	if _, ok := o["categories"]; ok {
		o["category-separator"] = m.separator
	}
	return o
}

// writeSuite writes a suite that can be run as it is.
func writeSuite(dir, component string, s Source, o map[string]any) error {
	type table = map[string]any
	suite := struct {
		Schema      int     `toml:"schema"`
		Name        string  `toml:"name"`
		Seed        uint64  `toml:"seed"`
		Dataset     table   `toml:"dataset"`
		Split       table   `toml:"split"`
		Recommender []table `toml:"recommender"`
		Task        []table `toml:"task"`
	}{
		Schema: 1, Name: s.Name, Seed: s.Seed,
		Dataset:     table{"plugin": "tabular", "component": component, "options": o},
		Split:       table{"method": "given"},
		Recommender: []table{{"plugin": "basics", "component": "popular"}},
		Task:        []table{{"kind": "offline"}},
	}
	return create(filepath.Join(dir, SuiteFile), func(w io.Writer) error {
		for line := range strings.Lines(s.Comment) {
			if _, err := fmt.Fprintf(w, "# %s\n", strings.TrimRight(line, "\r\n")); err != nil {
				return err
			}
		}
		e := toml.NewEncoder(w)
		e.Indent = ""
		return e.Encode(suite)
	})
}

func create(path string, write func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return w.Flush()
}
