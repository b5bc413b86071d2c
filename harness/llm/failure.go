package llm

// MissError names the question that a replay has no answer to.
type MissError struct {
	Backend, Cell string
	Role          Role
	Line          string // the head of the last message's first line
	Try           int
}

// Error names the question and the usual reason.
func (e *MissError) Error() string { return "" }

// Unwrap makes errors.Is(err, ErrMiss) true.
func (e *MissError) Unwrap() error { return ErrMiss }

// BackendError says why a backend answers nobody. Every later question gets
// the same one at once.
type BackendError struct {
	Backend string
	Reason  string // what the provider or the plugin said, and the remedy
	Err     error  // sdk.ErrDenied, sdk.ErrInvalid, sdk.ErrCrashed …; may be nil
}

// Error gives "backend: reason".
func (e *BackendError) Error() string { return e.Backend + ": " + e.Reason }

// Unwrap gives the kind.
func (e *BackendError) Unwrap() error { return e.Err }

// RequestError says why this question cannot be answered; others may be.
type RequestError struct {
	Backend, Cell string
	Role          Role
	Reason        string
	Err           error // sdk.ErrInvalid, sdk.ErrTooLarge …; may be nil
}

// Error gives "backend: role of cell: reason".
func (e *RequestError) Error() string { return "" }

// Unwrap gives the kind.
func (e *RequestError) Unwrap() error { return e.Err }
