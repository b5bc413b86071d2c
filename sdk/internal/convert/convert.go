// Package convert turns the types of package sdk into wire messages and back.
//
// It trusts neither side. Whatever arrives is checked for shape (lengths,
// offsets, known enum values) before it becomes an sdk type, so the code
// behind it can index without looking; ids are only checked for their sign,
// since the wire does not know how many there are. Every complaint wraps
// sdk.ErrInvalid.
//
// Functions To… make messages, which may alias the slices they are given;
// functions From… make sdk types, which may alias the message.
package convert

import (
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/le"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// Limits of contract v1 on one unary call.
const (
	MaxUsers  = 1024    // users in a batch
	MaxPlaces = 1 << 21 // users x k: a reply of 16 MiB
)

// column reads a column of exactly rows elements.
func column[T le.Number](what string, b []byte, rows int) ([]T, error) {
	v, err := le.Slice[T](b)
	if err != nil {
		return nil, sdk.Invalidf("", "%s: %v", what, err)
	}
	if len(v) != rows {
		return nil, sdk.Invalidf("", "%s: %d values for %d rows", what, len(v), rows)
	}
	return v, nil
}

// optional reads a column that may be absent.
func optional[T le.Number](what string, b []byte, rows int) ([]T, error) {
	if len(b) == 0 {
		return nil, nil
	}
	return column[T](what, b, rows)
}

// lengths checks that columns given by Go code have the right lengths.
func lengths(want int, what string, n int) error {
	if n != want {
		return sdk.Invalidf("", "%s: %d values, want %d", what, n, want)
	}
	return nil
}

// users reads the users of a batch; -1 is a user never seen.
func users(b []byte) ([]int32, error) {
	v, err := le.Slice[int32](b)
	if err != nil {
		return nil, sdk.Invalidf("", "users: %v", err)
	}
	if len(v) > MaxUsers {
		return nil, &sdk.Error{Kind: sdk.ErrTooLarge, Msg: "a batch has at most 1024 users"}
	}
	for row, u := range v {
		if u < -1 {
			return nil, sdk.Invalidf("", "users: row %d: %d", row, u)
		}
	}
	return v, nil
}

func toRagged(r sdk.Ragged) *pb.Ragged {
	if len(r.Offsets) == 0 {
		return nil
	}
	return &pb.Ragged{Offsets: le.Bytes(r.Offsets), Items: le.Bytes(r.Items)}
}

func fromRagged(what string, r *pb.Ragged, rows int) (sdk.Ragged, error) {
	offsets, err := le.Slice[uint32](r.GetOffsets())
	if err != nil {
		return sdk.Ragged{}, sdk.Invalidf("", "%s: offsets: %v", what, err)
	}
	items, err := le.Slice[int32](r.GetItems())
	if err != nil {
		return sdk.Ragged{}, sdk.Invalidf("", "%s: items: %v", what, err)
	}
	out := sdk.Ragged{Offsets: offsets, Items: items}
	if err := out.Check(what, rows, -1); err != nil {
		return sdk.Ragged{}, err
	}
	for _, id := range items {
		if id < 0 {
			return sdk.Ragged{}, sdk.Invalidf("", "%s: id %d", what, id)
		}
	}
	return out, nil
}

// ToDataRef makes a message.
func ToDataRef(r sdk.DataRef) *pb.DataRef {
	return &pb.DataRef{Dir: r.Dir, ManifestSha256: r.ManifestSHA256, Format: r.Format}
}

// FromDataRef reads a message.
func FromDataRef(r *pb.DataRef) sdk.DataRef {
	return sdk.DataRef{Dir: r.GetDir(), ManifestSHA256: r.GetManifestSha256(), Format: r.GetFormat()}
}

func toFile(f sdk.File) *pb.File {
	return &pb.File{Path: f.Path, Bytes: f.Bytes, Sha256: f.SHA256}
}

func fromFile(f *pb.File) sdk.File {
	return sdk.File{Path: f.GetPath(), Bytes: f.GetBytes(), SHA256: f.GetSha256()}
}

// ToFiles makes messages.
func ToFiles(fs []sdk.File) []*pb.File { return each(fs, toFile) }

// FromFiles reads messages.
func FromFiles(fs []*pb.File) []sdk.File { return each(fs, fromFile) }

// each maps a slice; nil stays nil.
func each[A, B any](in []A, f func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// try maps a slice as far as it goes without an error.
func try[A, B any](in []A, f func(A) (B, error)) ([]B, error) {
	if in == nil {
		return nil, nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		b, err := f(a)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

// known checks an enum value against the largest one of contract v1; 0, never
// a meaning, is refused too.
func known[T ~int32](what string, v, last T) error {
	if v < 1 || v > last {
		return sdk.Invalidf("", "%s: unknown value %d: from a newer contract?", what, v)
	}
	return nil
}
