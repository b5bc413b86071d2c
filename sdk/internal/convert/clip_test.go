package convert_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// TestLongTextIsCut: a peer without our SDK may send megabytes where a sentence
// was due, and they would go on into logs, tables and journals.
func TestLongTextIsCut(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	check := func(what, have string) {
		t.Helper()
		if len(have) > 33<<10 || !strings.HasPrefix(have, "éé") || !strings.HasSuffix(have, " …") {
			t.Errorf("%s: %d bytes", what, len(have))
		}
	}
	st, err := status.New(codes.Internal, long).WithDetails(protoadapt.MessageV1Of(&pb.ErrorDetail{OptionPath: long, Traceback: long}))
	if err != nil {
		t.Fatal(err)
	}
	var e *sdk.Error
	if !errors.As(convert.FromStatus(t.Context(), st.Err()), &e) {
		t.Fatal("not an *sdk.Error")
	}
	check("message", e.Msg)
	check("option", e.Option)
	check("trace", e.Trace)
	d := convert.FromDiagnostics([]*pb.Diagnostic{{OptionPath: long, Summary: long, Detail: long}})[0]
	check("option of a diagnostic", d.Option)
	check("summary", d.Summary)
	check("detail", d.Detail)
	p := convert.FromEvent(&pb.Event{Kind: &pb.Event_Progress{Progress: &pb.Progress{Stage: long, Message: long}}}).(sdk.Progress)
	check("stage", p.Stage)
	check("progress", p.Message)
}
