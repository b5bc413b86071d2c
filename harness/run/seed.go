package run

import (
	"hash/fnv"

	"github.com/alignuser/alignuser/sdk"
)

// Streams of randomness (METHOD 9). No stream hashes an arm, so arms meet the
// same luck; fits and ties differ by repeat.
const (
	streamSplit = "split"
	streamFit   = "fit"
	streamTies  = "ties"
	streamScore = "score"
)

// seedFor derives a seed from the suite's seed, a stream name and parts.
func seedFor(suite uint64, stream string, parts ...uint64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(stream)) // hash.Hash never returns an error
	return sdk.Mix(suite, append([]uint64{h.Sum64()}, parts...)...)
}
