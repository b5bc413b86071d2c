package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/sashabaranov/go-openai"

	"github.com/alignuser/alignuser/sdk"
)

// messageLimit is how much of a provider's words is passed on.
const messageLimit = 600

// said is what a provider said instead of an answer.
type said struct {
	message string
	code    string // "" where there is none
	param   string
}

// hear reads what was said in place of an answer: an error in OpenAI's words,
// or in those of another server, or a page of a proxy's.
func hear(x *exchange) said {
	var usual openai.ErrorResponse
	if json.Unmarshal(x.body, &usual) == nil && usual.Error != nil {
		s := said{message: usual.Error.Message}
		s.code, _ = usual.Error.Code.(string)
		if p := usual.Error.Param; p != nil {
			s.param = *p
		}
		return s
	}
	var other struct {
		Message string `json:"message"`
		Param   string `json:"param"`
		Detail  any    `json:"detail"`
		Error   any    `json:"error"`
	}
	if json.Unmarshal(x.body, &other) == nil {
		for _, v := range []any{other.Message, other.Error, other.Detail} {
			if v != nil && v != "" {
				return said{message: fmt.Sprint(v), param: other.Param}
			}
		}
	}
	return said{message: strings.Join(strings.Fields(string(x.body)), " ")}
}

// failure says what went wrong with an exchange, what it means for waiting,
// and what can be done. The key is in none of it.
func (c *chat) failure(x *exchange, err error) *sdk.CallFailure {
	f := &sdk.CallFailure{Status: x.status, RetryAfter: retryAfter(x.header, time.Now())}
	var away *redirected
	switch {
	case errors.As(err, &away):
		f.Message = fmt.Sprintf("the server redirects to %s: neither questions nor keys are sent on (if that is right, set base-url to it)", away.to)
	case x.status == 0:
		f.Message = c.unreached(err)
	case x.status < 300:
		// It worked for us, so it wants its money.
		f.Charged = true
		f.Message = "the answer cannot be used: " + err.Error()
	default:
		s := hear(x)
		f.Message = c.refused(x, s)
		if s.code == "insufficient_quota" || s.code == "billing_hard_limit_reached" {
			// OpenAI says 429, but no waiting helps.
			f.Status, f.RetryAfter = http.StatusPaymentRequired, 0
		}
	}
	f.Message = c.clean(f.Message)
	return f
}

// refused words a status of 400 and above, with a remedy where one is known.
func (c *chat) refused(x *exchange, s said) string {
	text := s.message
	if text == "" {
		text = http.StatusText(x.status)
	}
	if s.code != "" && !strings.Contains(text, s.code) {
		text += " [" + s.code + "]"
	}
	switch {
	case (x.status == http.StatusUnauthorized || x.status == http.StatusForbidden) && c.key == "":
		text += fmt.Sprintf(" (no key was granted: secrets = { %s = \"NAME_OF_A_VARIABLE\" })", keyName)
	case x.status == http.StatusUnauthorized:
		text += " (is the key right, and meant for this base-url?)"
	case x.status == http.StatusNotFound:
		text += fmt.Sprintf(" (is there a model %q, and do the paths begin at %s?)", c.set.model, c.set.base)
	case s.param == "max_tokens" || s.param == "max_completion_tokens":
		text += " (see option max-tokens-field)"
	case s.param == "temperature" || s.param == "top_p" || s.param == "seed" || s.param == "stop":
		text += fmt.Sprintf(" (to leave it out: omit = [%q])", s.param)
	}
	return text
}

// unreached words an exchange without an answer.
func (c *chat) unreached(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s (option timeout)", c.set.timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s (is the server running?)", c.set.base)
	case errors.As(err, &dns):
		return fmt.Sprintf("no such host: %s (is base-url right?)", c.set.base.Hostname())
	}
	return fmt.Sprintf("no answer from %s: %v", c.set.base, err)
}

// clean takes the key out of a text, cuts it to a length and makes it valid
// UTF-8: it is a stranger's.
func (c *chat) clean(text string) string {
	if c.key != "" {
		text = strings.ReplaceAll(text, c.key, "[key]")
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > messageLimit {
		text = strings.ToValidUTF8(text[:messageLimit], "") + "…"
	}
	return text
}

// fault makes an error of the call out of a failure, for calls that have no
// place for one.
func (c *chat) fault(what string, x *exchange, err error) error {
	f := c.failure(x, err)
	e := &sdk.Error{Msg: what + ": " + f.Message, RetryAfter: f.RetryAfter}
	switch f.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusPaymentRequired:
		e.Kind = sdk.ErrDenied
	case http.StatusRequestEntityTooLarge:
		e.Kind = sdk.ErrTooLarge
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		e.RetryAfter = max(e.RetryAfter, time.Second)
	default:
		if f.Status >= 300 && f.Status < 500 {
			e.Kind = sdk.ErrInvalid
		} else if f.Status >= 500 || f.Status == 0 {
			e.RetryAfter = max(e.RetryAfter, time.Second)
		}
	}
	return e
}
