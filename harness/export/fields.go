package export

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/alignuser/alignuser/sdk"
)

// file is one table as text: a header, and a field per column and row.
type file struct {
	name    string // without its ending
	columns []field
	rows    int
}

// field is one column as text.
type field struct {
	name  string
	kind  string // type of RecBole: token, token_seq, float
	extra string // column:type, for a column that is passed through
	text  func(row int) (string, error)
}

// text checks the fields of a row.
func (f file) text(row int, to []string) ([]string, error) {
	to = to[:0]
	for _, c := range f.columns {
		s, err := c.text(row)
		if err != nil {
			return nil, err
		}
		to = append(to, s)
	}
	return to, nil
}

// numbers that dataset-tabular accepts where a column has a meaning of its own.
const (
	maxAge    = 150
	maxYear   = 9999
	maxSecond = 7258118400 // the year 2200
)

// plainField gives a column by its type; most bounds what has a meaning of its own,
// 0 where nothing does.
func plainField(table string, c sdk.Column, most int32) (field, bool) {
	out := field{name: c.Name, kind: "float"}
	out.extra = c.Name + ":" + c.Type().String()
	switch d := c.Data.(type) {
	case []string:
		out.kind, out.extra = "token", c.Name
		out.text = func(row int) (string, error) { return d[row], nil }
	case []int32:
		out.text = func(row int) (string, error) {
			switch v := d[row]; {
			case v == -1:
				return "", nil
			case most > 0 && (v < 0 || v > most):
				return "", unfit(table, c.Name, row, "%d: want 0 to %d, or -1 for none", v, most)
			default:
				return strconv.Itoa(int(v)), nil
			}
		}
	case []int64:
		out.text = func(row int) (string, error) {
			if d[row] == sdk.MissingTime {
				return "", nil
			}
			return strconv.FormatInt(d[row], 10), nil
		}
	case []uint8:
		out.text = func(row int) (string, error) { return strconv.Itoa(int(d[row])), nil }
	case []float32:
		out.text = func(row int) (string, error) { return float(table, c.Name, row, float64(d[row]), 32) }
	case []float64:
		out.text = func(row int) (string, error) { return float(table, c.Name, row, d[row], 64) }
	default:
		return out, false
	}
	return out, c.Lists == nil
}

// float gives the shortest text that reads back as the same number.
func float(table, column string, row int, v float64, bits int) (string, error) {
	switch {
	case math.IsNaN(v):
		return "", nil
	case math.IsInf(v, 0):
		return "", unfit(table, column, row, "%v is no number", v)
	}
	return strconv.FormatFloat(v, 'g', -1, bits), nil
}

// known are the columns that have a meaning of their own, with the bound of whole
// numbers among them.
func known(table string) map[string]int32 {
	switch table {
	case sdk.TableUsers:
		return map[string]int32{"age": maxAge, "gender": 0, "occupation": 0}
	case sdk.TableItems:
		return map[string]int32{"title": 0, "categories": 0, "summary": 0, "year": maxYear}
	}
	return map[string]int32{"value": 0, "time": 0, "kind": 0}
}

// attributes makes a file of users or items. Separator joins categories.
func attributes(t sdk.Table, id, separator string) (file, error) {
	f := file{name: t.Name, rows: t.Rows()}
	for _, c := range t.Columns {
		most, meaning := known(t.Name)[c.Name]
		made, ok := plainField(t.Name, c, most)
		switch {
		case c.Name == "categories" && c.Lists != nil && c.Type() == sdk.ColumnStr:
			made = categories(c, separator)
		case !ok:
			return f, sdk.Invalidf("", "%s: column %s is a list of %s, which no format holds", t.Name, c.Name, c.Type())
		case meaning && c.Type() != wantedType(c.Name):
			return f, sdk.Invalidf("", "%s: column %s is %s, want %s", t.Name, c.Name, c.Type(), wantedType(c.Name))
		}
		if c.Name == id || meaning {
			made.extra = ""
		}
		if c.Name == "title" {
			titles := c.Data.([]string)
			made.text = func(row int) (string, error) { return titles[row], checkTitle(row, titles[row]) }
		}
		f.columns = append(f.columns, made)
	}
	return f, nil
}

func wantedType(column string) sdk.ColumnType {
	if column == "age" || column == "year" {
		return sdk.ColumnI32
	}
	return sdk.ColumnStr
}

// checkTitle refuses titles that are not read back as they are.
func checkTitle(row int, title string) error {
	if title != strings.TrimSpace(title) || strings.ContainsFunc(title, unicode.IsControl) {
		return unfit(sdk.TableItems, "title", row, "%q has blanks at an end or control characters", title)
	}
	return nil
}

// categories joins a list column.
func categories(c sdk.Column, separator string) field {
	names := c.Data.([]string)
	return field{name: c.Name, kind: "token_seq", text: func(row int) (string, error) {
		of := names[c.Lists[row]:c.Lists[row+1]]
		for _, name := range of {
			if name == "" || name != strings.TrimSpace(name) {
				return "", unfit(sdk.TableItems, c.Name, row, "%q is empty or has blanks at an end", name)
			}
		}
		return strings.Join(of, separator), nil
	}}
}

// separatorFor finds one of the candidates that no category contains.
func separatorFor(items sdk.Table, candidates ...string) (string, error) {
	c, ok := items.Column("categories")
	names, isText := c.Data.([]string)
	if !ok || !isText {
		return candidates[0], nil
	}
	for _, s := range candidates {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, s) }) {
			return s, nil
		}
	}
	return "", sdk.Invalidf("", "items: categories contain each of %q, so none can stand between two: rename some", candidates)
}

// events makes the file of interactions, with ids in the place of rows.
func events(s Source) (file, error) {
	f := file{name: "interactions", rows: s.Events.Rows()}
	for _, c := range s.Events.Columns {
		switch ids, meaning := known(s.Events.Name)[c.Name]; {
		case c.Name == "user":
			f.columns = append(f.columns, names(c, s.Users, "uid"))
		case c.Name == "item":
			f.columns = append(f.columns, names(c, s.Items, "iid"))
		case c.Name == "part": // the split says it
		case !meaning:
			return f, sdk.Invalidf("", "interactions: column %s has no meaning that could be written", c.Name)
		default:
			made, _ := plainField(s.Events.Name, c, ids)
			made.extra = ""
			if times, ok := c.Data.([]int64); ok {
				plain := made.text
				made.text = func(row int) (string, error) {
					if t := times[row]; t != sdk.MissingTime && (t > maxSecond || t < -maxSecond) {
						return "", unfit(s.Events.Name, c.Name, row, "%d is not in the years 1740 to 2200", t)
					}
					return plain(row)
				}
			}
			f.columns = append(f.columns, made)
		}
	}
	parts := []string{"train", "valid", "test"}
	f.columns = append(f.columns, field{name: "part", kind: "token", text: func(row int) (string, error) { return parts[s.Parts[row]], nil }})
	return f, nil
}

func names(c sdk.Column, of sdk.Table, id string) field {
	ids, rows := c.Data.([]int32), []string(nil)
	if col, ok := of.Column(id); ok {
		rows, _ = col.Data.([]string)
	}
	return field{name: c.Name, kind: "token", text: func(row int) (string, error) { return rows[ids[row]], nil }}
}
