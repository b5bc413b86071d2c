package main

import (
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
	"github.com/alignuser/alignuser/sdk/plugintest"
)

// asPlugin makes this test binary the plugin.
const asPlugin = "ALIGNUSER_TEST_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// process starts a real process of the plugin, configured.
func process(t testing.TB, o sdk.Options) *launch.LLM {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{asPlugin + "=1"}
	client, err := launch.Start(t.Context(), launch.Config{Cmd: cmd, Stderr: os.Stderr, HostVersion: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Kill)
	if err := client.Configure(t.Context(), sdk.Config{Component: "embedded", Options: o}); err != nil {
		t.Fatal(err)
	}
	spec, _ := client.Description().Component("embedded")
	return client.LLM(spec)
}

// here gives a model in this process.
func here(t testing.TB, threads int) *model {
	t.Helper()
	m := newModel().(*model)
	if err := m.Configure(t.Context(), sdk.Config{Component: "embedded", Options: sdk.Options{}, Threads: threads}); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestContract(t *testing.T) {
	plugintest.Run(t, plugintest.Program{Path: os.Args[0], Env: []string{asPlugin + "=1"}}, plugintest.Config{Kind: sdk.KindLLM})
}
