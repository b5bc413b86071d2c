// Command spoiled is a good plugin of each kind with one flaw at a time, for the
// tests of the conformance kit. KIND and FLAW in its environment choose; the
// table in kit_test.go says which case must find which flaw.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/serve"
)

// flaw reports whether the plugin has this flaw.
func flaw(name string) bool { return os.Getenv("FLAW") == name }

func main() {
	switch {
	case flaw("any-version") && strings.Contains(os.Getenv("PLUGIN_PROTOCOL_VERSIONS"), "901"):
		fmt.Println("1|901|unix|/nowhere|grpc|")
		time.Sleep(time.Hour) // an empty select would be called a deadlock without cgo
	case flaw("no-cookie"):
		os.Setenv("ALIGNUSER_PLUGIN", "alignuser.plugin.v1")
	case flaw("stubborn"):
		stubborn()
	}
	switch os.Getenv("KIND") {
	case "recommender":
		serve.Recommenders(func() sdk.Recommender { return &recommender{} })
	case "dataset":
		serve.Datasets(func() sdk.Dataset { return &dataset{} })
	case "llm":
		serve.LLMs(func() sdk.LLM { return &llm{} })
	}
}

// stubborn lets a child do the work and stays when that has ended.
func stubborn() {
	signal.Ignore(syscall.SIGTERM)
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), "FLAW=")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		panic(err)
	}
	_ = c.Wait()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM) // without one, a wait for ever is a deadlock
	select {}
}

// spec is what the three have in common.
func spec(kind sdk.Kind, features ...string) sdk.ComponentSpec {
	s := sdk.ComponentSpec{
		Kind: kind, Name: "spoiled", Doc: "Good but for one flaw.", Determinism: sdk.DeterminismBitwise, License: "Apache-2.0",
		Options: []sdk.OptionSpec{
			{Name: "size", Type: sdk.OptionInt, Default: int64(3), Min: sdk.Bound(1), Max: sdk.Bound(9), Doc: "a number"},
			{Name: "way", Type: sdk.OptionEnum, Default: "up", Choices: []string{"up", "down"}, Doc: "a choice"},
		},
		Features: features,
	}
	switch {
	case flaw("no-doc"):
		s.Doc = ""
	case flaw("option-without-doc"):
		s.Options[0].Doc = ""
	case flaw("unstable"):
		s.Doc += fmt.Sprint(os.Getpid())
	}
	return s
}

// validate is the cross-field rule of all three.
func validate(o sdk.Options) []sdk.Diagnostic {
	switch {
	case flaw("refuses-defaults"), flaw("refuses-bound") && o.Int("size") == 9:
		return []sdk.Diagnostic{{Severity: sdk.SeverityError, Option: "size", Summary: "not today"}}
	}
	return nil
}
