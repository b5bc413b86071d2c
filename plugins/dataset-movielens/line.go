package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// earliest is before MovieLens began; a time before it is a time cut short.
const earliest = 788918400 // 1995-01-01T00:00:00Z

// A rating as u.data writes it: user, film, value and time, by tabs.
type rating struct {
	user, item string
	value      float32
	time       int64
}

func parseRating(line string) (rating, error) {
	f := strings.Split(line, "\t")
	if len(f) != 4 {
		return rating{}, fmt.Errorf("%d fields between tabs, want 4 (user, item, rating, time)", len(f))
	}
	value, err := strconv.Atoi(f[2])
	if err != nil {
		return rating{}, fmt.Errorf("rating %q is not a whole number", f[2])
	}
	if value < 1 || value > 5 {
		return rating{}, fmt.Errorf("rating %d is outside the scale from 1 to 5", value)
	}
	at, err := strconv.ParseInt(f[3], 10, 64)
	if err != nil {
		return rating{}, fmt.Errorf("time %q is not a number of seconds", f[3])
	}
	if at < earliest {
		return rating{}, fmt.Errorf("time %d is before 1995: the line may be cut short", at)
	}
	return rating{user: f[0], item: f[1], value: float32(value), time: at}, nil
}

// A film as u.item writes it: number, title, release date, video date, URL and
// one flag a genre, by bars.
type film struct {
	id, title string
	genres    []string
	year      int32
}

const filmFields = 5 // before the flags

func parseFilm(line string, genres []string) (film, error) {
	f := strings.Split(line, "|")
	if want := filmFields + len(genres); len(f) != want {
		return film{}, fmt.Errorf("%d fields between bars, want %d (5, and a flag for each of the %d genres)", len(f), want, len(genres))
	}
	out := film{id: f[0], title: strings.TrimSpace(f[1]), year: yearOf(f[1], f[2])}
	if err := number(out.id); err != nil {
		return film{}, err
	}
	if out.title == "" {
		return film{}, fmt.Errorf("film %s has no title", out.id)
	}
	if strings.ContainsFunc(out.title, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return film{}, fmt.Errorf("the title %q of film %s holds control characters", out.title, out.id)
	}
	for i, flag := range f[filmFields:] {
		switch {
		case flag != "0" && flag != "1":
			return film{}, fmt.Errorf("flag of genre %s is %q, want 0 or 1", genres[i], flag)
		case flag == "1" && genres[i] != "unknown":
			out.genres = append(out.genres, genres[i])
		}
	}
	return out, nil
}

// yearInTitle is the last year in brackets: "Land Before Time III (1995) (V)".
var yearInTitle = regexp.MustCompile(`.*\((\d{4})\)`)

// yearOf gives the year of a film, -1 where neither title nor date has one.
func yearOf(title, date string) int32 {
	if m := yearInTitle.FindStringSubmatch(title); m != nil {
		y, _ := strconv.Atoi(m[1])
		return int32(y)
	}
	if t, err := time.Parse("2-Jan-2006", date); err == nil {
		return int32(t.Year())
	}
	return -1
}

// A person as u.user writes it: number, age, gender, occupation and zip code, by
// bars. The zip code is dropped here.
type person struct {
	id, gender, occupation string
	age                    int32
}

func parsePerson(line string) (person, error) {
	f := strings.Split(line, "|")
	if len(f) != 5 {
		return person{}, fmt.Errorf("%d fields between bars, want 5 (user, age, gender, occupation, zip code)", len(f))
	}
	if err := number(f[0]); err != nil {
		return person{}, err
	}
	age, err := strconv.Atoi(f[1])
	if err != nil || age < 1 || age > 120 {
		return person{}, fmt.Errorf("age %q of user %s is not between 1 and 120", f[1], f[0])
	}
	if f[2] != "M" && f[2] != "F" {
		return person{}, fmt.Errorf("gender %q of user %s is neither M nor F", f[2], f[0])
	}
	return person{id: f[0], age: int32(age), gender: f[2], occupation: f[3]}, nil
}

// parseGenre reads a line of u.genre: name and the position of its flag.
func parseGenre(line string) (name string, at int, err error) {
	name, position, ok := strings.Cut(line, "|")
	if at, err = strconv.Atoi(position); !ok || name == "" || err != nil {
		return "", 0, fmt.Errorf("%q is not a genre and its position by a bar", line)
	}
	return name, at, nil
}

// parseCount reads a line of u.info, such as "943 users".
func parseCount(line string) (count int, of string, err error) {
	f := strings.Fields(line)
	if len(f) == 2 {
		if count, err = strconv.Atoi(f[0]); err == nil && count >= 0 {
			return count, f[1], nil
		}
	}
	return 0, "", fmt.Errorf("%q is not a count and what it counts", line)
}

// number refuses what is not a plain positive number.
func number(id string) error {
	if n, err := strconv.Atoi(id); err != nil || n < 1 || strconv.Itoa(n) != id {
		return fmt.Errorf("id %q is not a number from 1 on", id)
	}
	return nil
}
