package task

import (
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Scorers gives the scorers of a finished run's tasks, for whoever reads its
// evidence again. tasks are the kinds that this program knows.
func Scorers(m record.Manifest, tasks []Task) (map[string]score.Scorer, error) {
	out := map[string]score.Scorer{}
	for _, facts := range m.Tasks {
		at := slices.IndexFunc(tasks, func(t Task) bool { return t.Kind() == facts.Kind })
		if at < 0 {
			return nil, fmt.Errorf("task %s: this program does not know it: use alignuser %s or later", facts.Kind, m.HostVersion)
		}
		options, wrong := sdk.Canonical(tasks[at].Options(), restored(tasks[at].Options(), facts.Options))
		if len(wrong) > 0 && wrong[0].Severity == sdk.SeverityError {
			return nil, fmt.Errorf("task %s: option %s: %s", facts.Kind, wrong[0].Option, wrong[0].Summary)
		}
		out[facts.Kind] = tasks[at].Scorer(options)
	}
	return out, nil
}

// restored gives numbers back the types that JSON took from them.
func restored(specs []sdk.OptionSpec, options sdk.Options) sdk.Options {
	whole := func(v any) any {
		if f, ok := v.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f)
		}
		return v
	}
	out := sdk.Options{}
	for name, v := range options {
		out[name] = v
		at := slices.IndexFunc(specs, func(s sdk.OptionSpec) bool { return s.Name == name })
		list, isList := v.([]any)
		switch {
		case at < 0:
		case specs[at].Type == sdk.OptionInt:
			out[name] = whole(v)
		case specs[at].Type == sdk.OptionList && specs[at].Element == sdk.OptionInt && isList:
			list = slices.Clone(list)
			for i := range list {
				list[i] = whole(list[i])
			}
			out[name] = list
		}
	}
	return out
}
