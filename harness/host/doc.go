// Package host runs plugins. Its opinion: a plugin is a program that will one
// day hang, crash, flood its output, answer nonsense or outlive its parent, and
// a benchmark must survive each of these with a row that says what happened.
//
// In comes an [Executable] that is trusted (see [Host.Resolve]) and an
// [Instance] of one of its components; out goes a [Process] whose
// [Process.Recommender], [Process.Dataset] and [Process.LLM] implement the very
// interfaces of package sdk. Every call has a deadline, every reply is checked,
// every process is started in a group of its own that dies with the host.
//
// What a plugin may see: an environment made from a short list, private folders,
// and the secrets granted to it in Configure. Trust ends there; this is no
// sandbox.
//
// Errors are [*FaultError] (the plugin broke the contract), [*CrashError] (its
// process ended or stopped answering; also true for sdk.ErrCrashed), or what the
// plugin itself answered.
package host
