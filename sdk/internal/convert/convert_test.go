package convert_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

func chunk(t testing.TB) *pb.ColumnChunk {
	t.Helper()
	m, err := convert.ToChunk(sdk.Chunk{Seq: 2, Table: sdk.Table{Name: "t", Columns: []sdk.Column{
		{Name: "a", Data: []int32{1, 2}},
		{Name: "s", Data: []string{"é", "x"}},
		{Name: "l", Data: []float64{1, 2, 3}, Lists: []uint32{0, 3, 3}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestChunkRefuses(t *testing.T) {
	if _, err := convert.FromChunk(chunk(t)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		want   string
		change func(*pb.ColumnChunk)
	}{
		{"checksum", func(m *pb.ColumnChunk) { m.Columns[0].Data[0] ^= 1 }},
		{"checksum", func(m *pb.ColumnChunk) { m.Crc32C++ }},
		{"checksum", func(m *pb.ColumnChunk) { m.Columns = m.Columns[1:] }},
		{"2 values for 3 rows", func(m *pb.ColumnChunk) { m.Rows = 3 }},
		{"at most 32768", func(m *pb.ColumnChunk) { m.Rows = 1 << 30 }},
		{"at most 32768", func(m *pb.ColumnChunk) { m.Rows = -1 }},
		{"unknown value 7", func(m *pb.ColumnChunk) { m.Columns[0].Type = 7 }},
		{"unknown value 0", func(m *pb.ColumnChunk) { m.Columns[0].Type = 0 }},
		{"repeated name", func(m *pb.ColumnChunk) { m.Columns[1].Name = "a" }},
	} {
		m := proto.CloneOf(chunk(t))
		tt.change(m)
		if _, err := convert.FromChunk(m); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

func TestStatusCodes(t *testing.T) {
	ctx := t.Context()
	for code, want := range map[codes.Code]error{
		codes.InvalidArgument: sdk.ErrInvalid, codes.FailedPrecondition: sdk.ErrInvalid,
		codes.Unimplemented: sdk.ErrUnsupported, codes.ResourceExhausted: sdk.ErrTooLarge,
		codes.Unavailable: sdk.ErrCrashed, codes.DeadlineExceeded: sdk.ErrCrashed,
		codes.PermissionDenied: sdk.ErrDenied, codes.Unauthenticated: sdk.ErrDenied,
	} {
		if err := convert.FromStatus(ctx, status.Error(code, "x")); !errors.Is(err, want) {
			t.Errorf("%v: %v", code, err)
		}
	}
	for _, code := range []codes.Code{codes.Internal, codes.Unknown, codes.Aborted, codes.Canceled} {
		if e := (*sdk.Error)(nil); !errors.As(convert.FromStatus(ctx, status.Error(code, "x")), &e) || e.Kind != nil {
			t.Errorf("%v: %+v", code, e)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := convert.ToStatus(ended, fmt.Errorf("epoch: %w", context.Canceled)); status.Code(err) != codes.Canceled {
		t.Errorf("the call's own end: %v", err)
	}
	if err := convert.ToStatus(ctx, context.DeadlineExceeded); status.Code(err) != codes.Internal {
		t.Errorf("a time-out inside the component: %v", err)
	}
	if err := convert.ToStatus(ctx, errors.New(strings.Repeat("é", 1<<20))); len(err.Error()) > 1<<16 {
		t.Errorf("a message of %d bytes", len(err.Error()))
	}
	if err := convert.ToStatus(ctx, errors.New("\xff")); status.Convert(err).Message() != "?" {
		t.Errorf("not UTF-8: %q", status.Convert(err).Message())
	}
}

func TestValues(t *testing.T) {
	deep := any("x")
	for range 20 {
		deep = []any{deep}
	}
	for name, v := range map[string]any{"type": struct{}{}, "nil": nil, "deep": deep, "inside": map[string]any{"a": []any{int8(1)}}} {
		if _, err := convert.ToOptions(sdk.Options{"o": v}); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := convert.FromOptions(map[string]*pb.Value{"o": {}}); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("no value: %v", err)
	}
}

// FuzzReplies decodes arbitrary bytes as every message that a plugin or a host
// sends: an error or a well-formed value, never a panic.
func FuzzReplies(f *testing.F) {
	for _, m := range []proto.Message{
		chunk(f), &pb.RecommendResponse{Counts: make([]byte, 8), Items: make([]byte, 16), Scores: make([]byte, 16)},
		&pb.RecommendRequest{Users: make([]byte, 8), K: 2, Purpose: 1, Exclude: &pb.Ragged{Offsets: make([]byte, 12)}},
		&pb.ScoreTextResponse{Logprobs: make([]byte, 8), TokenCounts: make([]byte, 8)},
		&pb.DescribeResponse{Name: "x", Components: []*pb.ComponentSpec{{Kind: 1, Id: "a", Options: []*pb.OptionSpec{{Path: "o", Type: 2}}}}},
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m := new(pb.ColumnChunk); proto.Unmarshal(raw, m) == nil {
			if c, err := convert.FromChunk(m); err == nil {
				if err := c.Check(); err != nil {
					t.Error(err)
				}
			}
		}
		if m := new(pb.RecommendResponse); proto.Unmarshal(raw, m) == nil {
			if r, err := convert.FromRecommendReply(m, 2, 2); err == nil && (len(r.Items) != 4 || len(r.Counts) != 2) {
				t.Errorf("%+v", r)
			}
		}
		if m := new(pb.RecommendRequest); proto.Unmarshal(raw, m) == nil {
			if r, err := convert.FromRecommendRequest(m); err == nil {
				for i := range r.Users {
					_, _ = r.History.Row(i), r.Exclude.Row(i)
				}
			}
		}
		if m := new(pb.RespondRequest); proto.Unmarshal(raw, m) == nil {
			_, _ = convert.FromRespondRequest(m)
		}
		if m := new(pb.RespondResponse); proto.Unmarshal(raw, m) == nil {
			_, _ = convert.FromRespondReply(m, 1, 1)
		}
		if m := new(pb.UpdateRequest); proto.Unmarshal(raw, m) == nil {
			_, _ = convert.FromUpdateRequest(m)
		}
		if m := new(pb.DescribeResponse); proto.Unmarshal(raw, m) == nil {
			_, _ = convert.FromDescription(m)
		}
		if m := new(pb.GenerateResponse); proto.Unmarshal(raw, m) == nil {
			_, _ = convert.FromResult(m)
		}
		if m := new(pb.GenerateRequest); proto.Unmarshal(raw, m) == nil {
			_, _ = convert.FromChat(m)
		}
		if m := new(pb.ScoreTextResponse); proto.Unmarshal(raw, m) == nil {
			_, _ = convert.FromTextScores(m, 2)
		}
		if m := new(pb.EmbedResponse); proto.Unmarshal(raw, m) == nil {
			_, _ = convert.FromEmbeddings(m, 2)
		}
	})
}
