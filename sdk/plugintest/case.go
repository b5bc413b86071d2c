package plugintest

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// Version of the kit. It grows with every case that a plugin could newly fail.
const Version = "1.1"

// Status of a case.
type Status string

// A case passed, failed, or could not be tried.
const (
	Pass Status = "pass"
	Fail Status = "fail"
	Skip Status = "skip"
)

// Case is one rule of the contract, tried on a plugin or on one of its
// components.
type Case struct {
	ID  string // stable: "recommend/excludes"
	Doc string // what holds when it passes, in one sentence

	kind    sdk.Kind // 0: any
	feature string   // empty: needs none
	whole   bool     // once for the plugin rather than for each component
	when    func(sdk.ComponentSpec) bool
	run     func(context.Context, *bench) error
}

// Group is the part of the id before the slash.
func (c Case) Group() string {
	group, _, _ := strings.Cut(c.ID, "/")
	return group
}

// applies tells whether a component must keep the rule.
func (c Case) applies(s sdk.ComponentSpec) bool {
	return (c.kind == 0 || c.kind == s.Kind) && (c.feature == "" || s.Has(c.feature)) && (c.when == nil || c.when(s))
}

// Cases lists the whole kit in the order in which it runs.
func Cases() []Case {
	return slices.Concat(
		lifecycleCases(), workingCases(), describeCases(), optionCases(),
		dataCases(), recommendCases(), statelessCases(), featureCases(), determinismCases(), cancelCases(), faultCases(),
		datasetCases(), tableCases(), respondCases(),
		llmCases(), backendCases(), tuneCases(),
	)
}

// Result is what came of one case.
type Result struct {
	ID        string        `json:"id"`
	Component string        `json:"component,omitempty"` // empty: the plugin as a whole
	Status    Status        `json:"status"`
	Reason    string        `json:"reason,omitempty"` // of a failure or a skip
	Doc       string        `json:"doc"`
	Took      time.Duration `json:"-"`
}

// Group is the part of the id before the slash.
func (r Result) Group() string { return Case{ID: r.ID}.Group() }

// skipped is the error of a case that could not be tried.
type skipped struct{ why string }

func (s *skipped) Error() string { return s.why }

func skipf(format string, args ...any) error { return &skipped{fmt.Sprintf(format, args...)} }

// result judges what a case returned.
func result(c Case, component string, err error, took time.Duration) Result {
	r := Result{ID: c.ID, Component: component, Status: Pass, Doc: c.Doc, Took: took}
	var skip *skipped
	switch {
	case errors.As(err, &skip):
		r.Status, r.Reason = Skip, skip.why
	case err != nil:
		r.Status, r.Reason = Fail, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", " | ")
	}
	return r
}

// matches reports whether a case is wanted: patterns are those of path.Match
// on the id, or a group's name; none wants all.
func matches(patterns []string, c Case) bool {
	if len(patterns) == 0 {
		return true
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, c.ID)
		return ok || p == c.Group()
	})
}
