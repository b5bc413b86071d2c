// Command dataset-movielens reads MovieLens releases: from a folder that the user
// has, or as it got them from GroupLens for a user who accepted the licence. It
// holds none of the data, which may not be passed on.
//
// Its opinion: a release is fixed, so whatever differs from its description is
// damage and is refused with file, line and remedy rather than repaired. The
// two tolerances are carriage returns and a titles file that was converted to
// UTF-8. Zip codes are left out on purpose: with age, gender and occupation
// they single people out, and no table of ours needs them.
package main

import "github.com/alignuser/alignuser/sdk/serve"

func main() { serve.Datasets(new100K, new1M, newLatest) }
