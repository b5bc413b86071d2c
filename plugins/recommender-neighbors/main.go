// Command recommender-neighbors serves the two item-to-item models that are
// hard to beat on small dense data: itemknn, which needs no training to speak
// of, and ease, the closed form that takes its place among the strongest
// linear models (Steck 2019).
//
// Both score an item by a sum over the user's items of one entry of an
// item × item matrix. The user's items are those of the training part and
// those that the session's history says were watched or liked, so a slate
// answers to what just happened; shown and disliked items do not count. A user
// without any item has zero scores, ordered by the tie hash alone: neither
// component falls back on popularity in silence.
//
// Measured on a 2-core AMD EPYC virtual machine with Go 1.26, training part of
// MovieLens 100K (80,000 interactions, 943 users, 1,682 items): fit itemknn
// ITEMKNN_FIT, ease EASE_FIT; 256 users × 20 in process itemknn ITEMKNN_REC,
// ease EASE_REC. The fit of ease grows with the cube of the number of items and
// its memory with the square (12 bytes an entry while fitting, 4 after).
package main

import "github.com/alignuser/alignuser/sdk/serve"

func main() { serve.Recommenders(newItemKNN, newEASE) }
