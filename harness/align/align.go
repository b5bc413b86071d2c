// Package align teaches a backend to decide as people did (METHOD 4, after AlignUSER,
// arXiv 2601.00930, and Early Experience, arXiv 2510.08558): demonstrations become
// training files of what follows a decision, of the decision itself, and of what was not
// done; a backend is tuned on them, or told what they teach.
//
// Its opinions. People of the training part are the only teachers: nothing here knows a
// held-out interaction or a planted parameter. What is taught is asked in the words in
// which agents are asked. Files are plain lines of JSON that any trainer takes, and a
// manifest says what is in them.
package align

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/sdk"
)

// Recipe says what is taught, and how. Equal recipes on equal splits give equal files.
type Recipe struct {
	Persona         string   `json:"persona"`
	Memory          string   `json:"memory"`
	Fields          []string `json:"fields"` // of cards
	WorldModel      bool     `json:"world_model"`
	Counterfactuals bool     `json:"counterfactuals"`
	Objective       string   `json:"objective"` // of the counterfactual part
	Learning        string   `json:"learning"`
	Ratio           int      `json:"ratio"`    // of reconstructed pages
	Examples        int      `json:"examples"` // pages at most; 0: all
	Seed            uint64   `json:"seed"`
}

// RecipeOf reads the options of an aligned arm.
func RecipeOf(o sdk.Options, fields []string, seed uint64) Recipe {
	lessons := o.String("learning") == agent.LearnLessons // which come of counterfactuals
	return Recipe{
		Persona: o.String("persona"), Memory: o.String("memory"), Fields: fields,
		WorldModel: o.Bool("world-model"), Counterfactuals: lessons || o.Bool("counterfactuals"),
		Objective: o.String("objective"), Learning: o.String("learning"),
		Ratio: o.Int("ratio"), Examples: o.Int("examples"), Seed: seed,
	}
}

// Version counts changes of what is built from equal recipes and data.
const Version = 1

// Digest names what a recipe makes of data: data is the digest of the split.
func (r Recipe) Digest(data string) string {
	b, err := json.Marshal([]any{"align", Version, agent.PromptsVersion, data, r})
	if err != nil {
		panic(fmt.Sprintf("align: %v", err)) // strings, numbers and lists of them
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (r Recipe) teaching() browse.Teaching {
	return browse.Teaching{Ratio: r.Ratio, Persona: r.Persona, Memory: r.Memory, Pages: r.Examples}
}
