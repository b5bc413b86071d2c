package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// form is how a question asks for JSON.
type form int32

// From the surest on.
const (
	formSchema form = iota // response_format json_schema, strict
	formJSON               // response_format json_object, the schema in the prompt
	formText               // the schema in the prompt
)

// String gives the word used in option structured and in fingerprints.
func (f form) String() string { return [...]string{"schema", "json", "text"}[f] }

// next is the form to try after f was refused.
func (f form) next(s *shape) form {
	if f == formSchema && s.object {
		return formJSON
	}
	return formText
}

// begin is the form in which to ask for a shape: what the option says, or the
// surest that neither the server nor the schema rules out.
func (c *chat) begin(s *shape) (form, error) {
	switch c.set.structured {
	case "schema":
		if s.strict == nil {
			return 0, fmt.Errorf("%w (structured = \"json\" asks without strict mode)", s.why)
		}
		return formSchema, nil
	case "json":
		if !s.object {
			return 0, errors.New("schema: type: JSON mode answers objects only (structured = \"text\" takes any)")
		}
		return formJSON, nil
	case "text":
		return formText, nil
	}
	f := form(c.form.Load())
	if f == formSchema && !s.hasStrict() || f == formJSON && !s.object {
		f = f.next(s)
	}
	return f, nil
}

// elsewhere are codes of errors that are not about the form of a question.
var elsewhere = [...]string{
	"context_length_exceeded", "string_above_max_length", "content_filter", "content_policy_violation", "model_not_found",
	"invalid_api_key", "insufficient_quota", "rate_limit_exceeded", "billing_hard_limit_reached", "unsupported_value",
}

// refuses decides whether an error says that the server does not take
// schemas in this form, so that the next form is worth a try: the question was
// not answered and not charged for. Servers word this in many ways and words
// are not matched: it is sure where the error names the parameter; else it is
// possible as long as no answer in this form has come, unless the error names
// something else.
func (c *chat) refuses(q question, x *exchange) bool {
	if q.shape == nil || q.form == formText || c.set.structured != "auto" {
		return false
	}
	switch x.status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusNotImplemented:
	default:
		return false
	}
	s := hear(x)
	if strings.HasPrefix(s.param, "response_format") {
		if q.form == formSchema && c.proven.Load() {
			q.shape.unfit.Store(true) // this schema, not every one
		}
		return true
	}
	if c.proven.Load() || s.param != "" {
		return false
	}
	for _, code := range elsewhere {
		if s.code == code {
			return false
		}
	}
	return true
}

// learn remembers how the server takes schemas. An answer proves its form; one
// that is not even of the right frame, in the one form that promises it,
// shows that the server ignores it.
func (c *chat) learn(q question, out sdk.GenerateResult) {
	if q.shape == nil || c.set.structured != "auto" || out.Finish != sdk.FinishStop || c.proven.Load() {
		return
	}
	switch {
	case out.JSON != nil && fits(q.shape.frame, out.JSON):
		c.lower(q, "the server refuses the surer forms")
		if form(c.form.Load()) == q.form {
			c.proven.Store(true)
		}
	case q.form == formSchema && len(q.Stop) == 0:
		q.form = formSchema.next(q.shape)
		c.lower(q, "the server ignores schemas")
	}
}

// lower makes q's form the one to begin with, unless it is that or a later one
// already, or the schema alone rules out a surer one.
func (c *chat) lower(q question, why string) {
	if q.form == formJSON && !q.shape.hasStrict() || q.form == formText && !q.shape.object {
		return
	}
	for {
		old := c.form.Load()
		if int32(q.form) <= old {
			return
		}
		if c.form.CompareAndSwap(old, int32(q.form)) {
			c.proven.Store(false)
			c.warn("%s: from now on structured = %q", why, q.form)
			return
		}
	}
}

// messages are the messages to send: with the schema in the last of the
// user's where nothing else says it.
func (q question) messages() []sdk.Message {
	if q.shape == nil || q.form == formSchema {
		return q.Messages
	}
	out := append([]sdk.Message(nil), q.Messages...)
	text := "Answer with JSON and nothing else. It must be valid by this JSON Schema:\n" + string(compact(q.shape.raw))
	if last := &out[len(out)-1]; last.Role == sdk.RoleUser {
		last.Content += "\n\n" + text
		return out
	}
	return append(out, sdk.Message{Role: sdk.RoleUser, Content: text})
}

func (q question) promptBytes() int {
	n := 0
	for _, m := range q.messages() {
		n += len(m.Content) + 16
	}
	return n
}
