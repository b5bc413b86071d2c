// Package gate decides whether a run may replace the one before it.
//
// Its opinions: "no worse" needs a margin, because a difference of exactly zero
// can never be shown, so the test is one of non-inferiority; a gate that cannot
// tell says so, with how many users would have told, and is neither green nor
// red; and what is compared must have been measured alike, or there is no verdict
// at all. A baseline is a small file for the repository of whoever is gated:
// values per user and metric, and no row of the data.
package gate
