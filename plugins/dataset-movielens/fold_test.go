package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

// goodFold divides the made-up release: the second rating of u.data tests.
func goodFold() fixture {
	f := good()
	f["u1.base"] = "1\t1\t4\t880000001\n2\t1\t5\t880000000\n"
	f["u1.test"] = "1\t3\t1\t880000001\n"
	return f
}

func TestFold(t *testing.T) {
	d := open(t, goodFold().write(t), sdk.Options{"fold": "u1"})
	var parts []uint8
	err := d.Read(t.Context(), sdk.ReadRequest{Table: "interactions", Columns: []string{"part"}}, func(c sdk.Chunk) error {
		parts = append(parts, c.Columns[0].Data.([]uint8)...)
		return nil
	})
	if d := cmp.Diff([]uint8{0, 2, 0}, parts); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	whole := open(t, goodFold().write(t), nil)
	if err := whole.Read(t.Context(), sdk.ReadRequest{Table: "interactions", Columns: []string{"part"}}, nil); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("parts without a fold: %v", err)
	}
}

func TestFoldRefused(t *testing.T) {
	for want, change := range map[string]func(fixture){
		"u1.test: missing": func(f fixture) { delete(f, "u1.test") },
		"u1.test:2: user 1 and film 1 are in the fold already":      func(f fixture) { f["u1.test"] += "1\t1\t4\t880000001\n" },
		"u.data:1: user 2 and film 1 are neither in u1.base nor":    func(f fixture) { f["u1.base"] = "1\t1\t4\t880000001\n" },
		"u1.base and u1.test hold 4 ratings, u.data 3":              func(f fixture) { f["u1.test"] += "2\t2\t4\t880000001\n" },
		"u1.base:3: user \"9\" or film \"1\" is not in the release": func(f fixture) { f["u1.base"] += "9\t1\t4\t880000001\n" },
	} {
		f := goodFold()
		change(f)
		if _, err := prepare(open(t, f.write(t), sdk.Options{"fold": "u1"})); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// TestRealFold reads fold u1 where it lies beside the repository: 80,000 ratings
// train and 20,000 test.
func TestRealFold(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "ml-100k")
	if !exists(filepath.Join(dir, "u1.base")) {
		t.Skip("fold u1 of MovieLens 100K is not beside the repository (../shared/data/ml-100k): skipped")
	}
	var counts [3]int
	d := open(t, dir, sdk.Options{"fold": "u1"})
	err := d.Read(t.Context(), sdk.ReadRequest{Table: "interactions", Columns: []string{"part"}}, func(c sdk.Chunk) error {
		for _, p := range c.Columns[0].Data.([]uint8) {
			counts[p]++
		}
		return nil
	})
	if err != nil || counts != [3]int{80000, 0, 20000} {
		t.Errorf("%v, %v", counts, err)
	}
}
