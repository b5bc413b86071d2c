// Package tools pins the programs that check and generate this repository's
// code. They live in a module of their own so that users of alignuser never
// see their dependencies.
package tools
