//go:build linux

package host

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/alignuser/alignuser/sdk"
)

// TestCrashLogHasNoSecrets: a backend chooses the words with which a call ends,
// and the host's own log repeats them.
func TestCrashLogHasNoSecrets(t *testing.T) {
	const key = "sk-very-secret"
	var log bytes.Buffer
	h := openHost(t, func(c *Config) { c.Logger = hclog.New(&hclog.LoggerOptions{Output: &log}) })
	p := newProcess(h, Instance{Executable: Executable{Kind: sdk.KindLLM, Name: "leaky"}, Component: "leaky", Secrets: map[string]string{"KEY": key}})
	p.count(&CrashError{Plugin: p.label, RPC: "generate", Reason: "no server takes " + key})
	if text := log.String(); strings.Contains(text, key) || !strings.Contains(text, "[secret KEY]") {
		t.Error(text)
	}
}
