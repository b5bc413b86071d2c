package align

import "github.com/alignuser/alignuser/harness/agent"

// Effort is what teaching an agent takes at most.
type Effort struct {
	Built, Tuned bool  // by earlier attempts: nothing is left to do of that
	Pages        int   // of people, to learn from
	Calls        int64 // of a language model that reflects; 0 where none does
	Prompt       int64 // tokens of those
	Answers      int64
	Examples     int64 // of the jobs of a tuning
	Tokens       int64 // of those, read once
}

// Tokens that a page with its question, what an agent says of it and a reflection with
// its page take, on the large side.
const (
	pageTokens   = 1500
	answerTokens = 300
	lookTokens   = pageTokens + Alternatives*reflectionTokens // each with what would follow
)

// Most bounds what is left to do in the workshop, without asking or building anything.
func (w *Workshop) Most() Effort {
	if m, err := ReadModel(w.Dir); err == nil && m.Recipe == w.Digest {
		return Effort{Built: true, Tuned: true}
	}
	stage, r := w.Stage(), w.Recipe
	pages, logged := stage.MostPages(r.teaching())
	looks := 0
	if r.Counterfactuals && w.Ask.Language {
		looks = min(pages, perUser*len(stage.Users()))
	}
	e := Effort{Pages: pages}
	if m, err := ReadManifest(w.Dir); err == nil && m.Signature == w.Digest && w.whole(m) {
		e.Built, e.Pages = true, m.Pages
	} else {
		e.reflect(looks, logged)
	}
	if r.Learning == agent.LearnLessons {
		return e
	}
	lines, pairs := 2*pages, 0 // what was watched, and the values
	if logged {
		lines += pages // whether the person left
	}
	if logged && r.WorldModel {
		lines += pages
	}
	if r.Counterfactuals && r.Objective == "pairs" {
		pairs = Alternatives * pages
	}
	e.Examples = int64(lines + looks + pairs)
	e.Tokens = int64(lines*(pageTokens+answerTokens) + looks*(lookTokens+reflectionTokens) + pairs*(pageTokens+2*answerTokens))
	return e
}

// reflect adds the calls of so many reflections: what would have followed is asked of each
// alternative where the page was logged.
func (e *Effort) reflect(looks int, logged bool) {
	foreseen := 0
	if logged {
		foreseen = Alternatives * looks
	}
	e.Calls = int64(foreseen + looks)
	e.Prompt = int64(foreseen*pageTokens + looks*lookTokens)
	e.Answers = int64(foreseen+looks) * reflectionTokens
}
