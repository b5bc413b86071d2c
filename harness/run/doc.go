// Package run carries a suite out: it plans the cells, keeps the workers busy,
// and goes on where an earlier attempt ended. It knows tasks by their
// interface only, and plugins by what they describe.
//
// A unit of work is one arm and one repeat: a plugin process is started, fitted
// once, and asked by every task of the suite. A unit's randomness is derived
// from the suite's seed, so neither the order of units nor the number of
// workers nor a kill in the middle changes a byte of the results. An arm that
// declares no determinism is the exception: its cells start over, so that no
// evidence mixes two fits.
package run
