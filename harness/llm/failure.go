package llm

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// ErrMiss is what a replay says to a question that it has no answer to; the
// error is a *MissError.
var ErrMiss = errors.New("not in the recording")

// MissError names the question that a replay has no answer to.
type MissError struct {
	Backend, Cell string
	Role          Role
	Line          string // the head of the last message's first line
	Try           int    // from 0; above 0 an earlier answer was invalid
}

// Error names the question and the usual reason.
func (e *MissError) Error() string {
	again := ""
	if e.Try > 0 {
		again = fmt.Sprintf(", asked again (%d)", e.Try)
	}
	return fmt.Sprintf("%s: %s of cell %s%s: no answer recorded to %q, and a replay asks nobody (replay the suite, data and version that were recorded, or run without --replay)",
		e.Backend, e.Role, e.Cell, again, e.Line)
}

// Unwrap makes errors.Is(err, ErrMiss) true.
func (e *MissError) Unwrap() error { return ErrMiss }

// BackendError says why a backend answers nobody. Every later question gets
// the same one at once.
type BackendError struct {
	Backend string
	Reason  string // what the provider or the plugin said, and the remedy
	Err     error  // sdk.ErrDenied, sdk.ErrInvalid, sdk.ErrCrashed …; may be nil
}

// Error gives "backend: reason".
func (e *BackendError) Error() string { return e.Backend + ": " + e.Reason }

// Unwrap gives the kind.
func (e *BackendError) Unwrap() error { return e.Err }

// RequestError says why this question cannot be answered; others may be.
type RequestError struct {
	Backend, Cell string
	Role          Role
	Reason        string
	Err           error // sdk.ErrInvalid, sdk.ErrTooLarge …; may be nil
}

// Error gives "backend: role of cell: reason".
func (e *RequestError) Error() string {
	return fmt.Sprintf("%s: %s of cell %s: %s", e.Backend, e.Role, e.Cell, e.Reason)
}

// Unwrap gives the kind.
func (e *RequestError) Unwrap() error { return e.Err }

// fate is what becomes of a call that failed.
type fate int

const (
	again     fate = iota // the same call may work later
	hopeless              // this question cannot be answered
	condemned             // no question can
)

// trouble is a failed call, judged.
type trouble struct {
	fate     fate
	reason   string
	remedy   string // empty: none is known
	kind     error
	refused  bool // for coming too fast
	charged  bool // perhaps
	crashed  bool
	wait     time.Duration
	attempts int
}

func (t *trouble) text() string {
	text := t.reason
	if t.attempts > 1 {
		text = fmt.Sprintf("%d attempts, the last: %s", t.attempts, text)
	}
	if t.remedy != "" && !strings.HasSuffix(text, ")") { // else the backend, who knows more, gave one
		text += " (" + t.remedy + ")"
	}
	return text
}

// judge reads a provider's failure. The table is in docs/llm-calls.md.
func judge(f *sdk.CallFailure) *trouble {
	t := &trouble{reason: f.Message, wait: f.RetryAfter, charged: f.Charged}
	if f.Status != 0 {
		t.reason = fmt.Sprintf("status %d: %s", f.Status, f.Message)
	}
	end := func(fate fate, kind error, remedy string) { t.fate, t.kind, t.remedy = fate, kind, remedy }
	switch s := f.Status; {
	case s == 0 || s < 300: // nobody there, or an answer that cannot be read
	case s < 400:
		end(condemned, sdk.ErrInvalid, "check the backend's address")
	case s == http.StatusUnauthorized || s == http.StatusForbidden || s == http.StatusProxyAuthRequired:
		end(condemned, sdk.ErrDenied, "check the key that is granted to the backend")
	case s == http.StatusPaymentRequired:
		end(condemned, sdk.ErrDenied, "the account has no credit")
	case s == http.StatusNotFound || s == http.StatusMethodNotAllowed || s == http.StatusGone:
		end(condemned, sdk.ErrInvalid, "check the backend's model and address")
	case s == http.StatusNotImplemented || s == http.StatusHTTPVersionNotSupported:
		end(condemned, sdk.ErrUnsupported, "check the backend's address")
	case s == http.StatusTooManyRequests:
		t.refused = true
	case s == http.StatusRequestTimeout || s == http.StatusConflict || s == http.StatusTooEarly || s >= 500:
	case s == http.StatusRequestEntityTooLarge:
		end(hopeless, sdk.ErrTooLarge, "the prompt is longer than the model takes: show fewer or shorter items, or take a model with a longer context")
	default:
		end(hopeless, sdk.ErrInvalid, "the backend refuses this question: see its options")
	}
	return t
}

// judgeError reads an error of the call as a whole: the plugin's, or the road's.
func judgeError(err error) *trouble {
	t := &trouble{reason: err.Error()}
	var said *sdk.Error
	if errors.As(err, &said) {
		t.wait = said.RetryAfter
	}
	for _, x := range []struct {
		kind error
		fate fate
	}{
		{sdk.ErrCrashed, again}, {sdk.ErrDenied, condemned}, {sdk.ErrTooLarge, hopeless}, {sdk.ErrUnsupported, hopeless}, {sdk.ErrInvalid, hopeless},
	} {
		if errors.Is(err, x.kind) {
			t.kind, t.fate = x.kind, x.fate
			t.crashed = errors.Is(x.kind, sdk.ErrCrashed)
			break
		}
	}
	t.charged = t.fate == again // it was under way, and nobody knows how far
	return t
}
