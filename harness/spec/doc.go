// Package spec reads a benchmark suite: TOML in, a validated [Suite] out.
//
// A suite is the whole recipe of a leaderboard, so nothing in it may be ignored
// in silence. Every key is known or refused, every mistake is reported in one
// go, and each report names its file and line, the place in the suite, what is
// wrong there and, where that can be known, the change that mends it.
//
// Reading has two steps. [Load] needs the file alone: syntax, keys, types,
// names, fractions. [Suite.Check] asks a [Catalogue] which options the plugins
// and tasks have, and makes them canonical: every default filled in, every path
// absolute. [Suite.Canonical] is then the text that digests are taken of; what
// cannot change a result is not in it.
//
// The package imports no other part of the harness. The format is described key
// by key in benchmarks/README.md.
package spec
