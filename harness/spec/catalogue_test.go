package spec_test

import (
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
	"github.com/alignuser/alignuser/sdk"
)

// catalogue stands for the plugins and tasks that the suites of the tests and
// of benchmarks/README.md name, with the options of the real ones that those
// suites use.
type catalogue struct{}

// tabularOptions are the options of dataset-tabular that suites use.
func tabularOptions() []sdk.OptionSpec {
	specs := []sdk.OptionSpec{
		{Name: "path", Type: sdk.OptionPath, Required: true, Neutral: true},
		{Name: "header", Type: sdk.OptionBool, Default: true},
		{Name: "year-in-title", Type: sdk.OptionBool, Default: false},
	}
	for _, name := range []string{
		"version", "license", "citation", "separator", "encoding", "interactions", "user", "item", "value",
		"items", "title", "categories", "users", "gender", "age",
	} {
		specs = append(specs, sdk.OptionSpec{Name: name, Type: sdk.OptionString})
	}
	for _, name := range []string{"value-min", "value-max", "value-step", "like-at", "dislike-at"} {
		specs = append(specs, sdk.OptionSpec{Name: name, Type: sdk.OptionFloat})
	}
	return specs
}

func (catalogue) TaskKinds() []string {
	return []string{"offline", "rating", "reading", "simulate", "truth", "ab", "distribution", "action", "world", "preference", "rating-agents"}
}

func (catalogue) TaskSimulates(kind string) bool {
	return slices.Contains([]string{"simulate", "distribution", "action", "world", "preference", "rating-agents"}, kind)
}

