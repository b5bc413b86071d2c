package agent

import (
	"context"
	"fmt"

	"github.com/alignuser/alignuser/harness/trace"
)

// interview asks how satisfied the person was.
func (a *asking) interview(ctx context.Context, c *Closing) (*trace.Interview, error) {
	d := a.open(&c.View)
	d.steps = 1 << 16 // apart from the questions about the last page
	var shape object
	shape.add("satisfaction", between(1, 10))
	shape.add("reason", text)
	var answer struct {
		Satisfaction int
		Reason       string
	}
	question := a.prompts.text("interview", struct{ Lines []string }{recount(c)})
	ok, err := d.ask(ctx, question, &shape, &answer)
	if err != nil {
		return nil, err
	}
	out := &trace.Interview{Usage: d.usage}
	if !ok {
		out.Invalid = d.invalid
		return out, nil
	}
	out.Satisfaction, out.Reason = answer.Satisfaction, answer.Reason
	return out, nil
}

// recount tells a session page by page.
func recount(c *Closing) (lines []string) {
	for _, v := range c.Session.Pages {
		watched, sum, n := 0, 0.0, 0
		for _, card := range v.Decision.Cards {
			if card.Watch {
				watched++
				if card.Value != nil {
					sum += *card.Value
					n++
				}
			}
		}
		line := fmt.Sprintf("page %d: watched %d of %d", v.Page+1, watched, len(v.Items))
		if v.View == trace.Detail {
			line = fmt.Sprintf("details on page %d: watched %d", v.Page+1, watched)
		}
		if n > 0 {
			line += fmt.Sprintf("; gave %.1f on average", sum/float64(n))
		}
		lines = append(lines, line)
	}
	if c.Session.End == trace.EndExit {
		return append(lines, "then the person left")
	}
	return append(lines, "then the visit was ended")
}
