package record

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Manifest says what a run was. With the evidence it is all that a report or a
// verification needs.
type Manifest struct {
	Schema      int          `json:"schema"` // filled in by WriteManifest
	HostVersion string       `json:"host_version"`
	Suite       SuiteFacts   `json:"suite"`
	Command     string       `json:"command"` // what to type to get the same again
	ID          string       `json:"id"`      // filled in by WriteManifest
	Identity    Identity     `json:"identity"`
	Signature   string       `json:"signature"`          // protocol signature: equal ones may be compared
	Protocol    []Fact       `json:"protocol,omitempty"` // what the signature is a digest of, part by part
	Data        DataFacts    `json:"data"`
	Arms        []ArmFacts   `json:"arms"`
	Agents      []AgentFacts `json:"agents,omitempty"`
	Tasks       []TaskFacts  `json:"tasks"`
	Environment Environment  `json:"environment"`
	Started     time.Time    `json:"started"`
	Finished    time.Time    `json:"finished,omitzero"` // zero: not finished
	Notes       []string     `json:"notes,omitempty"`   // what a reader of any table must know
}

// Parts names what the protocol signature is made of. Manifests that do not list it tell
// it by what they say of data and tasks.
func (m Manifest) Parts() []Fact {
	if len(m.Protocol) > 0 {
		return m.Protocol
	}
	parts := []Fact{{"data", m.Data.Digest}, {"split", m.Data.Split.Digest}}
	for _, t := range m.Tasks {
		options, err := json.Marshal(t.Options)
		if err != nil {
			options = []byte(err.Error()) // scalars, lists and tables of them
		}
		parts = append(parts, Fact{"task " + t.Kind, string(options)})
	}
	return parts
}

// DifferingParts says which parts of two protocols differ, and how; none where equal
// signatures make the runs comparable. Digests are cut to what the eye compares.
func DifferingParts(a, b Manifest) (out []string) {
	if a.Signature == b.Signature {
		return nil
	}
	value := func(parts []Fact, name string) string {
		for _, p := range parts {
			if p.Name == name && len(p.Value) == 64 {
				return p.Value[:12]
			} else if p.Name == name {
				return p.Value
			}
		}
		return "none"
	}
	seen := map[string]bool{}
	for _, p := range append(slices.Clone(a.Parts()), b.Parts()...) {
		x, y := value(a.Parts(), p.Name), value(b.Parts(), p.Name)
		if x != y && !seen[p.Name] {
			out = append(out, fmt.Sprintf("%s (%s, %s)", p.Name, x, y))
		}
		seen[p.Name] = true
	}
	if len(out) == 0 {
		out = []string{fmt.Sprintf("signature (%s, %s)", a.Signature, b.Signature)}
	}
	return out
}

// SuiteFacts is the suite as text, without where it lay.
type SuiteFacts struct {
	Name      string          `json:"name"`
	Title     string          `json:"title"`
	Source    string          `json:"source"`    // the TOML text
	Canonical json.RawMessage `json:"canonical"` // what the digest is of
	Seed      uint64          `json:"seed"`
	Repeats   int             `json:"repeats"`
}

// DataFacts describes the data set.
type DataFacts struct {
	Name         string       `json:"name"`
	Plugin       string       `json:"plugin"`
	Version      string       `json:"version"`
	License      string       `json:"license"`
	Citation     string       `json:"citation"`
	Planted      bool         `json:"planted"` // generated from a model of people
	Digest       string       `json:"digest"`
	Users        int          `json:"users"`
	Items        int          `json:"items"`
	Interactions int          `json:"interactions"`
	Filter       *FilterFacts `json:"filter,omitempty"` // nil: all of the data set is used
	Split        SplitFacts   `json:"split"`
}

// FilterFacts says what of a data set was left out, and by which rule. The counts
// of DataFacts are of what was kept.
type FilterFacts struct {
	UserCore int      `json:"user_core"`
	ItemCore int      `json:"item_core"`
	MinValue *float64 `json:"min_value,omitempty"`
	MaxValue *float64 `json:"max_value,omitempty"`
	Users    int      `json:"users_left_out"`
	Items    int      `json:"items_left_out"`
	ByValue  int      `json:"interactions_by_value"`
	ByCore   int      `json:"interactions_by_core"`
}

// SplitFacts says how the data was divided, and what that did.
type SplitFacts struct {
	Method           string  `json:"method"`
	Test             float64 `json:"test"`  // fraction asked for
	Valid            float64 `json:"valid"` // fraction asked for
	Digest           string  `json:"digest"`
	TrainRows        int     `json:"train_rows"`
	ValidRows        int     `json:"valid_rows"`
	TestRows         int     `json:"test_rows"`
	UsersWithoutTest int     `json:"users_without_test"`
	UsersTied        int     `json:"users_tied"` // equal times straddled a cut
	TemporalLeak     bool    `json:"temporal_leak"`
	// Evidence says how users are cut into halves; nil: they are not, and agents know of
	// everybody's training interactions. Where they are, the rows are of those judged.
	Evidence *EvidenceFacts `json:"evidence,omitempty"`
}

