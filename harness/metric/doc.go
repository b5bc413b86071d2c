// Package metric computes how good a ranked list is, given which of its items
// were relevant, and how far predicted values are from those that users gave.
//
// Its opinion: the denominator never depends on what the recommender chose to
// return. Precision divides by k and nDCG by the best list of min(k, relevant)
// items, so a recommender that answers with one sure item instead of ten gains
// nothing. And a user with nothing to find is no user with a score of zero:
// such a user has no value (NaN), is left out of every mean and is counted.
//
// Metrics that describe what is shown, right or wrong, are the exception that
// there must be: an empty place has no popularity and no category, so they are
// means over the places that are filled.
//
// All functions are pure. Those that judge a list take the ranks of its hits,
// which is all that they depend on: the 1-based positions, ascending, of relevant
// items in the list; the number of relevant items that could have been found,
// whether or not they are in the list; and the cutoff k, which may exceed the
// length of the list. They panic where k < 1, where ranks do not ascend from 1
// on, and where there are more hits than relevant items: these are faults of
// the caller, and a number computed from them would look like any other.
//
// Errors of predicted values come both ways: inside each user first, where every
// user counts alike, and over all pairs at once, as most published numbers are,
// where those who rate much count more. The names say which.
//
// [Table] and [Ratings] list every metric with its version. A version goes up
// when a value changes for any input; tables of different versions are never
// compared.
package metric
