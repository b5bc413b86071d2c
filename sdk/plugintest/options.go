package plugintest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

func optionCases() []Case {
	return []Case{
		{ID: "options/defaults", Doc: "Validate fills in every default, and accepts its own answer unchanged", run: optionDefaults},
		{ID: "options/bounds", Doc: "bounds are accepted, one beyond is refused by the option's name", when: anyOption(bounded), run: optionBounds},
		{ID: "options/types", Doc: "a value of the wrong type is refused by the option's name", when: anyOption(func(sdk.OptionSpec) bool { return true }), run: optionTypes},
		{ID: "options/choices", Doc: "a word that is no choice is refused by the option's name", when: anyOption(chosen), run: optionChoices},
		{ID: "options/unknown", Doc: "an unknown option is refused by its name", run: optionUnknown},
		{ID: "options/required", Doc: "a missing required option is named", when: anyOption(required), run: optionRequired},
		{ID: "options/configure", Doc: "Configure, too, refuses bad options by name: a plugin does not trust its host", run: optionConfigure},
	}
}

func bounded(o sdk.OptionSpec) bool  { return o.Min != nil || o.Max != nil }
func chosen(o sdk.OptionSpec) bool   { return len(o.Choices) > 0 }
func required(o sdk.OptionSpec) bool { return o.Required }

func anyOption(is func(sdk.OptionSpec) bool) func(sdk.ComponentSpec) bool {
	return func(s sdk.ComponentSpec) bool { return slices.ContainsFunc(s.Options, is) }
}

// validator starts a process for Validate calls alone.
func (b *bench) validator(ctx context.Context) (validate, error) {
	p, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	return func(o sdk.Options) (sdk.Options, []sdk.Diagnostic, error) {
		out, ds, err := p.Validate(ctx, b.spec.Name, o)
		if err == nil {
			err = lives(ctx, p)
		}
		return out, ds, err
	}, nil
}

// with gives the user's options and one more.
func (b *bench) with(name string, v any) sdk.Options {
	o := sdk.Options{}
	maps.Copy(o, b.given)
	o[name] = v
	return o
}

func optionDefaults(ctx context.Context, b *bench) error {
	if err := b.needs(); err != nil {
		return err
	}
	validate, err := b.validator(ctx)
	if err != nil {
		return err
	}
	canonical, ds, err := validate(b.given)
	if err != nil || sdk.Failed(ds) {
		return errors.Join(err, refusal(ds))
	}
	want, _ := sdk.Canonical(b.spec.Options, b.given)
	for name, v := range want {
		have, ok := canonical[name]
		if _, given := b.given[name]; !given && (!ok || !reflect.DeepEqual(have, v)) {
			return fmt.Errorf("%s: the declared default is %v, Validate answers %v", name, v, have)
		}
	}
	again, ds, err := validate(canonical)
	if err != nil || sdk.Failed(ds) {
		return errors.Join(err, refusal(ds))
	}
	if !reflect.DeepEqual(again, canonical) {
		return fmt.Errorf("canonical options %v become %v when they are validated again", canonical, again)
	}
	return nil
}

func refusal(ds []sdk.Diagnostic) error {
	if sdk.Failed(ds) {
		return errors.New("refused: " + diagnostics(ds))
	}
	return nil
}

// validate is a call of Validate with some options.
type validate func(sdk.Options) (sdk.Options, []sdk.Diagnostic, error)

// each tries a check on every option that a filter lets through.
func (b *bench) each(ctx context.Context, is func(sdk.OptionSpec) bool, try func(sdk.OptionSpec, validate) error) error {
	validate, err := b.validator(ctx)
	if err != nil {
		return err
	}
	for _, o := range b.spec.Options {
		if !is(o) {
			continue
		}
		if err := try(o, validate); err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
	}
	return nil
}

