package convert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/alignuser/alignuser/sdk"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// Reasons in an ErrorDetail. A reader goes by the status code; the reason is
// for logs.
const (
	ReasonFault = "fault" // an error of the component's own
	ReasonPanic = "panic"
	ReasonOrder = "order" // called before Configure, or Configure twice
)

// kinds pairs each sentinel with its status code and reason.
func kinds() []struct {
	kind   error
	code   codes.Code
	reason string
} {
	return []struct {
		kind   error
		code   codes.Code
		reason string
	}{
		{sdk.ErrInvalid, codes.InvalidArgument, "invalid"},
		{sdk.ErrUnsupported, codes.Unimplemented, "unsupported"},
		{sdk.ErrTooLarge, codes.ResourceExhausted, "too-large"},
		{sdk.ErrDenied, codes.PermissionDenied, "denied"},
		{sdk.ErrCrashed, codes.Unavailable, "crashed"},
	}
}

// kindOf reads a status code that a peer sent. Codes that any grpc library
// makes by itself are included: an unknown method is unsupported, a message
// over the limit too large, a lost connection a crash.
func kindOf(c codes.Code) error {
	switch c {
	case codes.FailedPrecondition:
		return sdk.ErrInvalid
	case codes.Unauthenticated:
		return sdk.ErrDenied
	}
	for _, k := range kinds() {
		if k.code == c {
			return k.kind
		}
	}
	return nil
}

// ToStatus turns what a component returned into a status error. Ctx is that of
// the call: its own end is told apart from a time-out inside the component.
func ToStatus(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		return status.FromContextError(ended).Err()
	}
	if ours := (wireError{}); errors.As(err, &ours) {
		return ours
	}
	code, reason := codes.Internal, ReasonFault
	for _, k := range kinds() {
		if errors.Is(err, k.kind) {
			code, reason = k.code, k.reason
			break
		}
	}
	detail, msg := &pb.ErrorDetail{Reason: reason}, err.Error()
	if e := (*sdk.Error)(nil); errors.As(err, &e) {
		detail.OptionPath, detail.RetryAfterNanos, detail.Traceback = e.Option, int64(e.RetryAfter), e.Trace
		if e.Option != "" { // the other side puts the option back in front
			msg = strings.Replace(msg, e.Option+": ", "", 1)
		}
		if code == codes.Internal && e.RetryAfter > 0 {
			code = codes.Aborted
		}
	}
	return Status(code, msg, detail)
}

// wireError is a status made here. A component may return status errors too,
// of a service that it calls itself, and those must not pass for ours.
type wireError struct{ st *status.Status }

// Error implements error.
func (e wireError) Error() string { return e.st.Err().Error() }

// GRPCStatus is what grpc sends.
func (e wireError) GRPCStatus() *status.Status { return e.st }

// Status makes a status error with a detail.
func Status(code codes.Code, msg string, detail *pb.ErrorDetail) error {
	detail.Traceback = clip(detail.Traceback)
	st := status.New(code, clip(msg))
	if with, err := st.WithDetails(protoadapt.MessageV1Of(detail)); err == nil {
		st = with
	}
	return wireError{st}
}

// maxText bounds a message in bytes, on both sides: statuses travel in headers,
// which are bounded, and what others send ends in logs and tables.
const maxText = 32 << 10

// clip cuts text to maxText and keeps it valid UTF-8.
func clip(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + " …"
	}
	return strings.ToValidUTF8(s, "?")
}

// FromStatus turns the error of a call into what the component returned, as
// far as it travels: an *sdk.Error with one of the sentinels, or nil for a
// fault. The end of ctx is ctx's own error; a deadline is also a crash, since
// nothing tells a slow plugin from a dead one.
func FromStatus(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch {
	case st.Code() == codes.Canceled && ctx.Err() != nil:
		return fmt.Errorf("plugin call: %w", ctx.Err())
	case st.Code() == codes.DeadlineExceeded:
		return fmt.Errorf("%w: %w", &sdk.Error{Kind: sdk.ErrCrashed, Msg: "no answer before the deadline"}, context.DeadlineExceeded)
	}
	out := &sdk.Error{Kind: kindOf(st.Code()), Msg: clip(st.Message())}
	for _, d := range st.Details() {
		if d, ok := d.(*pb.ErrorDetail); ok {
			out.Option, out.RetryAfter, out.Trace = clip(d.GetOptionPath()), time.Duration(d.GetRetryAfterNanos()), clip(d.GetTraceback())
		}
	}
	if out.Msg == "" && out.Kind == nil {
		out.Msg = "status " + st.Code().String()
	}
	return out
}
