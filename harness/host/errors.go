package host

import (
	"fmt"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// FaultError says that a plugin answered something the contract forbids. The
// process goes on; the arm that it served has failed.
type FaultError struct {
	Plugin string // "recommender-neighbors/item-knn"
	RPC    string // "recommend"
	Reason string
}

// Error gives "plugin: rpc: bad reply: reason".
func (e *FaultError) Error() string {
	return fmt.Sprintf("%s: %s: bad reply: %s", e.Plugin, e.RPC, e.Reason)
}

// CrashError says that a plugin's process ended, or had to be ended, while
// something was asked of it.
type CrashError struct {
	Plugin string
	RPC    string // "start" before the plugin was configured
	Reason string // "exited with status 7", "killed by SIGKILL", "no answer within 10s"
	Stderr string // the lines that tell most; Process.Stderr has the rest
	Err    error  // what the call or go-plugin said; may be nil
}

// Error is one line: "plugin: rpc: reason: stderr: line | line".
func (e *CrashError) Error() string {
	msg := fmt.Sprintf("%s: %s: %s", e.Plugin, e.RPC, e.Reason)
	if e.Stderr != "" {
		msg += ": stderr: " + strings.ReplaceAll(e.Stderr, "\n", " | ")
	}
	return msg
}

// Unwrap makes errors.Is(err, sdk.ErrCrashed) true.
func (e *CrashError) Unwrap() []error {
	if e.Err == nil {
		return []error{sdk.ErrCrashed}
	}
	return []error{sdk.ErrCrashed, e.Err}
}

// TrustError says why an executable is not run, or a tuned model not used, with the
// command that accepts it.
type TrustError struct {
	Plugin string // or the agent whose model it is
	Reason string
	Fix    string
}

// Error gives "plugin: reason (fix)".
func (e *TrustError) Error() string {
	return fmt.Sprintf("%s: %s (%s)", e.Plugin, e.Reason, e.Fix)
}

// secretError hides granted secrets in the text of an error and nothing else.
type secretError struct {
	err    error
	redact func(string) string
}

func (e *secretError) Error() string { return e.redact(e.err.Error()) }
func (e *secretError) Unwrap() error { return e.err }
