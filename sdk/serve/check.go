package serve

import (
	"fmt"
	"regexp"

	"github.com/alignuser/alignuser/sdk"
)

// feature ties a feature's name to the interface behind it.
type feature struct {
	name  string
	iface string
	has   func(sdk.Component) bool
}

func implements[T any](c sdk.Component) bool {
	_, ok := c.(T)
	return ok
}

// featuresOf lists what contract v1 knows for a kind.
func featuresOf(kind sdk.Kind) []feature {
	switch kind {
	case sdk.KindRecommender:
		return []feature{
			{sdk.FeatureScore, "sdk.Scorer", implements[sdk.Scorer]},
			{sdk.FeatureUpdate, "sdk.Updater", implements[sdk.Updater]},
			{sdk.FeatureSave, "sdk.Saver", implements[sdk.Saver]},
		}
	case sdk.KindDataset:
		return []feature{{sdk.FeatureRespond, "sdk.Responder", implements[sdk.Responder]}}
	case sdk.KindLLM:
		return []feature{
			{sdk.FeatureScore, "sdk.TextScorer", implements[sdk.TextScorer]},
			{sdk.FeatureEmbed, "sdk.Embedder", implements[sdk.Embedder]},
			{sdk.FeatureTune, "sdk.Tuner", implements[sdk.Tuner]},
		}
	}
	return nil
}

// checkSpec refuses a component whose description would mislead the host. It
// runs at every start, so an author meets it at the first try.
func checkSpec(kind sdk.Kind, s sdk.ComponentSpec, c sdk.Component) error {
	if s.Kind != kind {
		return fmt.Errorf("its Spec says kind %s, but it is served as a %s", s.Kind, kind)
	}
	if !kebab(s.Name) {
		return fmt.Errorf("want a name in kebab-case, such as \"item-knn\"")
	}
	if err := checkFeatures(kind, s, c); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, o := range s.Options {
		if !kebab(o.Name) || seen[o.Name] {
			return fmt.Errorf("option %q: want a name in kebab-case that occurs once", o.Name)
		}
		seen[o.Name] = true
		if err := checkOption(o); err != nil {
			return fmt.Errorf("option %q: %w", o.Name, err)
		}
	}
	return nil
}

func checkFeatures(kind sdk.Kind, s sdk.ComponentSpec, c sdk.Component) error {
	known := map[string]bool{}
	for _, f := range featuresOf(kind) {
		known[f.name] = true
		switch declared, has := s.Has(f.name), f.has(c); {
		case declared && !has:
			return fmt.Errorf("declares feature %q but does not implement %s", f.name, f.iface)
		case has && !declared:
			return fmt.Errorf("implements %s but does not declare feature %q in Spec().Features", f.iface, f.name)
		}
	}
	if kind == sdk.KindRecommender { // no method of its own: it says what Score means
		known[sdk.FeaturePredictValues] = true
		if s.Has(sdk.FeaturePredictValues) && !s.Has(sdk.FeatureScore) {
			return fmt.Errorf("declares feature %q without %q, whose values it is about", sdk.FeaturePredictValues, sdk.FeatureScore)
		}
	}
	for _, name := range s.Features {
		if !known[name] {
			return fmt.Errorf("declares feature %q, which a %s cannot have", name, kind)
		}
	}
	return nil
}

func checkOption(o sdk.OptionSpec) error {
	if o.Type < sdk.OptionBool || o.Type > sdk.OptionTable {
		return fmt.Errorf("has no type")
	}
	if o.Type == sdk.OptionList && (o.Element < sdk.OptionBool || o.Element > sdk.OptionEnum) {
		return fmt.Errorf("a list needs the type of its elements, a scalar")
	}
	if (o.Type == sdk.OptionEnum || o.Element == sdk.OptionEnum) && len(o.Choices) == 0 {
		return fmt.Errorf("an enum needs choices")
	}
	if o.Required && o.Default != nil {
		return fmt.Errorf("is required, so its default is never used")
	}
	if o.Default == nil {
		return nil
	}
	o.Deprecated = ""
	if _, ds := sdk.Canonical([]sdk.OptionSpec{o}, sdk.Options{o.Name: o.Default}); sdk.Failed(ds) {
		return fmt.Errorf("default: %s", ds[0].Summary)
	}
	return nil
}

// kebab tells whether a name is lower-case words and digits joined by hyphens.
func kebab(s string) bool {
	return len(s) <= 63 && regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(s)
}
