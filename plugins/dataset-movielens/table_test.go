package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

// Made-up releases in the layouts of the real ones. No row is MovieLens'.
func good1M() fixture {
	return fixture{
		"ratings.dat": "2::20::5::978300760\n1::10::3::978302109\n2::10::1::978301968\n",
		"movies.dat":  "10::Caf\xe9: a Story (1981)::Comedy|Drama\n20::The Lamp (1990)::Drama\n30::Unseen (1999)::Film-Noir\n",
		"users.dat":   "1::F::1::10::00000\n2::M::56::20::11111-2\n",
	}
}

func goodLatest() fixture {
	return fixture{
		"ratings.csv": "userId,movieId,rating,timestamp\r\n1,10,0.5,1147880044\r\n2,20,4.5,1147868817\r\n",
		"movies.csv":  "movieId,title,genres\r\n10,\"Lamp, The (1990)\",Comedy|Drama\r\n20,\"\"\"Q\"\" and é\",(no genres listed)\r\n",
	}
}

func openAs(t testing.TB, d sdk.Dataset, dir string, more sdk.Options) sdk.Dataset {
	t.Helper()
	given := sdk.Options{"path": dir}
	maps.Copy(given, more)
	o, ds := sdk.Canonical(d.Spec().Options, given)
	if sdk.Failed(ds) {
		t.Fatal(ds)
	}
	if err := d.Configure(context.Background(), sdk.Config{Options: o}); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTableReleases(t *testing.T) {
	for name, c := range map[string]struct {
		dataset sdk.Dataset
		files   fixture
		scale   sdk.Scale
		want    map[string]map[string]any
	}{
		"1m": {new1M(), good1M(), sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2}, map[string]map[string]any{
			"users": {"uid": []string{"1", "2"}, "age": []int32{1, 56}, "gender": []string{"F", "M"}, "occupation": []string{"K-12 student", "writer"}},
			"items": {
				"iid": []string{"10", "20", "30"}, "title": []string{"Café: a Story (1981)", "The Lamp (1990)", "Unseen (1999)"},
				"categories": []string{"Comedy+Drama", "Drama", "Film-Noir"}, "year": []int32{1981, 1990, 1999},
			},
			"interactions": {
				"user": []int32{1, 0, 1}, "item": []int32{1, 0, 0}, "value": []float32{5, 3, 1}, "time": []int64{978300760, 978302109, 978301968},
			},
		}},
		"latest": {newLatest(), goodLatest(), sdk.Scale{Min: 0.5, Max: 5, Step: 0.5, LikeAt: 4, DislikeAt: 2}, map[string]map[string]any{
			"users": {"uid": []string{"1", "2"}},
			"items": {
				"iid": []string{"10", "20"}, "title": []string{"Lamp, The (1990)", `"Q" and é`},
				"categories": []string{"Comedy+Drama", ""}, "year": []int32{1990, -1},
			},
			"interactions": {"user": []int32{0, 1}, "item": []int32{0, 1}, "value": []float32{0.5, 4.5}, "time": []int64{1147880044, 1147868817}},
		}},
	} {
		d := openAs(t, c.dataset, c.files.write(t), nil)
		var warned []string
		got, err := d.Prepare(context.Background(), sdk.PrepareRequest{}, func(e sdk.Event) {
			if w, ok := e.(sdk.Warning); ok {
				warned = append(warned, w.Summary)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if *got.Scale != c.scale || len(got.Sources) != len(c.files) || got.Version != name || got.License == "" {
			t.Errorf("%s: prepared %+v", name, got)
		}
		if cut := len(warned) == 1 && strings.Contains(warned[0], "3 ratings, the release has 1000209"); cut != (name == "1m") {
			t.Errorf("%s: warnings %q", name, warned)
		}
		for table, want := range c.want {
			if d := cmp.Diff(want, columns(t, d, table)); d != "" {
				t.Errorf("%s: %s: %s", name, table, d)
			}
		}
		matchesSpec(t, d)
	}
}

// matchesSpec holds the declaration to what Read answers.
func matchesSpec(t *testing.T, d sdk.Dataset) {
	t.Helper()
	for _, spec := range d.Spec().Tables {
		err := d.Read(context.Background(), sdk.ReadRequest{Table: spec.Name}, func(c sdk.Chunk) error {
			var have, want []string
			for _, col := range c.Columns {
				have = append(have, col.Name+" "+col.Type().String())
			}
			for _, col := range spec.Columns {
				want = append(want, col.Name+" "+col.Type.String())
			}
			if d := cmp.Diff(want, have); d != "" {
				t.Errorf("%s: %s", spec.Name, d)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestTableReleasesRefused(t *testing.T) {
	for name, c := range map[string]struct {
		dataset sdk.Dataset
		change  func(fixture)
		want    string
	}{
		"no times":     {new1M(), func(f fixture) { f["ratings.dat"] = "1::10::3\n" }, "time: ratings.dat has 3 columns, not 4"},
		"out of scale": {new1M(), func(f fixture) { f["ratings.dat"] += "1::20::0::978302109\n" }, "ratings.dat:4: value 0 is outside"},
		"cut short":    {new1M(), func(f fixture) { f["ratings.dat"] += "1::20::4\n" }, "ratings.dat:4: 3 fields"},
		"unknown film": {new1M(), func(f fixture) { f["ratings.dat"] += "1::99::4::978302109\n" }, `ratings.dat:4: item "99" is not in movies.dat`},
		"rated twice":  {new1M(), func(f fixture) { f["ratings.dat"] += "1::10::4::978302109\n" }, "ratings.dat:4: user 1 and item 10 are on line 2 already"},
		"occupation":   {new1M(), func(f fixture) { f["users.dat"] += "3::M::18::21::0\n" }, `users.dat:3: occupation "21"`},
		"missing file": {new1M(), func(f fixture) { delete(f, "users.dat") }, "users.dat: there is no such file"},
		"half a step":  {newLatest(), func(f fixture) { f["ratings.csv"] += "1,20,4.2,1147880044\n" }, "ratings.csv:4: value 4.2 is not on the scale"},
		"other header": {newLatest(), func(f fixture) { f["movies.csv"] = "id,title,genres\n1,a,b\n" }, `item-id: movies.csv has no column "movieId"`},
	} {
		files := good1M()
		if c.dataset.Spec().Name == "latest" {
			files = goodLatest()
		}
		c.change(files)
		_, err := prepare(openAs(t, c.dataset, files.write(t), nil))
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", name, err, c.want)
		}
	}
	outer := t.TempDir()
	if err := os.Rename(good1M().write(t), filepath.Join(outer, "ml-1m")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		outer:                           "set path to " + filepath.Join(outer, "ml-1m"),
		filepath.Join(outer, "nowhere"): "there is no such folder: get it with",
	} {
		if _, err := prepare(openAs(t, new1M(), path, nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", path, err, want)
		}
	}
}

// TestRealLatest reads latest-small where it lies beside the repository.
func TestRealLatest(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "ml-latest-small")
	if !exists(dir) {
		t.Skip("MovieLens latest-small is not beside the repository (../shared/data/ml-latest-small): skipped")
	}
	d := openAs(t, newLatest(), dir, nil)
	if _, err := prepare(d); err != nil {
		t.Fatal(err)
	}
	items, x := columns(t, d, "items"), columns(t, d, "interactions")
	rated := map[int32]bool{}
	for _, i := range x["item"].([]int32) {
		rated[i] = true
	}
	got := []int{len(columns(t, d, "users")["uid"].([]string)), len(items["iid"].([]string)), len(rated), len(x["time"].([]int64))}
	if d := cmp.Diff([]int{610, 9742, 9724, 100836}, got); d != "" {
		t.Error(d)
	}
}
