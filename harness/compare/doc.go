// Package compare says which differences of a run are real.
//
// Its opinions: people are the unit of chance, so a difference is one of values of
// the same user, repeats averaged inside the user first; all arms and metrics of
// a task meet the same bootstrap samples and the same sign flips, which depend on
// the users alone, so copies of a recommender compare alike whatever their names;
// who asks several questions pays for it (Holm); a row that cannot be told from the
// best of its group is tied with it, and a table says how small a difference it could have
// shown at all. What one fit of a recommender gave says nothing of another fit, and
// every number that rests on one fit says so.
//
// Functions with plain numbers in and out ([SignFlip], [Wilcoxon], [Friedman], ...)
// are the statistics; docs/statistics.md has their formulas, sources and worked
// examples. [Load] reads run folders, and nothing else: no plugin, no clock.
// [Table.Against], [Table.AllPairs] and [Table.Rank] put the two together. Every result is a function of
// values and users: order of rows, files and threads change nothing.
package compare
