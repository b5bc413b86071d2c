package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSegmentsComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), SegmentsFile)
	want := []Segment{
		{Name: "activity", Groups: []string{"low", "high"}, Of: []int8{0, 1, -1, 1}},
		{Name: "price-sense", Groups: []string{"low", "high"}, Of: []int8{0, 1, -1, 1}},
		{Name: "job", Groups: []string{`a "b", c`, "d e"}, Of: []int8{0, -1, 1, 0}},
	}
	in := append([]Segment{}, want...)
	in[1].Name = "Price_sense"
	in[2].Groups = []string{`a "b", c`, "d\n\x1b e"} // a value is untrusted text
	in = append(in,
		Segment{Name: "%", Groups: []string{"x"}, Of: []int8{0, 0, 0, 0}},            // no name
		Segment{Name: "activity", Groups: []string{"other"}, Of: []int8{0, 0, 0, 0}}, // taken
	)
	if err := WriteSegments(path, in); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSegments(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got[2].Group("d e") != 1 || got[2].Group("none") != -1 {
		t.Error("groups by name")
	}
}

func TestDamagedSegments(t *testing.T) {
	path := filepath.Join(t.TempDir(), SegmentsFile)
	for text, want := range map[string]string{
		"":                            "want a header",
		"who,activity\n":              "want a header",
		"user,Act ivity\n":            "name",
		"user,activity\n1,low\n":      `:2: user "1", want 0`,
		"user,activity\n0,low,high\n": "wrong number of fields",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSegments(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
