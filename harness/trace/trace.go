// Package trace holds what a session was: the pages that a simulated user saw and
// the decisions made on them, in memory and on disk.
//
// Its opinion: a session file says all that its metrics read, so that a table can
// be remade from it without data, recommender or agent. It imports the standard
// library only.
package trace

// Action is where a session goes after a page.
type Action string

// The actions of a list page and of a detail page (METHOD 3). Click and Back
// cost no page.
const (
	Next     Action = "NEXT_PAGE"
	Previous Action = "PREVIOUS_PAGE"
	Exit     Action = "EXIT"
	Click    Action = "CLICK" // of a list; the card is in Decision.Clicked
	Back     Action = "BACK"  // of a detail
)

// End says why a session ended.
type End string

// The ends of a session.
const (
	EndExit    End = "exit"    // the user left
	EndLimit   End = "limit"   // the page limit stopped it: censored
	EndEmpty   End = "empty"   // the recommender had nothing left to show
	EndInvalid End = "invalid" // an answer could not be used: counted as leaving
)

// Views of a page.
const (
	List    = "list"
	Detail  = "detail"
	EndView = "end" // of a state that is foreseen: the visit is over
)

// Session is one visit of a user.
type Session struct {
	User     int32      `json:"user"`
	Name     string     `json:"name,omitempty"` // of the user in the data set
	Exposure int        `json:"exposure"`       // which session of the user, from 0
	Persona  string     `json:"persona,omitempty"`
	Pages    []PageView `json:"pages"` // in the order in which they were seen
	End      End        `json:"end"`
	Closing  *Interview `json:"interview,omitempty"` // nil: not asked
	Usage    Usage      `json:"usage"`
	Placebo  *int32     `json:"placebo,omitempty"` // whose persona and memory the agent was given instead
	Matching *Matching  `json:"matching,omitempty"`
}

// Matching says how a language model was asked for the persona; nil: it was not. What
// it cost is in the usage of the user's first session.
type Matching struct {
	Score    float64 `json:"score,omitempty"`    // of the persona that was chosen
	Template string  `json:"template,omitempty"` // why none was, and the template stands in
	Invalid  int     `json:"invalid,omitempty"`  // answers that could not be used
}

// PageView is one look at a page, and what was decided.
type PageView struct {
	View     string   `json:"view,omitempty"` // List where empty
	Page     int      `json:"page"`           // of the list, from 0
	Items    []int32  `json:"items"`          // of a detail: the one
	Decision Decision `json:"decision"`
}

// Decision is what an agent did with a page: a choice for each card, then one
// action.
type Decision struct {
	Cards   []Choice   `json:"cards"`
	Action  Action     `json:"action"`
	Clicked int        `json:"clicked,omitempty"` // place of the card, from 0, where Action is Click
	Leave   *float64   `json:"p_leave,omitempty"` // probability of Exit, where the agent has one
	Feeling *Feeling   `json:"feeling,omitempty"`
	Next    *NextState `json:"next,omitempty"` // where a world model sees the visit go; nil: it was not asked, or keeps the rules by itself
	Reason  string     `json:"reason,omitempty"`
	Invalid string     `json:"invalid,omitempty"` // why the answer could not be used; the policy decided instead
	Usage   Usage      `json:"usage"`
}

// NextState is the mechanical part of a state that is foreseen (METHOD 4).
type NextState struct {
	View string `json:"view"` // List or EndView
	Page int    `json:"page"` // of the list, from 0
}

// Choice is what became of one card.
type Choice struct {
	Watch    bool     `json:"watch,omitempty"`
	P        *float64 `json:"p,omitempty"`        // probability of watching, where the agent has one
	Value    *float64 `json:"value,omitempty"`    // given to what was watched; nil: none
	Expected *float64 `json:"expected,omitempty"` // Σ value·p(value), where the agent has probabilities
	Reason   string   `json:"reason,omitempty"`
}

// Feeling is what an agent says of its state after a page, each from 1 to 5.
type Feeling struct {
	Satisfaction int `json:"satisfaction"`
	Fatigue      int `json:"fatigue"`
}

// Interview closes a session (METHOD 3).
type Interview struct {
	Satisfaction int    `json:"satisfaction,omitempty"` // 1 to 10; 0 where Invalid says why there is none
	Reason       string `json:"reason,omitempty"`
	Invalid      string `json:"invalid,omitempty"`
	Usage        Usage  `json:"usage"`
}

// Usage is what answers cost, whether fresh or from a journal.
type Usage struct {
	Requests         int64 `json:"requests,omitempty"`
	PromptTokens     int64 `json:"prompt_tokens,omitempty"`
	CompletionTokens int64 `json:"completion_tokens,omitempty"`
}

// Tokens sums both kinds.
func (u Usage) Tokens() int64 { return u.PromptTokens + u.CompletionTokens }

// Add adds what another cost.
func (u *Usage) Add(o Usage) {
	u.Requests += o.Requests
	u.PromptTokens += o.PromptTokens
	u.CompletionTokens += o.CompletionTokens
}

// Abstain is the decision of METHOD 3 for an answer that cannot be used: nothing is
// watched, nothing valued, and the user leaves.
func Abstain(cards int, why string) Decision {
	return Decision{Cards: make([]Choice, cards), Action: Exit, Invalid: why}
}

// Card is an item that a session showed, and what became of it.
type Card struct {
	Item int32
	Choice
}

// Seen walks the cards of a session with their list pages, in the order in which
// they were shown, each item once: a card counts as shown once a session, and as
// watched where any look at it ended with watching.
func (s *Session) Seen(yield func(page int, c Card) bool) {
	at := map[int32]int{}
	type card struct {
		page int
		Card
	}
	var cards []card
	for _, v := range s.Pages {
		for i, it := range v.Items {
			n, known := at[it]
			if !known {
				n = len(cards)
				at[it] = n
				cards = append(cards, card{v.Page, Card{Item: it}})
			}
			if i < len(v.Decision.Cards) && !cards[n].Watch {
				cards[n].Choice = v.Decision.Cards[i]
			}
		}
	}
	for _, c := range cards {
		if !yield(c.page, c.Card) {
			return
		}
	}
}

// Last gives the number of the last list page of a session, counted from 1: the
// furthest, wherever the user went back to. 0: none was shown.
func (s *Session) Last() int {
	last := 0
	for _, v := range s.Pages {
		last = max(last, v.Page+1)
	}
	return last
}
