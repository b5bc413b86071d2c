//go:build unix

// Command badplugin is a recommender plugin that misbehaves on demand, for
// tests of whatever starts plugins. Each way to misbehave has a name, listed in
// modes.go. Those that show in a call are components: choose one as you would
// any component. Those that act before the handshake are chosen by a file beside
// the executable, named like it with ".mode" appended, that holds the name. Under
// a name that begins with "llm-" it is a backend that leaks its key.
package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/serve"
)

func main() {
	if early(chosen()) {
		return
	}
	if strings.HasPrefix(filepath.Base(os.Args[0]), "llm-") {
		serve.LLMs(newLeaky)
	}
	var news []func() sdk.Recommender
	for _, m := range callModes {
		news = append(news, m.make)
	}
	serve.Recommenders(news...)
}

// chosen reads the mode file; "" without one.
func chosen() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	name, err := os.ReadFile(exe + ".mode")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}
