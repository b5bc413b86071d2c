package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// hosted is the base URL of OpenAI's own service.
const hosted = "https://api.openai.com/v1"

// sampling are the parameters that option omit may name.
var sampling = [...]string{"temperature", "top_p", "seed", "stop", "max-tokens"}

// reserved are fields of the body that option extra must not set: they are
// asked for otherwise, or would change what an answer is.
var reserved = [...]string{
	"model", "messages", "n", "stream", "stream_options", "response_format", "temperature", "top_p", "seed", "stop", "max_tokens",
	"max_completion_tokens", "logprobs", "top_logprobs", "tools", "tool_choice", "functions", "function_call", "reasoning_effort",
	"verbosity", "service_tier", "chat_template_kwargs",
}

// optionSpecs are the options of the component. Where the server is and how
// patient we are cannot change an answer; everything else can.
func optionSpecs() []sdk.OptionSpec {
	text := func(name, doc string) sdk.OptionSpec {
		return sdk.OptionSpec{Name: name, Type: sdk.OptionString, Default: "", Doc: doc}
	}
	neutral := func(s sdk.OptionSpec) sdk.OptionSpec { s.Neutral = true; return s }
	baseURL := text("base-url", "where the paths begin, such as http://127.0.0.1:11434/v1; for Azure the resource, without a path")
	baseURL.Default = hosted
	embedding := text("embedding-model", "model of embeddings")
	embedding.Default = "text-embedding-3-small"
	return []sdk.OptionSpec{
		{Name: "model", Type: sdk.OptionString, Required: true, Doc: "the model, as the server calls it"},
		neutral(baseURL),
		text("api-version", "speak Azure's dialect in this version, such as 2024-10-21"),
		text("deployment", "Azure: name of the deployment (default: the model)"),
		neutral(text("organization", "organization to bill")),
		neutral(text("project", "project to bill")),
		{
			Name: "structured", Type: sdk.OptionEnum, Choices: []string{"auto", "schema", "json", "text"}, Default: "auto",
			Doc: "how to ask for JSON: by schema, in JSON mode with the schema in the prompt, or in the prompt alone; auto tries them in this order",
		},
		{
			Name: "max-tokens-field", Type: sdk.OptionEnum, Choices: []string{"auto", "max_tokens", "max_completion_tokens"}, Default: "auto",
			Doc: "how to name the limit of tokens; auto: max_completion_tokens at OpenAI and Azure, max_tokens elsewhere",
		},
		text("reasoning-effort", "such as none, minimal, low, medium or high; what a model takes is the provider's to say"),
		text("verbosity", "low, medium or high, for models that take it"),
		text("service-tier", "such as flex or priority, where the provider has tiers"),
		{
			Name: "omit", Type: sdk.OptionList, Element: sdk.OptionEnum, Choices: sampling[:],
			Doc: "parameters never sent, for models that refuse them: temperature, top_p, seed, stop, max-tokens",
		},
		{Name: "chat-template", Type: sdk.OptionTable, Doc: "arguments of the chat template of a local server, such as { enable_thinking = false }"},
		{Name: "extra", Type: sdk.OptionTable, Doc: "further fields of the request's body, such as { top_k = 40 }"},
		{
			Name: "logprobs", Type: sdk.OptionInt, Default: 0, Min: sdk.Bound(0), Max: sdk.Bound(20),
			Doc: "ask for so many alternatives per token even where the host does not, to learn the probabilities of choices",
		},
		embedding,
		{Name: "embedding-dimensions", Type: sdk.OptionInt, Default: 0, Min: sdk.Bound(0), Max: sdk.Bound(4096), Doc: "length of embeddings; 0: the model's own"},
		neutral(sdk.OptionSpec{Name: "timeout", Type: sdk.OptionDuration, Default: "1m50s", Doc: "longest wait for one answer"}),
		neutral(sdk.OptionSpec{Name: "concurrency", Type: sdk.OptionInt, Default: 256, Min: sdk.Bound(1), Max: sdk.Bound(256), Doc: "requests at the same time, at most; the host asks for as many as its suite says"}),
		neutral(sdk.OptionSpec{Name: "poll-interval", Type: sdk.OptionDuration, Default: "10s", Doc: "how often to look at a tuning job"}),
	}
}

