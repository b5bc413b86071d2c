// Package benchmarks holds the suites of the project, and what papers report beside them.
package benchmarks

import _ "embed"

// Published is published.toml: numbers of papers, a table [[published]] each.
//
//go:embed published.toml
var Published string
