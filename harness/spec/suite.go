package spec

import (
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// Schema is the newest suite format that this package reads.
const Schema = 1

// Names of the controls that leaderboards carry. No arm may be called Oracle, no
// backend Chance, and Random may only be the recommender of that name in plugin
// basics.
const (
	Oracle = "oracle"
	Random = "random"
	Chance = "chance"
)

// Suite is a benchmark as its author wrote it.
type Suite struct {
	Path         string   // of the file, as given to Load
	Source       []byte   // text of the file
	Sets         []string // overrides, as given to Load
	Schema       int
	Name         string // kebab-case
	Title        string // empty: none
	Seed         uint64
	Repeats      int // at least 1
	Dataset      Component
	Filter       *Filter // nil: all of the data is used
	Split        Split
	Recommenders []Arm     // names unique
	Backends     []Backend // language models; names unique
	Agents       []Agent   // simulated users; names unique
	Tasks        []Task    // at least one, kinds unique
	Limits       Limits
	Warnings     []Error // filled by Check
}

// Component names one component of a plugin and its options.
type Component struct {
	Plugin    string
	Component string      // may be empty before Check, where the plugin has only one
	Options   sdk.Options // as written; canonical after Check
	Pos       Pos

	at *place // nil in a suite that was not read from a file
}

// Arm is a recommender under test.
type Arm struct {
	Name string // kebab-case
	Component
}

// Filter says what of the data is used, before it is split.
type Filter struct {
	UserCore, ItemCore int      // interactions that a user and an item must have left, iteratively; 0: any number
	MinValue, MaxValue *float64 // nil: no bound
	Pos                Pos

	at *place
}

// Split says how interactions are divided.
type Split struct {
	Method      string
	Test, Valid float64 // fractions of a user's interactions
	Seed        *uint64 // nil: the suite's
	Evidence    string  // one of [EvidenceKinds]: whose interactions agents know of
	Pos         Pos
}

// Halves reports whether users are cut into two halves, one of which is judged.
func (s Split) Halves() bool { return s.Evidence != "" && s.Evidence != shared }

// shared is the kind of evidence of a suite that says nothing of it.
const shared = "shared"

// EvidenceKinds are the known values of split.evidence.
func EvidenceKinds() []string { return []string{shared, "disjoint", "same-half"} }

// Methods are the known values of split.method.
func Methods() []string {
	return []string{"user-temporal", "global-temporal", "random", "leave-one-out", "given"}
}

// decided says which fractions a method sets by itself.
func decided(method string) []string {
	switch method {
	case "leave-one-out":
		return []string{"test"}
	case "given":
		return []string{"test", "valid"}
	}
	return nil
}

// Task is one measurement.
type Task struct {
	Kind    string
	Options sdk.Options // as written; canonical after Check
	Pos     Pos

	at *place
}

// Limits bound what a run may use. They never change a result, so they are not
// part of any digest.
type Limits struct {
	Workers     int // recommenders fitted at a time; 0: the host decides
	Threads     int // of one plugin; 0: the plugin decides
	FitTimeout  time.Duration
	CallTimeout time.Duration
	Memory      int64 // bytes one plugin may use; 0: no limit
}

// DefaultLimits holds where a suite says nothing.
func DefaultLimits() Limits {
	return Limits{FitTimeout: 10 * time.Minute, CallTimeout: time.Minute}
}
