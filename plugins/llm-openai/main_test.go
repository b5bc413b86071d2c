package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// asPlugin makes this test binary the plugin, so that the race detector sees
// both sides of the wire.
const asPlugin = "ALIGNUSER_TEST_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// theKey must appear nowhere.
const theKey = "sk-test-0123456789-do-not-print"

// logged is what a process writes to its standard error.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// backend starts a real process of the plugin and configures it. What it logs
// is looked through for the key at the end.
func backend(t testing.TB, o sdk.Options, key string) (*launch.LLM, *logged) {
	t.Helper()
	client, log := process(t)
	if err := configure(t, client, o, key); err != nil {
		t.Fatal(err)
	}
	spec, _ := client.Description().Component("openai")
	return client.LLM(spec), log
}

func process(t testing.TB) (*launch.Client, *logged) {
	t.Helper()
	log := &logged{}
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{asPlugin + "=1", "GORACE=" + os.Getenv("GORACE")}
	client, err := launch.Start(t.Context(), launch.Config{Cmd: cmd, Stderr: log, HostVersion: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Kill()
		if text := log.String(); strings.Contains(text, theKey) || strings.Contains(text, "DATA RACE") {
			t.Errorf("the plugin's log:\n%s", text)
		}
	})
	return client, log
}

func configure(t testing.TB, client *launch.Client, o sdk.Options, key string) error {
	t.Helper()
	given := sdk.Options{"model": "m"}
	for k, v := range o {
		given[k] = v
	}
	canonical, ds, err := client.Validate(t.Context(), "openai", given)
	if err != nil || sdk.Failed(ds) {
		return fmt.Errorf("validate: %w %v", err, ds)
	}
	secrets := map[string]string{}
	if key != "" {
		secrets[keyName] = key
	}
	return client.Configure(t.Context(), sdk.Config{Component: "openai", Options: canonical, Secrets: secrets})
}

// cards is a schema of the kind that simulated users answer by.
const cards = `{"type":"object","properties":{` +
	`"ITEM_1":{"type":"object","properties":{"decision":{"type":"string","enum":["WATCH","SKIP"]},"rating":{"type":"integer","minimum":1,"maximum":5}},"required":["decision","rating"],"additionalProperties":false},` +
	`"reason":{"type":"string"}},"required":["ITEM_1","reason"],"additionalProperties":false}`

func question1(id string) sdk.ChatRequest {
	zero, seed := 0.0, uint64(7)
	return sdk.ChatRequest{
		ID: id, MaxTokens: 256, Temperature: &zero, TopP: &zero, Seed: &seed, JSONSchema: []byte(cards),
		Messages: []sdk.Message{{Role: sdk.RoleSystem, Content: "You are a person."}, {Role: sdk.RoleUser, Content: "Decide on ITEM_1: " + id}},
	}
}

// one asks a single question.
func one(t testing.TB, l sdk.LLM, r sdk.ChatRequest) sdk.GenerateResult {
	t.Helper()
	var out sdk.GenerateResult
	n := 0
	err := l.Generate(t.Context(), []sdk.ChatRequest{r}, func(x sdk.GenerateResult) error {
		out = x
		n++
		return nil
	})
	if err != nil || n != 1 {
		t.Fatalf("%d results, %v", n, err)
	}
	if strings.Contains(fmt.Sprintf("%+v %+v", out, out.Failure), theKey) {
		t.Errorf("the key is in %+v", out)
	}
	return out
}

func options(s *openaitest.Server, more ...any) sdk.Options {
	o := sdk.Options{"base-url": s.URL(), "timeout": "20s"}
	for i := 0; i+1 < len(more); i += 2 {
		o[fmt.Sprint(more[i])] = more[i+1]
	}
	return o
}

// await waits for what another goroutine is about to do.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s does not happen", what)
		}
	}
}
