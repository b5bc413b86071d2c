package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/plugins/internal/tabular"
	"github.com/alignuser/alignuser/sdk"
)

const positions = "A column is its name in the header or its position from \"1\"."

// sharedOptions are what all formats have. Defaults of the format go in last.
func sharedOptions(f format) []sdk.OptionSpec {
	text := func(name, doc string) sdk.OptionSpec {
		return sdk.OptionSpec{Name: name, Type: sdk.OptionString, Doc: doc}
	}
	number := func(name, doc string) sdk.OptionSpec {
		return sdk.OptionSpec{Name: name, Type: sdk.OptionFloat, Doc: doc}
	}
	specs := []sdk.OptionSpec{
		{
			Name: "path", Type: sdk.OptionPath, Required: true, Neutral: true,
			Doc: "The folder that holds the files, or the file of interactions itself.",
		},
		text("interactions", "File of interactions in that folder, such as ratings.csv or ratings.csv.gz; not needed where path is the file."),
		{Name: "user", Type: sdk.OptionString, Required: true, Doc: "Column of user ids in the interactions. " + positions},
		{Name: "item", Type: sdk.OptionString, Required: true, Doc: "Column of item ids in the interactions."},
		text("value", "Column of values, such as ratings. Without, the data is implicit. Empty fields are missing values."),
		number("value-min", "Least value of the scale; required with value."),
		number("value-max", "Greatest value of the scale; required with value."),
		{Name: "value-step", Type: sdk.OptionFloat, Default: 0.0, Min: sdk.Bound(0), Doc: "Distance of two neighbours on the scale; 0: any value between."},
		number("like-at", "From this value on something counts as liked; required with value."),
		number("dislike-at", "Up to this value something counts as disliked; required with value."),
		text("time", "Column of times, numbers since 1970 in UTC. Without, only splits that need no time work. Empty fields are missing times."),
		{
			Name: "time-unit", Type: sdk.OptionEnum, Default: "s", Choices: []string{"s", "ms", "us", "ns"},
			Doc: "Unit of times that are numbers. Timestamps and dates of Parquet know theirs.",
		},
		text("kind", "Column of kinds of interaction, whole numbers or the words of kinds."),
		{Name: "kinds", Type: sdk.OptionList, Element: sdk.OptionString, Doc: "Words of kind; the first is 0."},
		text("part", "Column with the owner's own split, for split.method = \"given\": train, valid, test, or 0, 1, 2."),
		{
			Name: "duplicates", Type: sdk.OptionEnum, Default: tabular.Refuse, Choices: []string{tabular.Refuse, tabular.Last, tabular.First},
			Doc: "What to do where a user met an item more than once: refuse the file, or keep the last or the first interaction in time (of equal times, or without any, in the order of lines). The number dropped is reported.",
		},
		{
			Name: "unknown-ids", Type: sdk.OptionEnum, Default: "refuse", Choices: []string{"refuse", "keep"},
			Doc: "What to do with ids that the files of items or users lack: refuse the file, or keep them without attributes. Their number is reported.",
		},
		text("items", "File of items in the folder. Without, items are those of the interactions and have no titles."),
		{Name: "item-id", Type: sdk.OptionString, Default: "1", Doc: "Column of ids in the file of items."},
		text("title", "Column of titles in the file of items."),
		text("categories", "Column of categories in the file of items."),
		{Name: "category-separator", Type: sdk.OptionString, Default: "|", Doc: "What stands between two categories; empty: there is one at most."},
		text("no-category", "A category that says that there is none, such as \"(no genres listed)\"."),
		text("year", "Column of years in the file of items."),
		{Name: "year-in-title", Type: sdk.OptionBool, Default: false, Doc: "Take the year from titles such as \"Some Film (1999)\", which stay as they are."},
		text("summary", "Column of summaries in the file of items."),
		{Name: "item-attributes", Type: sdk.OptionList, Element: sdk.OptionString, Doc: attributes("items")},
		text("users", "File of users in the folder. Without, users are those of the interactions."),
		{Name: "user-id", Type: sdk.OptionString, Default: "1", Doc: "Column of ids in the file of users."},
		text("age", "Column of ages in the file of users, whole numbers."),
		text("gender", "Column of genders in the file of users."),
		text("occupation", "Column of occupations in the file of users."),
		{Name: "user-attributes", Type: sdk.OptionList, Element: sdk.OptionString, Doc: attributes("users")},
		{Name: "planted", Type: sdk.OptionBool, Default: false, Doc: "Whether the data was generated from a model of people: tables then say so."},
		{Name: "version", Type: sdk.OptionString, Default: "unnamed", Doc: "What the data is called, for reports."},
		{Name: "license", Type: sdk.OptionString, Default: "not stated", Neutral: true, Doc: "The licence that the data is under, for reports."},
		{Name: "citation", Type: sdk.OptionString, Default: "", Neutral: true, Doc: "What to cite, for reports."},
	}
	for i, s := range specs {
		if d, ok := f.defaults[s.Name]; ok {
			specs[i].Default, specs[i].Required = d, false
		}
	}
	return append(specs, f.options...)
}