// Agents and the tasks that run sessions are the real ones.
func (catalogue) AgentKinds() (names []string) {
	for _, k := range agent.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

func (catalogue) AgentKind(kind string) (spec.AgentKind, bool) {
	k, ok := agent.KindOf(kind)
	return spec.AgentKind{Options: k.Options, Asks: k.Asks}, ok
}

func (catalogue) TaskNeeds(kind string) []sdk.Kind {
	return map[string][]sdk.Kind{"offline": {sdk.KindRecommender}, "rating": {sdk.KindRecommender}, "reading": {sdk.KindLLM}, "simulate": {sdk.KindRecommender}, "truth": {sdk.KindRecommender}}[kind]
}

func (catalogue) TaskOptions(kind string) ([]sdk.OptionSpec, bool) {
	for _, t := range all.Tasks() {
		if t.Kind() == kind && !slices.Contains([]string{"offline", "rating", "reading"}, kind) {
			return t.Options(), true
		}
	}
	if kind == "rating" {
		return []sdk.OptionSpec{{Name: "cold", Type: sdk.OptionEnum, Choices: []string{"include", "exclude"}, Default: "include"}}, true
	}
	if kind == "reading" {
		return []sdk.OptionSpec{
			{Name: "questions", Type: sdk.OptionInt, Default: int64(200), Min: sdk.Bound(1)},
			{Name: "temperature", Type: sdk.OptionFloat, Default: 0.0, Min: sdk.Bound(0), Max: sdk.Bound(2)},
			{
				Name: "kinds", Type: sdk.OptionList, Element: sdk.OptionEnum, Default: []any{"category", "highest-mean"},
				Choices: []string{"category", "highest-mean", "most-ratings", "rated-before", "how-many", "similar-value"},
			},
		}, true
	}
	return []sdk.OptionSpec{
		{Name: "cutoffs", Type: sdk.OptionList, Element: sdk.OptionInt, Default: []any{int64(10)}, Min: sdk.Bound(1), Max: sdk.Bound(1000)},
		{
			Name: "metrics", Type: sdk.OptionList, Element: sdk.OptionEnum, Default: []any{"ndcg", "recall"},
			Choices: metric.Names(),
		},
		{Name: "relevance", Type: sdk.OptionEnum, Choices: []string{"interacted", "liked"}, Default: "interacted"},
	}, kind == "offline"
}

func (catalogue) Component(kind sdk.Kind, plugin, component string) (sdk.ComponentSpec, error) {
	components := map[string][]sdk.ComponentSpec{
		"dataset planted": {{Name: "planted", Options: []sdk.OptionSpec{
			{Name: "users", Type: sdk.OptionInt, Default: int64(1000), Min: sdk.Bound(1)},
			{Name: "items", Type: sdk.OptionInt, Default: int64(800), Min: sdk.Bound(1)},
			{Name: "seed", Type: sdk.OptionInt, Default: int64(1), Min: sdk.Bound(0)},
		}}},
		"dataset movielens": {{Name: "100k", Options: []sdk.OptionSpec{
			{Name: "path", Type: sdk.OptionPath, Required: true, Doc: "the unpacked folder ml-100k"},
			{Name: "fold", Type: sdk.OptionEnum, Choices: []string{"none", "u1"}},
		}}},
		"dataset tabular":    {{Name: "csv", Options: tabularOptions()}},
		"recommender basics": {{Name: "popular"}, {Name: "random"}, {Name: "tail"}, {Name: "bestmean"}, {Name: "content"}, {Name: "damaged"}},
		"recommender neighbors": {
			{Name: "itemknn", Options: []sdk.OptionSpec{{Name: "neighbors", Type: sdk.OptionInt, Default: int64(100), Min: sdk.Bound(1)}}},
			{Name: "ease", Options: []sdk.OptionSpec{{Name: "l2", Type: sdk.OptionFloat, Default: 500.0, Min: sdk.Bound(0)}}},
			{Name: "userknn"},
			{Name: "slim"},
		},
		"recommender factors": {
			{Name: "mf", Options: []sdk.OptionSpec{{Name: "factors", Type: sdk.OptionInt, Default: int64(64), Min: sdk.Bound(1)}}},
			{Name: "bpr"},
			{Name: "ials"},
		},
		"recommender file": {{Name: "lists", Options: []sdk.OptionSpec{
			{Name: "path", Type: sdk.OptionPath, Required: true}, {Name: "rank", Type: sdk.OptionString},
		}}},
		"llm embedded": {{Name: "embedded", Options: []sdk.OptionSpec{{Name: "weights", Type: sdk.OptionPath}}}},
		"llm openai": {{Name: "openai", Needs: sdk.Needs{Secrets: []string{"api-key"}, Network: "any"}, Options: []sdk.OptionSpec{
			{Name: "model", Type: sdk.OptionString, Required: true},
			{Name: "base-url", Type: sdk.OptionString, Neutral: true, Default: "https://api.openai.com/v1"},
		}}},
		// every type of option, for the tests alone
		"recommender all": {{Name: "all", Options: []sdk.OptionSpec{
			{Name: "bool", Type: sdk.OptionBool, Default: false},
			{Name: "duration", Type: sdk.OptionDuration, Default: "1m30s"},
			{Name: "float", Type: sdk.OptionFloat, Default: 0.5},
			{Name: "list", Type: sdk.OptionList, Element: sdk.OptionFloat},
			{Name: "neutral", Type: sdk.OptionInt, Neutral: true, Default: int64(4)},
			{Name: "old", Type: sdk.OptionInt, Deprecated: "use float"},
			{Name: "path", Type: sdk.OptionPath},
			{Name: "paths", Type: sdk.OptionList, Element: sdk.OptionPath},
			{Name: "table", Type: sdk.OptionTable},
		}}},
	}[kind.String()+" "+plugin]
	if components == nil {
		return sdk.ComponentSpec{}, fmt.Errorf("no %s plugin %q: alignuser plugin list shows those at hand", kind, plugin)
	}
	if component == "" && len(components) == 1 {
		return components[0], nil
	}
	var names []string
	for _, c := range components {
		if c.Name == component {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return sdk.ComponentSpec{}, sdk.Invalidf("component", "plugin %s has no component %q (known: %v)", plugin, component, names)
}
