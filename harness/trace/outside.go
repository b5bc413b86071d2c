package trace

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Outside are sessions that somebody else recorded, by recommender and agent.
type Outside struct {
	Recommender, Agent string
	Header             Header
	Sessions           []Session
}

// outsideLine is one page of a session file from elsewhere.
type outsideLine struct {
	User        string             `json:"user"`
	Session     int                `json:"session"` // which of the user's; 0 where there is one
	Page        int                `json:"page"`    // from 1
	Items       []string           `json:"items"`   // shown
	Watched     []string           `json:"watched"` // of them
	Values      map[string]float64 `json:"values"`  // given to watched items
	Exit        bool               `json:"exit"`    // the user left after this page
	Interview   int                `json:"interview"`
	Recommender string             `json:"recommender"`
	Agent       string             `json:"agent"`
}

// ReadOutside reads sessions from elsewhere: JSON lines, one a page, in which users and
// items have their own names. Lines may come in any order. The error names the line
// and what is wanted.
func ReadOutside(r io.Reader) ([]Outside, error) {
	type key struct {
		recommender, agent, user string
		session                  int
	}
	pages := map[key]map[int]outsideLine{}
	items, users := map[string]int32{}, map[string]int32{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var l outsideLine
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			return nil, fmt.Errorf("line %d: %w: want keys user, page, items, watched, and optionally session, values, exit, interview, recommender, agent", n, err)
		}
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		for _, it := range l.Items {
			number(items, it)
		}
		number(users, l.User)
		k := key{cmp.Or(l.Recommender, "outside"), l.Agent, l.User, l.Session}
		if pages[k] == nil {
			pages[k] = map[int]outsideLine{}
		}
		if _, twice := pages[k][l.Page]; twice {
			return nil, fmt.Errorf("line %d: page %d of session %d of user %q is there twice", n, l.Page, l.Session, l.User)
		}
		pages[k][l.Page] = l
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	if len(pages) == 0 {
		return nil, fmt.Errorf("no sessions: want a line of JSON for each page")
	}
	var keys []key
	for k := range pages {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(strings.Compare(a.recommender, b.recommender), strings.Compare(a.agent, b.agent), cmp.Compare(users[a.user], users[b.user]), cmp.Compare(a.session, b.session))
	})
	var out []Outside
	last := map[int32]int{}
	for _, k := range keys {
		if len(out) == 0 || out[len(out)-1].Recommender != k.recommender || out[len(out)-1].Agent != k.agent {
			out = append(out, Outside{Recommender: k.recommender, Agent: k.agent, Header: Header{Schema: Schema, Items: len(items)}})
			last = map[int32]int{}
		}
		o := &out[len(out)-1]
		s, err := session(k.user, users[k.user], pages[k], items)
		if err != nil {
			return nil, err
		}
		s.Exposure = last[s.User]
		last[s.User]++
		for _, p := range s.Pages {
			o.Header.PageSize = max(o.Header.PageSize, len(p.Items))
		}
		o.Header.PageLimit = max(o.Header.PageLimit, len(s.Pages))
		o.Sessions = append(o.Sessions, s)
	}
	return out, nil
}

func number(ids map[string]int32, name string) {
	if _, known := ids[name]; !known {
		ids[name] = int32(len(ids))
	}
}

func (l outsideLine) check() error {
	switch {
	case l.User == "":
		return fmt.Errorf("user is missing")
	case l.Page < 1:
		return fmt.Errorf("page %d: pages count from 1", l.Page)
	case l.Session < 0:
		return fmt.Errorf("session %d: want 0 or more", l.Session)
	case l.Interview < 0 || l.Interview > 10:
		return fmt.Errorf("interview %d: want 1 to 10, or leave it out", l.Interview)
	}
	for i, it := range l.Items {
		if slices.Contains(l.Items[:i], it) {
			return fmt.Errorf("item %q is on the page twice", it)
		}
	}
	for _, it := range l.Watched {
		if !slices.Contains(l.Items, it) {
			return fmt.Errorf("watched %q is not among the items of the page", it)
		}
	}
	for it := range l.Values {
		if !slices.Contains(l.Watched, it) {
			return fmt.Errorf("value of %q, which was not watched", it)
		}
	}
	return nil
}

// session puts the pages of one session together.
func session(name string, user int32, pages map[int]outsideLine, items map[string]int32) (Session, error) {
	s := Session{User: user, Name: name, End: EndLimit}
	for number := 1; number <= len(pages); number++ {
		l, ok := pages[number]
		if !ok {
			return s, fmt.Errorf("user %q: page %d of a session is missing, and there are later ones", name, number)
		}
		if s.End == EndExit {
			return s, fmt.Errorf("user %q: page %d comes after the user left", name, number)
		}
		d := Decision{Cards: make([]Choice, len(l.Items)), Action: Next}
		v := PageView{Page: number - 1}
		for i, it := range l.Items {
			v.Items = append(v.Items, items[it])
			d.Cards[i].Watch = slices.Contains(l.Watched, it)
			if value, ok := l.Values[it]; ok {
				d.Cards[i].Value = &value
			}
		}
		if l.Exit {
			d.Action, s.End = Exit, EndExit
		}
		if l.Interview > 0 {
			s.Closing = &Interview{Satisfaction: l.Interview}
		}
		v.Decision = d
		s.Pages = append(s.Pages, v)
	}
	return s, nil
}
