package report

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
)

// SessionsFile is the page of sample sessions in a run folder.
const SessionsFile = "sessions.html"

// samples is how many users the page shows, the same ones in every cell.
const samples = 6

// sessionsPage is what its template shows.
type sessionsPage struct {
	Policy      string
	Style       template.CSS
	Title, Data string
	Planted     string
	Cells       []sessionsCell
}

type sessionsCell struct {
	ID, Title string
	Stories   []story
}

// anchor is the place of a cell on the page. Names of a run need no escaping, and what
// a damaged file says instead must not become an address.
func anchor(task, recommender, agent string) string {
	return url.PathEscape(strings.ReplaceAll(task+"--"+recommender+"--"+agent, ":", "-"))
}

// SessionCells lists the cells of a board that are made of sessions, first repeats.
func SessionCells(b *Board) (keys []record.CellKey) {
	for _, t := range b.Tables {
		if t.Agent == "" {
			continue
		}
		for _, r := range t.Rows {
			if r.Failed == "" {
				keys = append(keys, record.CellKey{Task: t.Task, Recommender: r.Recommender, Agent: r.Agent})
			}
		}
	}
	slices.SortStableFunc(keys, record.CellKey.Compare)
	return keys
}

// writeSessions makes the page of a run folder; a run without sessions has none.
func writeSessions(dir string, b *Board) error {
	page := sessionsPage{Title: oneLine(b.heading()), Data: oneLine(b.dataLine())}
	if b.Data.Planted {
		page.Planted = plantedSentence
	}
	var users []int32
	for _, key := range SessionCells(b) {
		f, err := LoadSessions(dir, key)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a copy of the tables alone
		}
		if err != nil {
			return err
		}
		if users == nil {
			users = f.sample()
		}
		cell := sessionsCell{ID: anchor(key.Task, key.Recommender, key.Agent), Title: fmt.Sprintf("%s: %s", key.Task, key.Arm())}
		for i := range f.Sessions {
			if s := &f.Sessions[i]; s.Exposure == 0 && slices.Contains(users, s.User) {
				cell.Stories = append(cell.Stories, f.story(s))
			}
		}
		page.Cells = append(page.Cells, cell)
	}
	if len(page.Cells) == 0 {
		return nil
	}
	return record.WriteFile(filepath.Join(dir, SessionsFile), page.write)
}

// sample takes users spread over the file.
func (f *SessionFile) sample() (users []int32) {
	var all []int32
	for _, s := range f.Sessions {
		all = append(all, s.User)
	}
	slices.SortFunc(all, cmp.Compare[int32])
	all = slices.Compact(all)
	n := min(samples, len(all))
	for i := range n {
		users = append(users, all[i*len(all)/n])
	}
	return users
}

func (p sessionsPage) write(w io.Writer) error {
	t, err := template.ParseFS(pageFiles, "page/sessions.html.tmpl")
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	style, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	p.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; base-uri 'none'; form-action 'none'", digest(style))
	p.Style = template.CSS(style) // ours
	return t.Execute(w, p)
}
