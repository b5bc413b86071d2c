// Package sdk is what a plugin author needs: three small interfaces and the
// types that cross the plugin boundary.
//
// A plugin is a program of its own. It implements [Recommender], [Dataset] or
// [LLM] and hands constructors to package serve:
//
//	func main() { serve.Recommenders(newPopular, newRandom) }
//
// The host launches the program, asks what it holds, configures one component
// and calls it. The host's side of the wire implements the very same
// interfaces, so a component cannot tell whether it is called in process or
// across one.
//
// Users and items are dense int32 ids that the host gives out; names and titles
// stay with the host. All randomness comes from seeds in the requests, and
// equal scores are ordered by [TieHash], so equal inputs give equal answers.
//
// This package imports the standard library only.
package sdk

// ContractMinor counts the additions to contract v1 that this SDK knows: 1 is
// [FeaturePredictValues].
const ContractMinor = 1
