package record

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"
)

// CellKey names a cell: one recommender at one task, with one agent where the
// task has agents, or one agent (or the backend behind agents) alone.
type CellKey struct {
	Task        string `json:"task"`
	Recommender string `json:"recommender,omitempty"` // empty: the task has no recommender; "-" in files
	Agent       string `json:"agent,omitempty"`       // empty: the task has no agent; "-" in files
	Repeat      int    `json:"repeat"`                // from 0
}

// maxRepeat bounds repeats so that a damaged file cannot ask for a huge one.
const maxRepeat = 1_000_000

// String gives task/recommender/agent/r0, with "-" for no agent.
func (k CellKey) String() string {
	return k.Task + "/" + dash(k.Recommender) + "/" + dash(k.Agent) + "/r" + strconv.Itoa(k.Repeat)
}

// Check reports a name that cannot be part of a path.
func (k CellKey) Check() error {
	for _, part := range []struct{ what, name string }{
		{"task", k.Task}, {"recommender", k.Recommender}, {"agent", k.Agent},
	} {
		if part.name == "" && (part.what == "agent" || part.what == "recommender" && k.Agent != "") {
			continue
		}
		if err := CheckName(part.name); err != nil {
			return fmt.Errorf("%s: %w", part.what, err)
		}
	}
	if k.Repeat < 0 || k.Repeat > maxRepeat {
		return fmt.Errorf("repeat %d: want 0 to %d", k.Repeat, maxRepeat)
	}
	return nil
}

// Compare orders by task, recommender, agent and repeat.
func (k CellKey) Compare(o CellKey) int {
	return cmp.Or(
		cmp.Compare(k.Task, o.Task),
		cmp.Compare(k.Recommender, o.Recommender),
		cmp.Compare(k.Agent, o.Agent),
		cmp.Compare(k.Repeat, o.Repeat),
	)
}

// path of the cell's evidence below the run folder, without its extension.
func (k CellKey) path() string {
	recommender := k.Recommender
	if recommender == "" {
		recommender = noName // keeps the folders of agents apart from those of recommenders
	}
	return filepath.Join("evidence", k.Task, recommender, k.Agent, "r"+strconv.Itoa(k.Repeat))
}

// CheckName reports whether a name may be part of a path: one to 63 of a-z,
// 0-9 and '-', and no '-' in front.
func CheckName(name string) error {
	ok := len(name) >= 1 && len(name) <= 63 && name[0] != '-'
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
	}
	if !ok {
		return fmt.Errorf("name %q: want at most 63 of a-z, 0-9 and '-', not beginning with '-'", name)
	}
	return nil
}

// noName stands in files for a part that a cell's key lacks. No name begins with
// a hyphen.
const noName = "-"

func dash(name string) string {
	if name == "" {
		return noName
	}
	return name
}

func undash(name string) string {
	if name == noName {
		return ""
	}
	return name
}
