package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/alignuser/alignuser/benchmarks"
	"github.com/alignuser/alignuser/harness/record"
)

// Published is a row of a paper: of its own protocol, data and users.
type Published struct {
	Task     string             `json:"-" toml:"task"`
	Protocol string             `json:"protocol" toml:"protocol"` // which table of which paper
	Source   string             `json:"source" toml:"source"`
	Data     string             `json:"data" toml:"data"`
	Arm      string             `json:"arm" toml:"arm"`
	Setting  string             `json:"setting,omitempty" toml:"setting"` // of preference, positives to negatives: 1:3
	Values   map[string]float64 `json:"values" toml:"values"`             // by metric, as the paper calls it
	Note     string             `json:"note,omitempty" toml:"note"`
}

// publishedTitle stands above the rows.
const publishedTitle = "as papers report it: other splits and users, for orientation only"

// publishedFor lists what papers report of a task on the data of a run, which is
// named after its plugin, in the order of the page.
func publishedFor(task string, data Data) []Published {
	var page struct{ Published []Published }
	if _, err := toml.Decode(benchmarks.Published, &page); err != nil {
		panic(fmt.Sprintf("published numbers: %v", err)) // the page is part of the program, and tested
	}
	plugin, _, _ := strings.Cut(data.Name, "/")
	return slices.DeleteFunc(page.Published, func(p Published) bool {
		return p.Task != task || !strings.EqualFold(p.Data, plugin)
	})
}

// publish adds what papers report of the same task on the same data, where rows are
// agents. Ratios of positives to negatives that the table lacks are left out.
func (t *tableBuilder) publish() {
	if t.Judges != record.JudgesAgents {
		return
	}
	for _, p := range publishedFor(t.Task, t.source.board.Data) {
		ratio := strings.ReplaceAll(p.Setting, ":", "to")
		if ratio == "" || slices.ContainsFunc(t.Columns, func(c Column) bool { return strings.HasSuffix(c.Metric, "."+ratio) }) {
			t.Published = append(t.Published, p)
		}
	}
}

// publishedRows gives the rows of papers under heads of their own; nil where there are
// none.
func (t Table) publishedRows() (head []string, rows [][]string) {
	if len(t.Published) == 0 {
		return nil, nil
	}
	var metrics []string
	settings := false
	for _, p := range t.Published {
		settings = settings || p.Setting != ""
		for id := range p.Values {
			if !slices.Contains(metrics, id) {
				metrics = append(metrics, id)
			}
		}
	}
	slices.SortFunc(metrics, func(a, b string) int { return cmp.Or(order(a)-order(b), strings.Compare(a, b)) })
	head = []string{"published"}
	if settings {
		head = append(head, "setting")
	}
	head = append(append(head, metrics...), "protocol", "source")
	for _, p := range t.Published {
		row := []string{p.Arm}
		if settings {
			row = append(row, cmp.Or(p.Setting, "–"))
		}
		for _, id := range metrics {
			text := "–"
			if v, ok := p.Values[id]; ok {
				text = strconv.FormatFloat(v, 'f', 4, 64)
			}
			row = append(row, text)
		}
		rows = append(rows, append(row, p.Protocol, p.Source))
	}
	return head, rows
}

// publishedNotes says what a reader must know of some rows, each once.
func (t Table) publishedNotes() (out []string) {
	who := map[string][]string{}
	var notes []string
	for _, p := range t.Published {
		if p.Note == "" {
			continue
		}
		if who[p.Note] == nil {
			notes = append(notes, p.Note)
		}
		who[p.Note] = append(who[p.Note], p.Arm)
	}
	for _, n := range notes {
		out = append(out, strings.Join(who[n], ", ")+": "+n)
	}
	return out
}

// order puts the metric first by which papers order their rows.
func order(metric string) int {
	if at := slices.Index([]string{"pref.accuracy", "rmse"}, metric); at >= 0 {
		return at
	}
	return 2
}
