package browse_test

import (
	"testing"

	"github.com/alignuser/alignuser/harness/browse"
)

// TestMostPages counts what nobody has made yet; here no two interactions share a time.
func TestMostPages(t *testing.T) {
	s := browse.NewStage(split(t, films{}))
	for _, ratio := range []int{0, 1, 3} {
		for _, pages := range []int{0, 5} {
			want := browse.Teaching{Ratio: ratio, Pages: pages}
			n := 0
			for range s.Demonstrations(want) {
				n++
			}
			if got, logged := s.MostPages(want); got != n || logged || n == 0 {
				t.Errorf("%+v: at most %d, logged: %t; there are %d", want, got, logged, n)
			}
		}
	}
}
