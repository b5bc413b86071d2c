package tabular

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// A Layout says where in which files users, items and interactions are. Columns
// are named by their header or by position from "1"; empty means that there is
// none.
type Layout struct {
	Open         func(file string) (Rows, error)
	Interactions Interactions
	Items        Items
	Users        Users
	Scale        *sdk.Scale // nil exactly where Interactions.Value is empty
	Duplicates   string     // Refuse, Last or First
	KeepUnknown  bool       // ids that the files of users and items lack become rows without attributes
	Remedy       string     // what to do about damage, such as where to get the files
}

// Interactions maps the file of interactions.
type Interactions struct {
	File                          string
	User, Item, Value, Time, Kind string
	PerSecond                     int64    // units of Time; 0 is 1
	Kinds                         []string // words of Kind by number; none: Kind holds numbers
	Part                          string   // train, valid or test, or 0, 1, 2: the owner's own split
}

// Items maps the file of items. Without a file, the items are those of the
// interactions, in order of appearance, without titles.
type Items struct {
	File                                 string
	ID, Title, Categories, Year, Summary string
	CategorySeparator                    string
	NoCategory                           string // a category that says there is none
	YearInTitle                          bool   // the year is the last (1999) of the title
	Extra                                []Extra
}

// Users maps the file of users. Without a file, the users are those of the
// interactions, in order of appearance.
type Users struct {
	File                        string
	ID, Age, Gender, Occupation string
	Occupations                 []string // words of Occupation by number; none: as written
	Extra                       []Extra
}

// Tables declares what Load gives, in its order. Nullable columns of a kind that
// a layout does not map are left out.
func Tables() []sdk.TableSpec {
	return []sdk.TableSpec{
		{Name: sdk.TableUsers, Doc: "users, in the order of their file or of their first interaction", Columns: []sdk.ColumnSpec{
			{Name: "uid", Type: sdk.ColumnStr, Doc: "id as written"},
			{Name: "age", Type: sdk.ColumnI32, Nullable: true, Unit: "years", Doc: "as written; -1: missing"},
			{Name: "gender", Type: sdk.ColumnStr, Nullable: true, Doc: "as written"},
			{Name: "occupation", Type: sdk.ColumnStr, Nullable: true, Doc: "as written"},
		}},
		{Name: sdk.TableItems, Doc: "items, in the order of their file or of their first interaction", Columns: []sdk.ColumnSpec{
			{Name: "iid", Type: sdk.ColumnStr, Doc: "id as written"},
			{Name: "title", Type: sdk.ColumnStr, Nullable: true, Doc: "as written; empty: missing"},
			{Name: "categories", Type: sdk.ColumnStr, List: true, Nullable: true},
			{Name: "summary", Type: sdk.ColumnStr, Nullable: true},
			{Name: "year", Type: sdk.ColumnI32, Nullable: true, Doc: "-1: missing"},
		}},
		{Name: sdk.TableInteractions, Doc: "interactions, in the order of their file", Columns: []sdk.ColumnSpec{
			{Name: "user", Type: sdk.ColumnI32, Doc: "row of users"},
			{Name: "item", Type: sdk.ColumnI32, Doc: "row of items"},
			{Name: "value", Type: sdk.ColumnF32, Nullable: true, Doc: "on the scale of the options; NaN: missing"},
			{Name: "time", Type: sdk.ColumnI64, Nullable: true, Unit: "s", Doc: "Unix time, UTC; fractions are cut off"},
			{Name: "kind", Type: sdk.ColumnU8, Nullable: true, Doc: "number in the option kinds, or as written"},
			{Name: "part", Type: sdk.ColumnU8, Nullable: true, Doc: "the owner's split: 0 training, 1 validation, 2 test"},
		}},
	}
}

// Find gives the place of a column by its name or its position from "1", -1
// where none is wanted. Option is the one to blame where there is no such
// column, list says whether several words are welcome, and width is the number
// of columns.
func Find(rows Rows, file, option, want string, list bool, width int) (int, error) {
	at, err := column(rows, file, option, want, width)
	if err != nil || at < 0 {
		return at, err
	}
	if why := rows.Refuses(at, list); why != "" {
		return 0, sdk.Invalidf(option, "column %q of %s is %s", want, file, why)
	}
	return at, nil
}

// column finds a mapped column, whatever it holds.
func column(rows Rows, file, option, want string, width int) (int, error) {
	if want == "" {
		return -1, nil
	}
	names := rows.Columns()
	if i := slices.Index(names, want); i >= 0 {
		return i, nil
	}
	if n, err := strconv.Atoi(want); err == nil && n >= 1 {
		if n > width {
			return 0, sdk.Invalidf(option, "%s has %s, not %d", file, count(width, "column"), n)
		}
		return n - 1, nil
	}
	if names == nil {
		return 0, sdk.Invalidf(option, "%q: %s has no header: name columns by position, \"1\" to \"%d\", or set header = true", want, file, width)
	}
	hint := "it has " + strings.Join(names, ", ")
	if len(names) == 1 {
		hint = fmt.Sprintf("its only one is %q: is separator right?", names[0])
	} else if near := sdk.Nearest(want, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return 0, sdk.Invalidf(option, "%s has no column %q (%s)", file, want, hint)
}
