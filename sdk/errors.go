package sdk

import (
	"errors"
	"fmt"
	"time"
)

// The kinds of error that mean something on both sides of the wire. Test with
// errors.Is; anything else a plugin returns is an internal fault of its own.
var (
	// ErrInvalid: the request, an option or the data is wrong; asking again cannot help.
	ErrInvalid = errors.New("invalid")
	// ErrUnsupported: the component does not have this feature.
	ErrUnsupported = errors.New("unsupported")
	// ErrTooLarge: the plugin's own limit; a smaller request may work.
	ErrTooLarge = errors.New("too large")
	// ErrCrashed: the plugin's process ended or stopped answering.
	ErrCrashed = errors.New("plugin crashed")
	// ErrDenied: a key, licence or permission is missing or wrong.
	ErrDenied = errors.New("denied")
)

// Error is an error with its place. Kind is one of the sentinels or nil for an
// internal fault.
type Error struct {
	Kind       error
	Option     string // option path, where one is to blame
	Msg        string
	RetryAfter time.Duration // 0: not said
	Trace      string        // stack of a fault, for the log
}

// Error gives "option: message", without the trace.
func (e *Error) Error() string {
	msg := e.Msg
	if msg == "" && e.Kind != nil {
		msg = e.Kind.Error()
	}
	if e.Option != "" {
		return e.Option + ": " + msg
	}
	return msg
}

// Unwrap gives the sentinel.
func (e *Error) Unwrap() error { return e.Kind }

// Invalidf makes an ErrInvalid. Option may be empty.
func Invalidf(option, format string, args ...any) error {
	return &Error{Kind: ErrInvalid, Option: option, Msg: fmt.Sprintf(format, args...)}
}

// Unsupportedf makes an ErrUnsupported.
func Unsupportedf(format string, args ...any) error {
	return &Error{Kind: ErrUnsupported, Msg: fmt.Sprintf(format, args...)}
}
