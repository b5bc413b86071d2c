package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

// real gives a folder of data beside the repository, or skips the test.
func real(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s is not beside the repository (../shared/data/%s): skipped", name, name)
	}
	return dir
}

func stars(o sdk.Options) sdk.Options {
	for k, v := range map[string]any{"value-min": 1, "value-max": 5, "value-step": 1, "like-at": 4, "dislike-at": 2} {
		if _, ok := o[k]; !ok {
			o[k] = v
		}
	}
	return o
}

func byValue(values any) string {
	var have [11]int
	for _, v := range values.([]float32) {
		have[int(2*v)]++
	}
	return fmt.Sprint(have)
}

func TestRealMillion(t *testing.T) {
	d := open(t, csvFormat(), stars(sdk.Options{
		"path": real(t, "ml-1m"), "separator": "::", "header": false, "encoding": "latin-1",
		"interactions": "ratings_uir.dat", "user": "1", "item": "2", "value": "3",
		"items": "movies.dat", "title": "2", "year-in-title": true, "categories": "3",
		"users": "users.dat", "gender": "2", "age": "3",
	}))
	users, items, ratings := table(t, d, "users"), table(t, d, "items"), table(t, d, "interactions")
	if got, want := byValue(ratings["value"]), "[0 0 56174 0 107557 0 261197 0 348971 0 226310]"; got != want {
		t.Errorf("ratings by half stars %s, want %s", got, want)
	}
	rated := map[int32]bool{}
	for _, i := range ratings["item"].([]int32) {
		rated[i] = true
	}
	counts := []int{len(users["uid"].([]string)), len(items["iid"].([]string)), len(rated), len(ratings["user"].([]int32))}
	if d := cmp.Diff([]int{6040, 3883, 3706, 1000209}, counts); d != "" {
		t.Error(d)
	}
	if _, ok := ratings["time"]; ok {
		t.Error("times out of nothing")
	}
	accents, years := 0, 0
	for i, title := range items["title"].([]string) {
		if strings.ContainsFunc(title, func(r rune) bool { return r >= 0xc0 }) {
			accents++
		}
		if y := items["year"].([]int32)[i]; y >= 1900 && y <= 2000 {
			years++
		}
	}
	if accents == 0 || years != 3883 {
		t.Errorf("%d titles with accents, %d years", accents, years)
	}
}

// TestRealRecBole: the atomic files hold what the release holds.
func TestRealRecBole(t *testing.T) {
	atomic := open(t, recboleFormat(), stars(sdk.Options{
		"path": real(t, "ml-100k-recbole"), "value": "rating", "time": "timestamp", "title": "movie_title", "categories": "class", "age": "age",
	}))
	release := open(t, csvFormat(), stars(sdk.Options{
		"path": real(t, "ml-100k"), "separator": "\t", "header": false, "interactions": "u.data", "user": "1", "item": "2", "value": "3", "time": "4",
	}))
	if d := cmp.Diff(named(t, release), named(t, atomic)); d != "" {
		t.Error("the interactions differ")
	}
	if users, items := table(t, atomic, "users"), table(t, atomic, "items"); len(users["uid"].([]string)) != 943 || len(items["iid"].([]string)) != 1682 {
		t.Error("want 943 users and 1,682 items")
	}
}

// named gives interactions with the ids of the files.
func named(t *testing.T, d sdk.Dataset) []string {
	x, users, items := table(t, d, "interactions"), table(t, d, "users")["uid"].([]string), table(t, d, "items")["iid"].([]string)
	var out []string
	for r, u := range x["user"].([]int32) {
		out = append(out, fmt.Sprint(users[u], items[x["item"].([]int32)[r]], x["value"].([]float32)[r], x["time"].([]int64)[r]))
	}
	return out
}

func TestRealCSV(t *testing.T) {
	d := open(t, csvFormat(), stars(sdk.Options{
		"path": real(t, "ml-latest-small"), "interactions": "ratings.csv", "user": "userId", "item": "movieId", "value": "rating", "time": "timestamp",
		"value-min": 0.5, "value-step": 0.5, "items": "movies.csv", "item-id": "movieId", "title": "title", "categories": "genres",
		"no-category": "(no genres listed)", "year-in-title": true,
	}))
	items, x := table(t, d, "items"), table(t, d, "interactions")
	rated := map[int32]bool{}
	for _, i := range x["item"].([]int32) {
		rated[i] = true
	}
	counts := []int{len(table(t, d, "users")["uid"].([]string)), len(items["iid"].([]string)), len(rated), len(x["time"].([]int64))}
	if d := cmp.Diff([]int{610, 9742, 9724, 100836}, counts); d != "" {
		t.Error(d)
	}
	commas := 0
	for _, title := range items["title"].([]string) {
		if strings.Contains(title, ", ") {
			commas++
		}
		if strings.HasPrefix(title, `"`) || strings.HasSuffix(title, `"`) {
			t.Error("a title kept its quotes")
		}
	}
	if commas < 1000 {
		t.Errorf("%d titles with commas", commas)
	}
}
