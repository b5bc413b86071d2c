package record

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Failure is a cell without evidence, and why.
type Failure struct {
	CellKey
	Reason string
}

func failureHeader() []string {
	return []string{"task", "recommender", "agent", "repeat", "reason"}
}

// WriteFailures writes failures.csv, sorted.
func WriteFailures(path string, failures []Failure) error {
	failures = slices.Clone(failures)
	slices.SortFunc(failures, func(a, b Failure) int { return a.Compare(b.CellKey) })
	rows := make([][]string, len(failures))
	var order ascending
	for i, f := range failures {
		if err := errors.Join(f.Check(), order.next(f.CellKey)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		rows[i] = append(keyFields(f.CellKey), cleanText(f.Reason))
	}
	return writeTable(path, failureHeader(), rows)
}

// ReadFailures reads failures.csv.
func ReadFailures(path string) (failures []Failure, err error) {
	var order ascending
	err = readTable(path, failureHeader(), func(f []string) error {
		key, err := parseKey(f, 0)
		if err != nil {
			return err
		}
		failures = append(failures, Failure{key, strings.Clone(f[4])})
		return order.next(key)
	})
	if err != nil {
		return nil, err
	}
	return failures, nil
}

// Timing is what a cell cost. It stays out of everything that is compared.
type Timing struct {
	Attempts       int       `json:"attempts"`
	FitMS          float64   `json:"fit_ms"`
	RecommendMS    float64   `json:"recommend_ms"`
	UsersPerSecond float64   `json:"users_per_s"`
	CPUMS          float64   `json:"cpu_ms"` // the plugin's process, user and system
	RSSMB          float64   `json:"rss_mb"` // its largest resident set
	Started        time.Time `json:"started"`
}

// CellTiming is a row of timings.csv.
type CellTiming struct {
	CellKey
	Timing
}

func timingHeader() []string {
	return []string{"task", "recommender", "agent", "repeat", "attempts", "fit_ms", "recommend_ms", "users_per_s", "cpu_ms", "rss_mb", "started"}
}

// numbers lists the columns between attempts and started.
func (t *Timing) numbers() []*float64 {
	return []*float64{&t.FitMS, &t.RecommendMS, &t.UsersPerSecond, &t.CPUMS, &t.RSSMB}
}

// clean rounds to microseconds, which is what clocks are good for, and to UTC.
func (t Timing) clean() Timing {
	for _, v := range t.numbers() {
		if finite(*v) {
			*v, _ = strconv.ParseFloat(strconv.FormatFloat(*v, 'f', 3, 64), 64)
		}
	}
	t.Started = t.Started.UTC().Truncate(time.Second)
	return t
}

func (t Timing) check() error {
	for i, v := range t.numbers() {
		if !finite(*v) || *v < 0 {
			return fmt.Errorf("timing: %s is %v", timingHeader()[5+i], *v)
		}
	}
	if t.Attempts < 0 {
		return fmt.Errorf("timing: attempts is %d", t.Attempts)
	}
	return nil
}

// WriteTimings writes timings.csv, sorted.
func WriteTimings(path string, timings []CellTiming) error {
	timings = slices.Clone(timings)
	slices.SortFunc(timings, func(a, b CellTiming) int { return a.Compare(b.CellKey) })
	rows := make([][]string, len(timings))
	var order ascending
	for i, t := range timings {
		t.Timing = t.clean()
		if err := errors.Join(t.CellKey.Check(), t.check(), order.next(t.CellKey)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		row := append(keyFields(t.CellKey), strconv.Itoa(t.Attempts))
		for _, v := range t.numbers() {
			row = append(row, formatFloat(*v))
		}
		rows[i] = append(row, t.Started.Format(time.RFC3339))
	}
	return writeTable(path, timingHeader(), rows)
}

// ReadTimings reads timings.csv.
func ReadTimings(path string) (timings []CellTiming, err error) {
	var order ascending
	err = readTable(path, timingHeader(), func(f []string) error {
		var t CellTiming
		if t.CellKey, err = parseKey(f, 0); err != nil {
			return err
		}
		if t.Attempts, err = parseInt(f[4], 0); err != nil {
			return fmt.Errorf("attempts: %w", err)
		}
		for i, v := range t.numbers() {
			if *v, err = parseFloat(f[5+i]); err != nil {
				return fmt.Errorf("%s: %w", timingHeader()[5+i], err)
			}
		}
		if t.Started, err = time.Parse(time.RFC3339, f[10]); err != nil {
			return fmt.Errorf("started: %w", err)
		}
		timings = append(timings, t)
		return errors.Join(t.check(), order.next(t.CellKey))
	})
	if err != nil {
		return nil, err
	}
	return timings, nil
}

func keyFields(k CellKey) []string {
	return []string{k.Task, dash(k.Recommender), dash(k.Agent), strconv.Itoa(k.Repeat)}
}
