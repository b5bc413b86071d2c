package main

import (
	"strings"
	"testing"
)

func TestYearOf(t *testing.T) {
	for _, c := range []struct {
		title, date string
		want        int32
	}{
		{"A (1950)", "", 1950},
		{"1984 (1956)", "01-Jan-1997", 1956},
		{"B (1901) (1950) (V)", "", 1950},
		{"C (195)", "1-Mar-1962", 1962},
		{"D", "", -1},
		{"E", "March", -1},
	} {
		if got := yearOf(c.title, c.date); got != c.want {
			t.Errorf("yearOf(%q, %q) = %d, want %d", c.title, c.date, got, c.want)
		}
	}
}

// The fuzz targets hold the parsers to their promise: no panic, and what is
// accepted lies within the scale and the declared sets.

func FuzzParseRating(f *testing.F) {
	f.Add("1\t2\t3\t880000000")
	f.Add("1\t2\t3")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parseRating(line)
		if err == nil && (r.value < 1 || r.value > 5 || r.time < earliest || strings.Count(line, "\t") != 3) {
			t.Errorf("%q gave %+v", line, r)
		}
	})
}

func FuzzParseFilm(f *testing.F) {
	f.Add("1|A (1950)|01-Jan-1950||http://x|0|1|1")
	f.Add("1|A||||1|0|0")
	genres := []string{"unknown", "Comedy", "Drama"}
	f.Fuzz(func(t *testing.T, line string) {
		m, err := parseFilm(line, genres)
		if err == nil && (m.title == "" || len(m.genres) > 2 || strings.Contains(m.title, "\n") || m.year < -1 || m.year > 9999) {
			t.Errorf("%q gave %+v", line, m)
		}
	})
}

func FuzzParsePerson(f *testing.F) {
	f.Add("1|20|F|baker|00000")
	f.Fuzz(func(t *testing.T, line string) {
		p, err := parsePerson(line)
		if err == nil && (p.age < 1 || p.age > 120 || p.id == "" || p.gender != "M" && p.gender != "F") {
			t.Errorf("%q gave %+v", line, p)
		}
	})
}

func FuzzParseGenreAndCount(f *testing.F) {
	f.Add("Drama|2")
	f.Add("943 users")
	f.Fuzz(func(t *testing.T, line string) {
		if name, _, err := parseGenre(line); err == nil && name == "" {
			t.Errorf("%q gave a genre without a name", line)
		}
		if n, of, err := parseCount(line); err == nil && (n < 0 || of == "") {
			t.Errorf("%q gave %d %q", line, n, of)
		}
	})
}
