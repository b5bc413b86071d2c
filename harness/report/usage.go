package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/alignuser/alignuser/harness/record"
)

// summed adds usage up by backend and role: usage.csv has the cells.
func summed(rows []record.Usage) (out []record.Usage) {
	for _, r := range rows {
		at := slices.IndexFunc(out, func(u record.Usage) bool { return u.Backend == r.Backend && u.Role == r.Role })
		if at < 0 {
			out = append(out, record.Usage{Backend: r.Backend, Role: r.Role})
			at = len(out) - 1
		}
		u := &out[at]
		u.Requests += r.Requests
		u.PromptTokens += r.PromptTokens
		u.CachedTokens += r.CachedTokens
		u.CompletionTokens += r.CompletionTokens
		u.ReasoningTokens += r.ReasoningTokens
		u.Retries += r.Retries
		u.Invalid += r.Invalid
		u.Charged += r.Charged
		u.Reused += r.Reused
		u.CostMicros += r.CostMicros
		u.Currency = cmp.Or(r.Currency, u.Currency)
	}
	return out
}

// usage shows what backends were asked and what it cost.
func (s *screen) usage(rows []record.Usage) {
	if len(rows) == 0 {
		return
	}
	tw := newTable()
	head := table.Row{"backend", "role", "requests", "prompt tokens", "answer tokens", "retries", "invalid", "reused", "cost"}
	configs := []table.ColumnConfig{}
	for n := 3; n <= len(head); n++ {
		configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	tw.AppendHeader(head)
	tw.SetColumnConfigs(configs)
	for _, u := range summed(rows) {
		cost := "–"
		if u.Currency != "" {
			cost = fmt.Sprintf("%.4f %s", float64(u.CostMicros)/1e6, oneLine(u.Currency))
		}
		row := table.Row{u.Backend, u.Role}
		for _, n := range []int64{u.Requests, u.PromptTokens, u.CompletionTokens, u.Retries, u.Invalid, u.Reused} {
			row = append(row, strconv.FormatInt(n, 10))
		}
		tw.AppendRow(append(row, cost))
	}
	s.add("")
	s.add(s.paint(bold, "what backends were asked (by cell in usage.csv)"))
	s.lay(tw.Render())
}
