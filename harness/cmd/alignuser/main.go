// Command alignuser benchmarks recommenders with simulated users: it runs
// suites written in TOML, with recommenders, data sets and language models as
// plugins, and writes leaderboards that can be recomputed.
//
// One file holds one verb. A verb is thin: it reads flags, calls a package of
// the harness and prints; whatever a second caller could want lives elsewhere.
package main

import (
	"context"
	"os"
)

func main() {
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	os.Exit(a.run(context.Background(), os.Args[1:]))
}
