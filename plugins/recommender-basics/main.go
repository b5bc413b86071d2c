// Command recommender-basics serves the arms that other recommenders are read
// against. random knows nothing, and popular knows no user: a recommender that does
// not beat both has learnt nothing personal. bestmean and tail know no user either,
// content knows categories alone, and damaged is broken on purpose, so that a
// benchmark has arms of truly different quality. None reads a session's history:
// what was watched does not move them.
package main

import "github.com/alignuser/alignuser/sdk/serve"

func main() {
	serve.Recommenders(newRandom, newPopular, newTail, newBestmean, newContent, newDamaged)
}
