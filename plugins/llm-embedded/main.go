// Command llm-embedded is a backend that needs no key, no network and no GPU. It is
// not a language model. It is a log-linear model of the choices that an answer's
// JSON schema leaves open: it finds the lines of the prompt that describe a choice,
// turns them into features by general rules, and draws from a softmax.
//
// Its opinions: it reads the prompt and nothing else; what it says as a reason is
// the feature that weighed most; and where a schema leaves more open than a finite
// choice it refuses instead of making something up. docs/embedded.md has the rules.
package main

import (
	"runtime/debug"

	"github.com/alignuser/alignuser/sdk/serve"
)

// garbage is how much more than what is in use may lie about before it is
// collected, in per cent: prompts are short-lived, and little else is in use.
const garbage = 400

func main() {
	debug.SetGCPercent(garbage)
	serve.LLMs(newModel)
}
