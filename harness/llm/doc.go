// Package llm is the road to a backend. Every question of a run goes through a
// [Client], and every answer comes back through its journal.
//
// Its opinions. An answer is written down before it is used, so that nothing is
// paid twice but what was in flight when the process died. What a model says
// badly is an answer: a refusal, a cut or an answer that breaks the schema is
// asked again with the reason and then handed over as invalid; an error means
// that no answer could be had. Backends never retry, so the waiting, the pace
// and the ceilings live here, once, for all of them. Where an answer came from
// never shows in a result: a replay gives the bytes of the recording.
//
// A question's [Key] is the SHA-256 of all that the answer may depend on.
// Answers are looked for in the run's own [Journal], then in read-only layers
// (journals of earlier runs, a [Cassette]), and only then at the backend, as
// fast as the provider's own signs allow and within the ceilings of a [Ledger].
package llm