func attributes(of string) string {
	return "Further columns of the file of " + of + ", passed on under their names: \"column\" for text, or \"column:type\" with type i32, i64, f32, f64, u8 or str. Empty fields are missing values."
}

// extras reads the further columns of a file.
func extras(o sdk.Options, option string) (out []tabular.Extra, err error) {
	if !o.Has(option) {
		return nil, nil
	}
	for _, v := range o[option].([]any) { // canonical
		x, err := tabular.ParseExtra(v.(string))
		if err != nil {
			return nil, err
		}
		if slices.Contains(taken(), x.Column) || slices.ContainsFunc(out, func(o tabular.Extra) bool { return o.Column == x.Column }) {
			return nil, fmt.Errorf("%q: the name is taken: give the column another in the file", x.Column)
		}
		out = append(out, x)
	}
	return out, nil
}

// taken are the names of columns that have options of their own.
func taken() []string {
	return []string{"uid", "age", "gender", "occupation", "iid", "title", "categories", "summary", "year"}
}

// attributesWithoutFile refuses columns of files that are not named.
func attributesWithoutFile(o sdk.Options) (ds []sdk.Diagnostic) {
	for file, columns := range map[string][]string{
		"items": {"title", "categories", "year", "summary", "item-attributes"}, "users": {"age", "gender", "occupation", "user-attributes"},
	} {
		for _, column := range columns {
			if o.Has(column) && !o.Has(file) {
				ds = append(ds, refuse(column, "has no effect without a file of %s: name it", file))
			}
		}
	}
	slices.SortFunc(ds, func(a, b sdk.Diagnostic) int { return strings.Compare(a.Option, b.Option) })
	return ds
}

func refuse(option, format string, args ...any) sdk.Diagnostic {
	return sdk.Diagnostic{Severity: sdk.SeverityError, Option: option, Summary: fmt.Sprintf(format, args...)}
}

// checkOptions holds options to rules that no single one can express.
func checkOptions(f format, o sdk.Options) []sdk.Diagnostic {
	var ds []sdk.Diagnostic
	for _, name := range []string{"value-min", "value-max", "like-at", "dislike-at"} {
		switch {
		case o.Has("value") && !o.Has(name):
			ds = append(ds, refuse(name, "required where value is given: a scale is never guessed"))
		case !o.Has("value") && o.Has(name):
			ds = append(ds, refuse(name, "there is no value: name its column, or leave this out for implicit data"))
		}
	}
	if len(ds) == 0 && o.Has("value") {
		low, high, like, dislike := o.Float("value-min"), o.Float("value-max"), o.Float("like-at"), o.Float("dislike-at")
		if !(low < high && low <= dislike && dislike < like && like <= high) {
			ds = append(ds, refuse("value-min", "want value-min <= dislike-at < like-at <= value-max, and value-min < value-max"))
		}
	}
	if f.find == nil {
		ds = append(ds, attributesWithoutFile(o)...)
	}
	if o.Has("kinds") && !o.Has("kind") {
		ds = append(ds, refuse("kinds", "has no effect without kind: name its column"))
	}
	if o.Has("year") && o.Bool("year-in-title") {
		ds = append(ds, refuse("year-in-title", "year is given too: leave one of them out"))
	}
	if o.Bool("year-in-title") && !o.Has("title") {
		ds = append(ds, refuse("year-in-title", "there is no title: name its column"))
	}
	for _, option := range []string{"item-attributes", "user-attributes"} {
		if _, err := extras(o, option); err != nil {
			ds = append(ds, refuse(option, "%v", err))
		}
	}
	if f.check != nil {
		ds = append(ds, f.check(o)...)
	}
	return ds
}
