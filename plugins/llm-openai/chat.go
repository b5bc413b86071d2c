package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sashabaranov/go-openai"

	"github.com/alignuser/alignuser/sdk"
)

// keyName is the secret that holds the key.
const keyName = "api-key"

// chat is the component.
type chat struct {
	set    settings
	key    string // "": none was granted
	door   *door
	client *openai.Client
	slots  chan struct{}
	shapes shapes

	form   atomic.Int32 // how the server has been found to take schemas
	proven atomic.Bool  // an answer in that form was as asked for
}

func newChat() sdk.LLM { return &chat{} }

// Spec describes the component.
func (c *chat) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindLLM, Name: "openai",
		Doc:         "Any server that speaks the OpenAI-compatible protocol: a hosted API, Azure, Ollama, llama.cpp, vLLM.",
		Options:     optionSpecs(),
		Features:    []string{sdk.FeatureEmbed, sdk.FeatureTune},
		Determinism: sdk.DeterminismNone,
		Needs:       sdk.Needs{Secrets: []string{keyName}, Network: "any"},
		License:     "Apache-2.0",
	}
}

// Configure makes the client. It calls nobody.
func (c *chat) Configure(_ context.Context, config sdk.Config) error {
	var err error
	if c.set, err = read(config.Options); err != nil {
		return err
	}
	c.key = strings.TrimSpace(config.Secrets[keyName])
	switch {
	case strings.ContainsFunc(c.key, func(r rune) bool { return r < '!' || r > '~' }):
		return &sdk.Error{Kind: sdk.ErrDenied, Msg: "secret " + keyName + ": not a key: it holds spaces or signs beyond ASCII"}
	case c.key == "" && (c.set.openAI() || c.set.apiVersion != ""):
		return &sdk.Error{Kind: sdk.ErrDenied, Msg: fmt.Sprintf("%s wants a key and none was granted (secrets = { %s = \"NAME_OF_A_VARIABLE\" })", c.set.base.Host, keyName)}
	case c.key != "" && c.set.open():
		c.warn("the key crosses the network in the clear: %s is not https", c.set.base)
	}
	header := http.Header{"User-Agent": {"alignuser"}}
	if c.set.project != "" {
		header.Set("OpenAI-Project", c.set.project)
	}
	c.door = newDoor(header)
	c.client = openai.NewClientWithConfig(c.config())
	c.slots = make(chan struct{}, c.set.concurrency)
	return nil
}

// config words the settings for the library.
func (c *chat) config() openai.ClientConfig {
	config := openai.DefaultConfig(c.key)
	if c.set.apiVersion != "" {
		config = openai.DefaultAzureConfig(c.key, "")
		config.APIVersion = c.set.apiVersion
		// Of a file or a job the library names no model.
		config.AzureModelMapperFunc = func(model string) string {
			if model != "" {
				return model
			}
			return c.set.deployment
		}
	}
	config.BaseURL, config.OrgID, config.HTTPClient = c.set.base.String(), c.set.organization, c.door
	return config
}

// Close lets go of idle connections.
func (c *chat) Close() error {
	if c.door != nil {
		c.door.close()
	}
	return nil
}

// warn writes a line for the log.
func (c *chat) warn(format string, args ...any) {
	fmt.Fprintln(os.Stderr, "warning: "+c.clean(fmt.Sprintf(format, args...)))
}

// Generate asks every question once, as many at a time as there are slots, and
// yields answers as they come.
func (c *chat) Generate(ctx context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	answer := func(r sdk.ChatRequest) {
		defer func() { <-c.slots }()
		out := c.answer(ctx, r)
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return // nobody listens, and a failure of ours is not the provider's
		}
		if err := yield(out); err != nil {
			cancel(err)
		}
	}
	for _, r := range rs {
		select {
		case c.slots <- struct{}{}:
			wg.Go(func() { answer(r) })
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	wg.Wait()
	return context.Cause(ctx)
}
