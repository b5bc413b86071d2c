package sdk

import "context"

// Kind says which of the three interfaces a component implements.
type Kind int

// The kinds of plugin.
const (
	KindRecommender Kind = iota + 1
	KindDataset
	KindLLM
)

// String gives the word used in folder names and suites: recommender, dataset, llm.
func (k Kind) String() string {
	switch k {
	case KindRecommender:
		return "recommender"
	case KindDataset:
		return "dataset"
	case KindLLM:
		return "llm"
	}
	return "unknown"
}

// ParseKind is the inverse of Kind.String; ok is false for any other word.
func ParseKind(s string) (k Kind, ok bool) {
	for k = KindRecommender; k <= KindLLM; k++ {
		if k.String() == s {
			return k, true
		}
	}
	return 0, false
}

// Feature names of contract v1. A component declares in its [ComponentSpec]
// which it has; the host calls an optional method only when it was declared.
const (
	FeatureScore   = "score"   // [Scorer], [TextScorer]
	FeatureUpdate  = "update"  // [Updater]
	FeatureSave    = "save"    // [Saver]
	FeatureRespond = "respond" // [Responder]
	FeatureEmbed   = "embed"   // [Embedder]
	FeatureTune    = "tune"    // [Tuner]

	// FeaturePredictValues, beside score, says what Score means: the value that
	// the user would give, on the scale of the training values; NaN where the
	// component has no prediction for a pair.
	FeaturePredictValues = "predict-values"
)

// Determinism is what equal seeds, options and data promise.
type Determinism int

// Classes of determinism, strongest first.
const (
	DeterminismBitwise     Determinism = iota + 1 // the same bytes everywhere
	DeterminismSameMachine                        // the same bytes on one machine and kernel
	DeterminismStatistical                        // other bytes, the same distribution
	DeterminismNone                               // no promise
)

// String gives the word used in tables.
func (d Determinism) String() string {
	switch d {
	case DeterminismBitwise:
		return "bitwise"
	case DeterminismSameMachine:
		return "same-machine"
	case DeterminismStatistical:
		return "statistical"
	case DeterminismNone:
		return "none"
	}
	return "unknown"
}

// Component is what all three kinds have in common.
type Component interface {
	// Spec describes the component. It is pure: no I/O, the same answer always.
	Spec() ComponentSpec
	// Configure hands over canonical options, seed and limits. It is called
	// once, before any method of the kind's interface.
	Configure(ctx context.Context, c Config) error
}

// Validator is implemented by components with rules that no single option can
// express. Types, bounds and choices have been checked before.
type Validator interface {
	Validate(ctx context.Context, o Options) []Diagnostic
}

// ComponentSpec describes one component of a plugin.
type ComponentSpec struct {
	Kind        Kind
	Name        string // kebab-case, unique in the plugin
	Doc         string // one or two sentences
	Options     []OptionSpec
	Features    []string
	Determinism Determinism
	Needs       Needs
	Tables      []TableSpec // datasets: what Read can answer
	License     string
	Citation    string
	Homepage    string
}

// Has reports whether the component declared a feature.
func (s ComponentSpec) Has(feature string) bool {
	for _, f := range s.Features {
		if f == feature {
			return true
		}
	}
	return false
}

// Needs is what a component asks of its surroundings. Declared, and granted or
// not by the user; network and device are not enforced.
type Needs struct {
	Secrets     []string // names wanted in Config.Secrets
	Network     string   // "none" (also when empty), "any", or hosts joined by commas
	Device      string
	MemoryBytes int64
	Tables      []string // recommenders: "items", "users", "valid" beside "interactions"
}

// Description is what a plugin says of itself.
type Description struct {
	Name          string
	Version       string
	ContractMinor int
	Components    []ComponentSpec
	BuildInfo     string
}

// Component finds a component by name.
func (d Description) Component(name string) (ComponentSpec, bool) {
	for _, c := range d.Components {
		if c.Name == name {
			return c, true
		}
	}
	return ComponentSpec{}, false
}

// Config is what Configure receives.
type Config struct {
	Component  string
	Options    Options // canonical: checked, every default filled in
	Seed       uint64
	Threads    int // 0: decide yourself
	Device     string
	ScratchDir string // private, writable, empty; removed with the process
	Secrets    map[string]string
	LogLevel   string
}

// Severity of a Diagnostic.
type Severity int

// An error refuses the options; a warning is printed.
const (
	SeverityError Severity = iota + 1
	SeverityWarning
)

// Diagnostic says what is wrong with an option, and how to mend it.
type Diagnostic struct {
	Severity Severity
	Option   string // empty: the options as a whole
	Summary  string
	Detail   string
}

// Failed reports whether any diagnostic is an error.
func Failed(ds []Diagnostic) bool {
	for _, d := range ds {
		if d.Severity == SeverityError {
			return true
		}
	}
	return false
}
