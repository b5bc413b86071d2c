// Package record keeps what a run found. It is the waist of the program: the
// run writes through it, and everything that comes after reads its files only,
// so that any table can be remade without a plugin.
//
// A run is a folder, <root>/<suite>/<id>, held by one process at a time:
//
//	run.lock                      who holds the folder; the kernel lets go of it
//	identity.json                 what the id was made of
//	manifest.json                 what was run, on what, when
//	evidence/<task>/<recommender>[/<agent>]/r<repeat>.parquet             rows, or
//	evidence/<task>/<recommender>[/<agent>]/r<repeat>.sessions.jsonl.zst  sessions
//	                              what the metrics read; sealed once, never rewritten
//	evidence/…/r<repeat>.partial  the journal of a cell that is not sealed yet
//	progress.journal              failures and timings of a run that is not closed yet
//	cells.csv summary.csv         scores, made from the evidence
//	comparisons.csv ranks.csv     which differences between scores are real
//	failures.csv timings.csv      cells without evidence and why; what cells cost
//
// Its opinions: a record is whole or absent, so every file arrives by rename;
// a journal is believed up to the first line whose checksum fails; a number is
// finite or it is refused; equal seeds give equal bytes, so clock readings are
// in manifest.json and timings.csv alone. No error hides another: a full disk
// is errors.Is(err, syscall.ENOSPC) through every wrap.
package record

// Schema is the number of the layout that this package writes. Readers refuse
// any number that they do not know.
const Schema = 1
