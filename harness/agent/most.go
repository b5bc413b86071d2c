package agent

import "github.com/alignuser/alignuser/sdk"

// Asked counts what an arm is asked at most, all told.
type Asked struct {
	Visits  int // sessions, each of which may end with an interview
	Pages   int // pages about which it decides as a whole
	Steps   int // pages of which one thing is asked: any [Question] but AskPage
	Guesses int // questions about a user by itself, apart from pages
	Users   int // whose lives it is given
	Items   int // of the catalogue; 0: no page is shown
}

// Add adds what so many cells of a task are asked. All of them know whom one has met.
func (a *Asked) Add(b Asked, cells int) {
	a.Visits, a.Pages = a.Visits+cells*b.Visits, a.Pages+cells*b.Pages
	a.Steps, a.Guesses = a.Steps+cells*b.Steps, a.Guesses+cells*b.Guesses
	a.Users, a.Items = a.Users+b.Users, max(a.Items, b.Items)
}

// Tokens that a question, a question about a person and a call of texts to be embedded
// take, on the large side.
const (
	usualTokens  = 1000
	personTokens = 2000 // and as many for the answer
	textsTokens  = 2000
)

// Calls that go with a person or with texts.
const (
	matchCalls  = 6   // personas are proposed once and each of five is judged
	textsAtOnce = 128 // of the catalogue, embedded in a call
)

// Most is how many calls, and tokens of prompts and of answers, an arm takes at most for
// what it is asked; retries and what it is taught are apart. It is 0 for kinds that ask
// nobody. language says that the backend is a language model, which finds personas. An
// answer is counted as the most that it may be.
func Most(kind string, o sdk.Options, language bool, a Asked) (calls, prompt, answers int64) {
	k, _ := KindOf(kind)
	if !k.Asks {
		return 0, 0, 0
	}
	page := 1
	memory := Text(o, "memory")
	check, _ := o["self-check"].(bool)
	episodic, graphed := memory == MemoryEpisodic || memory == MemoryBoth, memory == MemoryGraph || memory == MemoryBoth
	switch Text(o, "mode") {
	case ModeStaged:
		page = 4 // screen, value, feel, act
		if episodic {
			page++ // what to remember
		}
	case ModeSteps:
		page = 3 // watch, value, act
	}
	if check && Text(o, "mode") != ModeFused {
		page += 2 // a look again, and the action made anew
	}
	texts := 0
	if episodic {
		texts = a.Users + a.Pages // pasts, and what each page calls to mind
		if Text(o, "mode") == ModeFused {
			texts += a.Steps // staged arms ask themselves about whole pages alone
		}
	}
	if graphed && !k.Aligns { // aligned arms know nothing of how close texts are
		texts += (a.Items + textsAtOnce - 1) / textsAtOnce
	}
	questions := page*a.Pages + a.Steps
	if interview, _ := o["interview"].(bool); interview {
		questions += a.Visits
	}
	persons := a.Guesses
	if language && Text(o, "persona") == PersonaMatched {
		persons += matchCalls * a.Users
	}
	calls = int64(questions + persons + texts)
	prompt = int64(questions*usualTokens + persons*personTokens + texts*textsTokens)
	answers = int64(questions*maxTokens + persons*personTokens)
	return calls, prompt, answers
}
