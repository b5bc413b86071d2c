package record

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// UsageFile is the table of what a run used of language-model backends.
const UsageFile = "usage.csv"

// Usage is what one role of one cell used at one backend. Like timings it stays
// out of everything that is compared.
type Usage struct {
	Backend          string
	Cell             string // a cell's key as text; "-" for what no cell used
	Role             string
	Requests         int64 // answered or charged
	PromptTokens     int64
	CachedTokens     int64 // of PromptTokens
	CompletionTokens int64
	ReasoningTokens  int64 // of CompletionTokens
	Retries          int64 // after failures of the road
	Invalid          int64 // answers that had not the form asked for
	Charged          int64 // failures that may have been charged
	Reused           int64 // answers that an earlier run or a cassette had
	CostMicros       int64 // millionths of Currency
	Currency         string
}

func usageHeader() []string {
	return []string{
		"backend", "role", "cell", "requests", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens",
		"retries", "invalid", "charged", "reused", "cost", "currency",
	}
}

// counts lists the columns between cell and cost.
func (u *Usage) counts() []*int64 {
	return []*int64{
		&u.Requests, &u.PromptTokens, &u.CachedTokens, &u.CompletionTokens, &u.ReasoningTokens,
		&u.Retries, &u.Invalid, &u.Charged, &u.Reused,
	}
}

func (u Usage) compare(o Usage) int {
	return cmp.Or(strings.Compare(u.Backend, o.Backend), strings.Compare(u.Cell, o.Cell), strings.Compare(u.Role, o.Role))
}

func (u Usage) check() error {
	for i, v := range u.counts() {
		if *v < 0 {
			return fmt.Errorf("%s is %d", usageHeader()[3+i], *v)
		}
	}
	if u.CostMicros < 0 {
		return fmt.Errorf("cost is %d millionths", u.CostMicros)
	}
	return errors.Join(CheckName(u.Backend), CheckName(u.Role))
}

// WriteUsage writes usage.csv, sorted.
func WriteUsage(path string, usage []Usage) error {
	usage = slices.Clone(usage)
	slices.SortFunc(usage, Usage.compare)
	rows := make([][]string, len(usage))
	for i, u := range usage {
		if err := u.check(); err != nil {
			return fmt.Errorf("%s: %s %s: %w", path, u.Backend, u.Cell, err)
		}
		row := []string{u.Backend, u.Role, dash(cleanText(u.Cell))}
		for _, v := range u.counts() {
			row = append(row, strconv.FormatInt(*v, 10))
		}
		rows[i] = append(row, money(u.CostMicros), dash(cleanText(u.Currency)))
	}
	return writeTable(path, usageHeader(), rows)
}

// ReadUsage reads usage.csv.
func ReadUsage(path string) (usage []Usage, err error) {
	err = readTable(path, usageHeader(), func(f []string) error {
		u := Usage{Backend: strings.Clone(f[0]), Role: strings.Clone(f[1]), Cell: undash(strings.Clone(f[2])), Currency: undash(strings.Clone(f[13]))}
		for i, v := range u.counts() {
			if *v, err = strconv.ParseInt(f[3+i], 10, 64); err != nil {
				return fmt.Errorf("%s: %q: want a whole number", usageHeader()[3+i], f[3+i])
			}
		}
		if u.CostMicros, err = micros(f[12]); err != nil {
			return err
		}
		usage = append(usage, u)
		return u.check()
	})
	if err != nil {
		return nil, err
	}
	return usage, nil
}

// money prints millionths exactly: 1.050000.
func money(micros int64) string { return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6) }

func micros(s string) (int64, error) {
	whole, part, ok := strings.Cut(s, ".")
	w, err1 := strconv.ParseInt(whole, 10, 64)
	p, err2 := strconv.ParseInt(part, 10, 64)
	if !ok || len(part) != 6 || err1 != nil || err2 != nil || w < 0 || p < 0 || w > 9e12 {
		return 0, fmt.Errorf("cost: %q: want an amount such as 0.012345", s)
	}
	return w*1e6 + p, nil
}