// EvidenceFacts says who is judged, and whose training interactions agents know of.
type EvidenceFacts struct {
	Kind        string `json:"kind"` // of split.evidence: disjoint, same-half
	UsersJudged int    `json:"users_judged"`
	Users       int    `json:"users"` // of the half that evidence rests on
	Rows        int    `json:"rows"`  // their training interactions
}

// ArmFacts describes a recommender or a backend of the suite.
type ArmFacts struct {
	Name        string         `json:"name"`
	Plugin      string         `json:"plugin"`
	Component   string         `json:"component"`
	Version     string         `json:"version"`
	Digest      string         `json:"digest"`
	Builtin     bool           `json:"builtin"`
	Options     map[string]any `json:"options"`
	Determinism string         `json:"determinism"`
	Control     bool           `json:"control"`        // true: sees the truth or answers by a rule; not a competitor
	Tasks       []string       `json:"tasks,omitzero"` // those with cells of this arm; nil: all; empty: none

	Files map[string]string `json:"files,omitempty"` // digests of what path options name, by option
}

// AgentFacts describes a simulated user of the suite.
type AgentFacts struct {
	Name    string         `json:"name"`
	Kind    string         `json:"kind"`
	Backend string         `json:"backend,omitempty"` // name of the language model that it asks
	Options map[string]any `json:"options"`
	Asks    bool           `json:"asks,omitempty"`   // it asks a language model
	Learns  bool           `json:"learns,omitempty"` // it was fitted to the training part
	// Of aligned agents: the SHA-256 of the tuned weights or of the model's name, and the
	// loss by which people taught it.
	Model     string `json:"model,omitempty"`
	Objective string `json:"objective,omitempty"`
}

// TaskFacts describes a task of the suite.
type TaskFacts struct {
	Kind    string         `json:"kind"`
	Options map[string]any `json:"options"`
	Primary string         `json:"primary"` // metric that orders the table
	Facts   []Fact         `json:"facts,omitempty"`
	Invalid string         `json:"invalid,omitempty"` // the control that failed, and how; empty: all held
	Judges  string         `json:"judges,omitempty"`  // JudgesBackends; empty: recommenders
	Unit    string         `json:"unit,omitempty"`    // what intervals are drawn over; empty: users
	// Agents says of the tables of single agents, by name, what the task's own facts do not.
	Agents  map[string]AgentTable `json:"agents,omitempty"`
	Derived bool                  `json:"derived,omitempty"` // made of other tasks' cells: it has no evidence of its own
}

// AgentTable is what a reader of one agent's table must know.
type AgentTable struct {
	Facts   []Fact `json:"facts,omitempty"`
	Invalid string `json:"invalid,omitempty"` // the control that failed, and how; empty: all held
}

// Judge says of an agent's table what its control found.
func (t *TaskFacts) Judge(agent string, found AgentTable) {
	if t.Agents == nil {
		t.Agents = map[string]AgentTable{}
	}
	t.Agents[agent] = found
}

// JudgesBackends marks a task whose cells have the name of a backend in place of
// an agent, and no recommender.
const JudgesBackends = "backends"

// JudgesAgents marks a task whose rows are agents, and no recommender.
const JudgesAgents = "agents"

// Fact is a count or a caveat that a reader of the task's table must know.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Environment is where the run ran. Results of equal environments are equal.
type Environment struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	CPUs   int    `json:"cpus"`
	Go     string `json:"go"`
	Kernel string `json:"kernel"`
}

// WriteManifest writes manifest.json with times in UTC and whole seconds.
func (r *Run) WriteManifest(m Manifest) error {
	m.Schema = Schema
	m.ID = m.Identity.ID()
	m.Started = m.Started.UTC().Truncate(time.Second)
	m.Finished = m.Finished.UTC().Truncate(time.Second)
	if m.ID != filepath.Base(r.dir) {
		return fmt.Errorf("%s: the identity's id is %s, the folder's %s", ManifestFile, m.ID, filepath.Base(r.dir))
	}
	return r.disk.writeFile(filepath.Join(r.dir, ManifestFile), 0o644, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(m)
	})
}

// ReadManifest reads the manifest of this run.
func (r *Run) ReadManifest() (Manifest, error) { return ReadManifest(r.dir) }

// ReadManifest reads the manifest of a run folder, which need not be held.
func ReadManifest(dir string) (Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return Manifest{}, err
	}
	var head struct {
		Schema      int    `json:"schema"`
		HostVersion string `json:"host_version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkSchema(head.Schema, head.HostVersion); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", path, err)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// checkSchema refuses a layout that this package does not know.
func checkSchema(have int, hostVersion string) error {
	switch {
	case have == Schema:
		return nil
	case have < 1:
		return fmt.Errorf("schema %d: want %d: the file is not one of a run", have, Schema)
	case hostVersion != "":
		return fmt.Errorf("schema %d: this program reads schema %d: use alignuser %s or later, which wrote it", have, Schema, hostVersion)
	default:
		return fmt.Errorf("schema %d: this program reads schema %d: use the version of alignuser that wrote it, or later", have, Schema)
	}
}
