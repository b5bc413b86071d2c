// Command recommender-factors serves three models that give every user and
// every item a vector and look at the product of the two: mf predicts the value
// a user would give (Koren, Bell, Volinsky 2009), bpr learns an order from
// pairs (Rendle et al. 2009), ials fits all pairs by weighted least squares
// (Hu, Koren, Volinsky 2008; regularisation of Rendle et al. 2022).
//
// Its opinion: seeds alone decide. bpr and mf are one thread's stochastic
// gradient descent, in one order, because lock-free updates from several
// threads are another model at every run; ials solves rows that do not depend
// on each other, on all cores. So threads never change a byte.
//
// Of the three only ials answers to a session: what was watched or liked is
// folded into the user's vector exactly. What mf and bpr would need for that is
// not in a request (values) or not defined (a step size for one event), so they
// ignore the history.
//
// Defaults were chosen on a tenth cut at random from the training part, of
// MovieLens 100K fold u1 and of MovieLens 1M alike, never on test data; the
// same for both, so neither has its best. docs/recommenders.md has what was
// tried and what fits cost.
package main

import "github.com/alignuser/alignuser/sdk/serve"

func main() { serve.Recommenders(newMF, newBPR, newIALS) }
