// Command recommender-basics serves the two floors that every leaderboard
// needs: random, which knows nothing, and popular, which knows no user. A
// recommender that does not beat both has learnt nothing personal. Neither
// reads a session's history: what was watched does not move them.
package main

import "github.com/alignuser/alignuser/sdk/serve"

func main() { serve.Recommenders(newRandom, newPopular) }
