package plugintest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

func describeCases() []Case {
	return []Case{
		{ID: "describe/stable", Doc: "a second process describes itself in the same words", whole: true, run: describeStable},
		{ID: "describe/names", Doc: "name and version are given, component names are kebab-case and unique", whole: true, run: describeNames},
		{ID: "describe/kind", Doc: "every component is of the kind asked for, and all are of one kind", whole: true, run: describeKind},
		{ID: "describe/component", Doc: "a sentence of doc, a known class of determinism, and features of its own kind only", run: describeComponent},
		{ID: "describe/options", Doc: "every option has a kebab-case name, a type, doc, and sensible bounds", run: describeOptions},
		{ID: "describe/defaults", Doc: "every default keeps to its own type and bounds", run: describeDefaults},
		{ID: "describe/tables", Doc: "a data set declares users, items and interactions with the columns that the host needs", kind: sdk.KindDataset, run: describeTables},
	}
}

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func describeStable(ctx context.Context, b *bench) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	if first, second := b.kit.plugin, p.Description(); !reflect.DeepEqual(first, second) {
		return fmt.Errorf("first %+v, then %+v", first, second)
	}
	return nil
}

func describeNames(_ context.Context, b *bench) error {
	d := b.kit.plugin
	switch {
	case d.Name == "":
		return errors.New("the plugin has no name")
	case d.Version == "":
		return errors.New("the plugin has no version")
	case len(d.Components) == 0:
		return errors.New("the plugin has no components")
	}
	seen := map[string]bool{}
	for _, c := range d.Components {
		if !kebab.MatchString(c.Name) || len(c.Name) > 63 {
			return fmt.Errorf("component %q: want a kebab-case name of at most 63 letters", c.Name)
		}
		if seen[c.Name] {
			return fmt.Errorf("component %q occurs twice", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

func describeKind(_ context.Context, b *bench) error {
	want := b.kit.cfg.Kind
	for _, c := range b.kit.plugin.Components {
		if want == 0 {
			want = c.Kind
		}
		if c.Kind != want {
			return fmt.Errorf("component %s is a %s, want a %s", c.Name, c.Kind, want)
		}
	}
	return nil
}

// features lists what a component of a kind may declare. Unknown words are
// allowed, since a newer contract may know them.
func features() map[string][]sdk.Kind {
	return map[string][]sdk.Kind{
		sdk.FeatureScore:   {sdk.KindRecommender, sdk.KindLLM},
		sdk.FeatureUpdate:  {sdk.KindRecommender},
		sdk.FeatureSave:    {sdk.KindRecommender},
		sdk.FeatureRespond: {sdk.KindDataset},
		sdk.FeatureEmbed:   {sdk.KindLLM},
		sdk.FeatureTune:    {sdk.KindLLM},

		sdk.FeaturePredictValues: {sdk.KindRecommender},
	}
}

func describeComponent(_ context.Context, b *bench) error {
	s := b.spec
	if strings.TrimSpace(s.Doc) == "" {
		return errors.New("no doc")
	}
	if s.Determinism < sdk.DeterminismBitwise || s.Determinism > sdk.DeterminismNone {
		return errors.New("no class of determinism")
	}
	for i, f := range s.Features {
		kinds, known := features()[f]
		if known && !slices.Contains(kinds, s.Kind) {
			return fmt.Errorf("feature %q is not one of a %s", f, s.Kind)
		}
		if slices.Contains(s.Features[:i], f) {
			return fmt.Errorf("feature %q is declared twice", f)
		}
	}
	if s.Has(sdk.FeaturePredictValues) && !s.Has(sdk.FeatureScore) {
		return fmt.Errorf("feature %q without %q, whose values it is about", sdk.FeaturePredictValues, sdk.FeatureScore)
	}
	if s.Kind != sdk.KindDataset && len(s.Tables) > 0 {
		return fmt.Errorf("a %s declares tables", s.Kind)
	}
	return nil
}

func describeOptions(_ context.Context, b *bench) error {
	seen := map[string]bool{}
	for _, o := range b.spec.Options {
		if seen[o.Name] {
			return fmt.Errorf("option %q is declared twice", o.Name)
		}
		seen[o.Name] = true
		if err := checkOption(o); err != nil {
			return fmt.Errorf("option %q: %w", o.Name, err)
		}
	}
	return nil
}

func checkOption(o sdk.OptionSpec) error {
	numeric := o.Type == sdk.OptionInt || o.Type == sdk.OptionFloat ||
		o.Type == sdk.OptionList && (o.Element == sdk.OptionInt || o.Element == sdk.OptionFloat)
	enum := o.Type == sdk.OptionEnum || o.Type == sdk.OptionList && o.Element == sdk.OptionEnum
	switch {
	case !kebab.MatchString(o.Name):
		return errors.New("want a kebab-case name")
	case o.Type < sdk.OptionBool || o.Type > sdk.OptionTable:
		return errors.New("no known type")
	case strings.TrimSpace(o.Doc) == "":
		return errors.New("no doc")
	case o.Type == sdk.OptionList && (o.Element < sdk.OptionBool || o.Element >= sdk.OptionList):
		return errors.New("a list needs a scalar type of element")
	case enum != (len(o.Choices) > 0):
		return errors.New("choices belong to enums, and only to them")
	case !numeric && (o.Min != nil || o.Max != nil):
		return errors.New("bounds belong to numbers")
	case o.Min != nil && o.Max != nil && *o.Min > *o.Max:
		return fmt.Errorf("min %v is above max %v", *o.Min, *o.Max)
	case o.Required && o.Default != nil:
		return errors.New("required, yet it has a default")
	}
	return nil
}

func describeDefaults(_ context.Context, b *bench) error {
	for _, o := range b.spec.Options {
		if o.Default == nil {
			continue
		}
		_, ds := sdk.Canonical([]sdk.OptionSpec{o}, sdk.Options{o.Name: o.Default})
		if sdk.Failed(ds) {
			return fmt.Errorf("default %v: %s", o.Default, diagnostics(ds))
		}
	}
	return nil
}

// mandatory columns of the tables that every data set has.
func mandatory() map[string][]sdk.ColumnSpec {
	return map[string][]sdk.ColumnSpec{
		sdk.TableUsers:        {{Name: "uid", Type: sdk.ColumnStr}},
		sdk.TableItems:        {{Name: "iid", Type: sdk.ColumnStr}, {Name: "title", Type: sdk.ColumnStr}},
		sdk.TableInteractions: {{Name: "user", Type: sdk.ColumnI32}, {Name: "item", Type: sdk.ColumnI32}},
	}
}

// typed lists columns whose type is fixed wherever they occur.
func typed() map[string]map[string]sdk.ColumnSpec {
	return map[string]map[string]sdk.ColumnSpec{
		sdk.TableItems: {
			"categories": {Type: sdk.ColumnStr, List: true}, "summary": {Type: sdk.ColumnStr}, "year": {Type: sdk.ColumnI32},
		},
		sdk.TableInteractions: {"value": {Type: sdk.ColumnF32}, "time": {Type: sdk.ColumnI64}, "kind": {Type: sdk.ColumnU8}, "part": {Type: sdk.ColumnU8}},
	}
}

func describeTables(_ context.Context, b *bench) error {
	declared := map[string]sdk.TableSpec{}
	for _, t := range b.spec.Tables {
		if _, twice := declared[t.Name]; twice {
			return fmt.Errorf("table %q is declared twice", t.Name)
		}
		declared[t.Name] = t
	}
	for _, name := range []string{sdk.TableUsers, sdk.TableItems, sdk.TableInteractions} {
		t, ok := declared[name]
		if !ok {
			return fmt.Errorf("no table %q", name)
		}
		for _, want := range mandatory()[name] {
			have, ok := columnSpec(t, want.Name)
			if !ok || have.Type != want.Type || have.List {
				return fmt.Errorf("table %s: want a column %s of %s", name, want.Name, want.Type)
			}
		}
	}
	for name, columns := range typed() {
		for column, want := range columns {
			have, ok := columnSpec(declared[name], column)
			if ok && (have.Type != want.Type || have.List != want.List) {
				return fmt.Errorf("table %s: column %s is of %s, want %s (list: %t)", name, column, have.Type, want.Type, want.List)
			}
		}
	}
	return nil
}

func columnSpec(t sdk.TableSpec, name string) (sdk.ColumnSpec, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return sdk.ColumnSpec{}, false
}
