// Package le moves numbers between slices and little-endian bytes. On a
// little-endian machine both are the same memory, so nothing is copied where
// the alignment allows it; elsewhere the bytes are swapped. It is the only
// package of the SDK that uses unsafe for this.
package le

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"
)

// Number is an element of a column.
type Number interface {
	int32 | uint32 | int64 | float32 | float64 | uint8
}

func little() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// Bytes gives the little-endian bytes of v. They may alias v.
func Bytes[T Number](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	if little() {
		return view(v)
	}
	out := slices.Clone(view(v))
	swap(out, size[T]())
	return out
}

// Slice gives the numbers in b, which may be aliased. The length of b must be
// a multiple of the element size.
func Slice[T Number](b []byte) ([]T, error) {
	n := size[T]()
	if len(b)%n != 0 {
		return nil, fmt.Errorf("%d bytes are not a multiple of %d", len(b), n)
	}
	if len(b) == 0 {
		return nil, nil
	}
	if p := unsafe.Pointer(unsafe.SliceData(b)); little() && uintptr(p)%uintptr(n) == 0 {
		return unsafe.Slice((*T)(p), len(b)/n), nil
	}
	out := make([]T, len(b)/n)
	raw := view(out)
	copy(raw, b)
	if !little() {
		swap(raw, n)
	}
	return out, nil
}

// Buffer gives n bytes aligned for every element type.
func Buffer(n int) []byte {
	return view(make([]int64, (n+7)/8))[:n]
}

func size[T Number]() int {
	var zero T
	return int(unsafe.Sizeof(zero))
}

func view[T Number](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*size[T]())
}

func swap(b []byte, n int) {
	for i := 0; i < len(b); i += n {
		slices.Reverse(b[i : i+n])
	}
}