// settings are the options, read.
type settings struct {
	base                    *url.URL
	model, apiVersion       string
	deployment              string
	organization, project   string
	structured              string
	limitField              string // name of the limit of tokens in the body
	effort, verbosity, tier string
	omit                    []string
	template, extra         map[string]any
	logprobs                int
	embeddingModel          string
	embeddingDimensions     int
	timeout                 time.Duration
	concurrency             int
	poll                    time.Duration
}

// read gives canonical options their types, or says which of them is wrong.
func read(o sdk.Options) (s settings, err error) {
	if s.base, err = baseURL(o.String("base-url")); err != nil {
		return s, err
	}
	s.model, s.apiVersion, s.deployment = o.String("model"), o.String("api-version"), o.String("deployment")
	s.organization, s.project, s.structured = o.String("organization"), o.String("project"), o.String("structured")
	s.effort, s.verbosity, s.tier = o.String("reasoning-effort"), o.String("verbosity"), o.String("service-tier")
	s.logprobs, s.concurrency = o.Int("logprobs"), o.Int("concurrency")
	s.embeddingModel, s.embeddingDimensions = o.String("embedding-model"), o.Int("embedding-dimensions")
	s.timeout, s.poll = o.Duration("timeout"), o.Duration("poll-interval")
	if s.model == "" {
		return s, sdk.Invalidf("model", "empty (name a model as the server calls it)")
	}
	for name, d := range map[string]time.Duration{"timeout": s.timeout, "poll-interval": s.poll} {
		if d <= 0 {
			return s, sdk.Invalidf(name, "%s: want more than nothing", d)
		}
	}
	if s.apiVersion == "" && s.deployment != "" {
		return s, sdk.Invalidf("deployment", "only Azure has deployments (give api-version, too)")
	}
	if s.deployment == "" {
		s.deployment = s.model
	}
	if s.limitField = o.String("max-tokens-field"); s.limitField == "auto" {
		s.limitField = "max_tokens"
		if s.openAI() || s.apiVersion != "" {
			s.limitField = "max_completion_tokens"
		}
	}
	if list, ok := o["omit"].([]any); ok {
		for _, x := range list {
			s.omit = append(s.omit, fmt.Sprint(x))
		}
	}
	s.template, _ = o["chat-template"].(map[string]any)
	s.extra, _ = o["extra"].(map[string]any)
	for name := range s.extra {
		if slices.Contains(reserved[:], name) {
			return s, sdk.Invalidf("extra."+name, "this field has an option of its own, or is not for choosing")
		}
	}
	return s, nil
}

// baseURL wants an address without credentials, which would end up in logs.
func baseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, sdk.Invalidf("base-url", "not a URL (such as %s)", hosted)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, sdk.Invalidf("base-url", "%s: want an http or https URL, such as %s", u.Redacted(), hosted)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, sdk.Invalidf("base-url", "want no credentials, query or fragment (keys are secrets: secrets = { %s = \"NAME_OF_A_VARIABLE\" })", keyName)
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/chat/completions"):
		return nil, sdk.Invalidf("base-url", "%s: want where the paths begin (leave out /chat/completions)", u)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// openAI tells whether the server is OpenAI's own, which wants a key.
func (s settings) openAI() bool { return s.base.Hostname() == "api.openai.com" }

// open tells whether a key would cross a network in the clear.
func (s settings) open() bool {
	ip := net.ParseIP(s.base.Hostname())
	return s.base.Scheme == "http" && s.base.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}

// Validate implements sdk.Validator: what no single option can tell.
func (c *chat) Validate(_ context.Context, o sdk.Options) []sdk.Diagnostic {
	_, err := read(o)
	if err == nil {
		return nil
	}
	d := sdk.Diagnostic{Severity: sdk.SeverityError, Summary: err.Error()}
	if e, ok := err.(*sdk.Error); ok { //nolint:errorlint // read makes it
		d.Option, d.Summary = e.Option, e.Msg
	}
	return []sdk.Diagnostic{d}
}
