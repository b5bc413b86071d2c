// Package openaitest is a server on loopback that speaks the OpenAI-compatible
// protocol, for tests of backends and of everything above them: chat
// completions, models, embeddings, files and fine-tuning jobs, also under
// Azure's paths.
//
//	s := openaitest.Start(t, openaitest.Options{Key: "sk-test"})
//	s.Rule(openaitest.Rule{From: 2, Times: 1, Do: openaitest.Failing(503)})
//	// ... a backend with base-url s.URL() ...
//	if twice := s.PaidTwice(); len(twice) > 0 { ... }
//
// Its opinion: a provider is at its most interesting when it misbehaves. So
// every way to misbehave is a [Behaviour] that a [Rule] brings about for the
// requests it names, and unless told otherwise the server is as strict as a
// hosted one: it refuses a strict schema with an optional property, JSON mode
// without the word, sampling parameters for reasoning models.
//
// Answers are no language. A schema is answered by a valid value, drawn by a
// hash of messages and seed; equal requests have equal answers in whatever
// order they come. [Options.Answer] supplies others. Nothing depends on the
// clock but the token bucket and what is given as a latency.
package openaitest
