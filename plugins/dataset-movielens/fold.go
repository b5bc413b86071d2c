package main

import (
	"fmt"

	"github.com/alignuser/alignuser/sdk"
)

// noFold stands for the ratings undivided.
const noFold = "none"

// folded reads a file of a fold, whose ratings are those of u.data.
func (r *reader) folded(part uint8) func(n int, line string) error {
	return func(_ int, line string) error {
		x, err := parseRating(line)
		if err != nil {
			return err
		}
		user, known := r.userRow[x.user]
		item, rated := r.itemRow[x.item]
		if !known || !rated {
			return fmt.Errorf("user %q or film %q is not in the release", x.user, x.item)
		}
		key := pair{user, item}
		if _, twice := r.parts[key]; twice {
			return fmt.Errorf("user %s and film %s are in the fold already", x.user, x.item)
		}
		r.parts[key] = part
		return nil
	}
}

// checkFold wants every rating in the fold, and nothing else.
func (r *reader) checkFold() error {
	for _, x := range r.ratings {
		if _, there := r.parts[pair{x.userRow, x.itemRow}]; !there {
			return sdk.Invalidf("fold", "u.data:%d: user %s and film %s are neither in %s.base nor in %s.test: fetch the release again (%s)",
				x.line, x.user, x.item, r.fold, r.fold, homepage)
		}
	}
	if len(r.parts) > len(r.ratings) {
		return sdk.Invalidf("fold", "%s.base and %s.test hold %d ratings, u.data %d: fetch the release again (%s)",
			r.fold, r.fold, len(r.parts), len(r.ratings), homepage)
	}
	return nil
}
