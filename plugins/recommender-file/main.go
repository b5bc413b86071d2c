// Command recommender-file answers with what another system computed: ranked
// lists, scores, or predicted values, out of one CSV, TSV, Parquet or JSON lines
// file, plain or packed with gzip or zstd. So a recommender needs no plugin to
// take part in a comparison.
//
// Its opinion: a file made elsewhere is where comparisons go wrong, so whatever
// does not fit the data is counted aloud, and refused with strict = true: ids
// that the data set does not have, users without a list, items that the user has
// in the training part already (a list made for another split), pairs named
// twice, gaps between ranks. Nothing is made up: a user without a list gets an
// empty one, and a pair without a prediction has none.
//
// Ids are those of the data set's own files, as text. A host counts the file's
// content, so lists written again under the same name are another recommender.
package main

import (
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/serve"
)

func main() {
	serve.Recommenders(
		func() sdk.Recommender { return &lists{} },
		func() sdk.Recommender { return &scores{} },
		func() sdk.Recommender { return &values{} },
	)
}
