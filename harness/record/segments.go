package record

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// SegmentsFile says which groups the users of a run are in.
const SegmentsFile = "segments.csv"

// Segment divides users into named groups.
type Segment struct {
	Name   string
	Groups []string
	Of     []int8 // by user: index into Groups; -1: in none
}

// Group finds a group by name; -1 where there is none.
func (s Segment) Group(name string) int { return slices.Index(s.Groups, name) }

// WriteSegments writes a line per user and a column per segment. Attributes are named by
// whoever made the data: capitals become small, spaces and _ become -, and segments whose
// name still cannot stand in a suite or on a command line are left out, as are later ones of the
// same name.
func WriteSegments(path string, segments []Segment) error {
	header := []string{"user"}
	var kept []Segment
	for _, s := range segments {
		s.Name = strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(s.Name))
		if CheckName(s.Name) != nil || slices.Contains(header, s.Name) {
			continue
		}
		s.Groups = slices.Clone(s.Groups)
		for i, g := range s.Groups {
			s.Groups[i] = groupName(g, i)
		}
		header, kept = append(header, s.Name), append(kept, s)
	}
	return WriteFile(path, func(w io.Writer) error {
		c := csv.NewWriter(w)
		if err := c.Write(header); err != nil {
			return err
		}
		users := 0
		if len(kept) > 0 {
			users = len(kept[0].Of)
		}
		fields := make([]string, len(header))
		for u := range users {
			fields[0] = strconv.Itoa(u)
			for i, s := range kept {
				fields[i+1] = ""
				if at := s.Of[u]; at >= 0 {
					fields[i+1] = s.Groups[at]
				}
			}
			if err := c.Write(fields); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	})
}

// groupName makes one line of a value; "" is taken by "in no group".
func groupName(value string, i int) string {
	name := strings.Join(strings.Fields(cleanText(value)), " ")
	if name == "" {
		return fmt.Sprintf("group %d", i)
	}
	return name
}

// ReadSegments reads what WriteSegments wrote. Groups stand in the order in which
// users first show them.
func ReadSegments(path string) ([]Segment, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // opened for reading
	c := csv.NewReader(f)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil || header[0] != "user" {
		return nil, fmt.Errorf("%s:1: want a header that begins with user", path)
	}
	out := make([]Segment, len(header)-1)
	known := make([]map[string]int8, len(out))
	for i, name := range header[1:] {
		if err := CheckName(name); err != nil {
			return nil, fmt.Errorf("%s:1: %w", path, err)
		}
		out[i].Name, known[i] = strings.Clone(name), map[string]int8{"": -1}
	}
	for u := 0; ; u++ {
		fields, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := c.FieldPos(0)
		if fields[0] != strconv.Itoa(u) {
			return nil, fmt.Errorf("%s:%d: user %q, want %d", path, line, fields[0], u)
		}
		for i, g := range fields[1:] {
			at, ok := known[i][g]
			if !ok {
				if len(out[i].Groups) > 126 {
					return nil, fmt.Errorf("%s:%d: segment %s has too many groups", path, line, out[i].Name)
				}
				at = int8(len(out[i].Groups))
				g = strings.Clone(g)
				known[i][g], out[i].Groups = at, append(out[i].Groups, g)
			}
			out[i].Of = append(out[i].Of, at)
		}
	}
}