// wantNamed wants a refusal that names an option.
func wantNamed(name string, v any, ds []sdk.Diagnostic, err error) error {
	var detail *sdk.Error
	if errors.As(err, &detail) && errors.Is(err, sdk.ErrInvalid) && detail.Option == name {
		return nil
	}
	if err != nil {
		return err
	}
	for _, d := range ds {
		if d.Severity == sdk.SeverityError && d.Option == name {
			return nil
		}
	}
	if sdk.Failed(ds) {
		return fmt.Errorf("%v was refused without the option's name: %s", v, diagnostics(ds))
	}
	return fmt.Errorf("%v was accepted", v)
}

func optionBounds(ctx context.Context, b *bench) error {
	return b.each(ctx, bounded, func(o sdk.OptionSpec, v validate) error {
		for _, bound := range []struct {
			at   *float64
			away float64
		}{{o.Min, -1}, {o.Max, +1}} {
			if bound.at == nil {
				continue
			}
			if err := b.bound(o, *bound.at, bound.away, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// bound tries one bound, and one beyond it.
func (b *bench) bound(o sdk.OptionSpec, at, away float64, validate validate) error {
	_, ds, err := validate(b.with(o.Name, number(o, at)))
	if err != nil {
		return err
	}
	for _, d := range ds { // rules across options may well object elsewhere
		if d.Severity == sdk.SeverityError && d.Option == o.Name {
			return fmt.Errorf("the bound %v itself was refused: %s", at, d.Summary)
		}
	}
	if at+away == at {
		return nil // too large to step over
	}
	_, ds, err = validate(b.with(o.Name, number(o, at+away)))
	return wantNamed(o.Name, at+away, ds, err)
}

// number gives a value of a numeric option, or a list of one.
func number(o sdk.OptionSpec, v float64) any {
	typ := o.Type
	if typ == sdk.OptionList {
		typ = o.Element
	}
	var out any = v
	if typ == sdk.OptionInt {
		out = int64(math.Round(v))
	}
	if o.Type == sdk.OptionList {
		return []any{out}
	}
	return out
}

func optionTypes(ctx context.Context, b *bench) error {
	all := func(sdk.OptionSpec) bool { return true }
	return b.each(ctx, all, func(o sdk.OptionSpec, validate validate) error {
		wrong := []any{"a word", int64(7), true, 0.5, []any{map[string]any{}}, map[string]any{"a": "table"}}
		for _, v := range wrong {
			if _, ds := sdk.Canonical([]sdk.OptionSpec{o}, sdk.Options{o.Name: v}); !sdk.Failed(ds) {
				continue // right for this one
			}
			_, ds, err := validate(b.with(o.Name, v))
			if err := wantNamed(o.Name, v, ds, err); err != nil {
				return err
			}
		}
		return nil
	})
}

func optionChoices(ctx context.Context, b *bench) error {
	const word = "no-such-choice-of-the-kit"
	return b.each(ctx, chosen, func(o sdk.OptionSpec, validate validate) error {
		var v any = word
		if o.Type == sdk.OptionList {
			v = []any{word}
		}
		_, ds, err := validate(b.with(o.Name, v))
		return wantNamed(o.Name, v, ds, err)
	})
}

const unknownOption = "no-such-option-of-the-kit"

func optionUnknown(ctx context.Context, b *bench) error {
	validate, err := b.validator(ctx)
	if err != nil {
		return err
	}
	_, ds, err := validate(b.with(unknownOption, int64(1)))
	return wantNamed(unknownOption, 1, ds, err)
}

func optionRequired(ctx context.Context, b *bench) error {
	return b.each(ctx, required, func(o sdk.OptionSpec, validate validate) error {
		without := sdk.Options{}
		maps.Copy(without, b.given)
		delete(without, o.Name)
		_, ds, err := validate(without)
		return wantNamed(o.Name, "its absence", ds, err)
	})
}

func optionConfigure(ctx context.Context, b *bench) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	canonical, _ := sdk.Canonical(b.spec.Options, b.given)
	canonical[unknownOption] = int64(1)
	err = p.Configure(ctx, sdk.Config{
		Component: b.spec.Name, Options: canonical, Seed: seed, ScratchDir: p.folder("scratch"), Secrets: b.secrets(),
	})
	if err := refused(ctx, p, "an unknown option", err); err != nil {
		return err
	}
	return wantNamed(unknownOption, 1, nil, err)
}
