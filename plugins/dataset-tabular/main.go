// Command dataset-tabular reads interactions that people already have as tables:
// separated text of any kind, RecBole atomic files, and Parquet, each plain or
// packed with gzip or zstd.
//
// Its opinion: a table does not say what it means, so the suite must. Columns,
// scale and the meaning of a repeated pair are options, nothing is guessed from
// content, and what contradicts the options is refused with file, line and
// remedy. The package plugins/internal/tabular does the reading.
package main

import (
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/serve"
)

func main() {
	serve.Datasets(
		func() sdk.Dataset { return newDataset(csvFormat()) },
		func() sdk.Dataset { return newDataset(recboleFormat()) },
		func() sdk.Dataset { return newDataset(parquetFormat()) },
	)
}
