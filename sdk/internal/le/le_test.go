package le_test

import (
	"slices"
	"testing"

	"github.com/alignuser/alignuser/sdk/internal/le"
)

func TestNumbers(t *testing.T) {
	v := []int32{1, -2, 1 << 30}
	b := le.Bytes(v)
	if want := []byte{1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0x40}; !slices.Equal(b, want) {
		t.Errorf("got %x, want %x", b, want)
	}
	buffer := append(make([]byte, 1, 64), b...)
	for _, aligned := range [][]byte{b, buffer[1:]} { // the second is not
		if got, err := le.Slice[int32](aligned); err != nil || !slices.Equal(got, v) {
			t.Errorf("got %v, %v, want %v", got, err, v)
		}
	}
	for n := range 8 {
		if _, err := le.Slice[int64](make([]byte, n)); (err != nil) != (n != 0) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if le.Bytes([]float64{}) != nil || len(le.Buffer(0)) != 0 || len(le.Buffer(9)) != 9 {
		t.Error("empty")
	}
}
