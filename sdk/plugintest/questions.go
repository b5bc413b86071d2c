package plugintest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// cardSchema asks for decisions of the kind that simulated users make.
const cardSchema = `{"type":"object","properties":{` +
	`"ITEM_1":{"type":"object","properties":{"decision":{"type":"string","enum":["WATCH","SKIP"]},"rating":{"type":"integer","minimum":1,"maximum":5}},"required":["decision","rating"],"additionalProperties":false},` +
	`"ITEM_2":{"type":"object","properties":{"decision":{"type":"string","enum":["WATCH","SKIP"]},"rating":{"type":"integer","minimum":1,"maximum":5}},"required":["decision","rating"],"additionalProperties":false},` +
	`"reason":{"type":"string"}},"required":["ITEM_1","ITEM_2","reason"],"additionalProperties":false}`

const cardPrompt = "You love slow westerns and dislike musicals.\n\nITEM_1: High Noon (western)\nITEM_2: Singing in the Rain (musical)\n\nDecide for each item: WATCH or SKIP, with a rating from 1 to 5."

// question makes a request; a nil schema asks for free text.
func question(id, text string, schema []byte) sdk.ChatRequest {
	zero, s := 0.0, uint64(seed)
	return sdk.ChatRequest{
		ID: id, MaxTokens: 256, Temperature: &zero, Seed: &s, JSONSchema: schema,
		Messages: []sdk.Message{{Role: sdk.RoleSystem, Content: "You are a person choosing films."}, {Role: sdk.RoleUser, Content: text}},
	}
}

// questions are a handful of requests with distinct ids and texts.
func questions(n int) []sdk.ChatRequest {
	var out []sdk.ChatRequest
	for i := range n {
		out = append(out, question(fmt.Sprint("q", i), strings.Replace(cardPrompt, "slow", fmt.Sprintf("number %d of the", i), 1), []byte(cardSchema)))
	}
	return out
}

// answers collects a call by id and checks that each came once.
func answers(ctx context.Context, l sdk.LLM, rs []sdk.ChatRequest) (map[string]sdk.GenerateResult, error) {
	out := map[string]sdk.GenerateResult{}
	err := l.Generate(ctx, rs, func(r sdk.GenerateResult) error {
		if _, twice := out[r.ID]; twice {
			return fmt.Errorf("request %q was answered twice", r.ID)
		}
		out[r.ID] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		if _, ok := out[r.ID]; !ok {
			return nil, fmt.Errorf("request %q was not answered", r.ID)
		}
	}
	if len(out) != len(rs) {
		return nil, fmt.Errorf("%d answers to %d requests", len(out), len(rs))
	}
	return out, nil
}

// choiceOf is what cardSchema leaves open for one item.
type choiceOf struct {
	Decision string `json:"decision"`
	Rating   int    `json:"rating"`
}

// byCardSchema checks an answer against cardSchema.
func byCardSchema(raw []byte) error {
	var answer struct {
		One    *choiceOf `json:"ITEM_1"`
		Two    *choiceOf `json:"ITEM_2"`
		Reason *string   `json:"reason"`
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&answer); err != nil {
		return err
	}
	if answer.One == nil || answer.Two == nil || answer.Reason == nil {
		return errors.New("a required property is missing")
	}
	for _, c := range []*choiceOf{answer.One, answer.Two} {
		if c.Decision != "WATCH" && c.Decision != "SKIP" {
			return fmt.Errorf("decision %q is not in the enum", c.Decision)
		}
		if c.Rating < 1 || c.Rating > 5 {
			return fmt.Errorf("rating %d is not within 1 and 5", c.Rating)
		}
	}
	return nil
}
