package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/plugins/internal/tabular"
	"github.com/alignuser/alignuser/sdk"
)

// Values of the option format.
const (
	formatAuto    = "auto"
	formatCSV     = "csv"
	formatTSV     = "tsv"
	formatJSONL   = "jsonl"
	formatParquet = "parquet"
)

// fileOptions are what all components have; own go between.
func fileOptions(own ...sdk.OptionSpec) []sdk.OptionSpec {
	specs := append([]sdk.OptionSpec{
		{Name: "path", Type: sdk.OptionPath, Required: true, Doc: "The file. Its content counts in the identity of a run."},
		{
			Name: "format", Type: sdk.OptionEnum, Default: formatAuto, Choices: []string{formatAuto, formatCSV, formatTSV, formatJSONL, formatParquet},
			Doc: "How the file is written; auto goes by its name: .csv, .tsv, .jsonl or .ndjson, .parquet, each also with .gz or .zst behind.",
		},
		{Name: "separator", Type: sdk.OptionString, Doc: `What stands between two fields of csv and tsv, where it is neither "," nor a tab.`},
		{Name: "header", Type: sdk.OptionBool, Default: true, Doc: `Whether the first line of csv and tsv names the columns. Without, columns are "1", "2" and so on.`},
		{Name: "user", Type: sdk.OptionString, Default: "user", Doc: "Column or key of user ids, as in the data set's own files."},
		{Name: "item", Type: sdk.OptionString, Default: "item", Doc: "Column or key of item ids, as in the data set's own files. In Parquet and JSON lines it may be a list, one row for each user."},
	}, own...)
	return append(specs, sdk.OptionSpec{
		Name: "strict", Type: sdk.OptionBool, Default: false,
		Doc: "Refuse the file where it does not fit the data, instead of counting: unknown ids, pairs named twice, rows without a number, users without any row, and what the component adds to these.",
	})
}

// checkFile holds options to what no single one can express.
func checkFile(o sdk.Options) (ds []sdk.Diagnostic) {
	format, err := formatOf(o)
	if err != nil {
		return []sdk.Diagnostic{refuse("format", "%s", err.Error())}
	}
	text := format == formatCSV || format == formatTSV
	if o.Has("separator") {
		s := o.String("separator")
		switch {
		case !text:
			ds = append(ds, refuse("separator", "has no effect on %s: leave it out", format))
		case s == "" || len(s) > 16 || strings.ContainsAny(s, "\"\r\n\x00"):
			ds = append(ds, refuse("separator", `%q: want 1 to 16 bytes without quotes and line ends, such as ";"`, s))
		}
	}
	if !o.Bool("header") && !text {
		ds = append(ds, refuse("header", "has no effect on %s: leave it out", format))
	}
	return ds
}

func refuse(option, format string, args ...any) sdk.Diagnostic {
	return sdk.Diagnostic{Severity: sdk.SeverityError, Option: option, Summary: fmt.Sprintf(format, args...)}
}

// formatOf gives the format that was named, or that the name of the file tells.
func formatOf(o sdk.Options) (string, error) {
	if f := o.String("format"); f != formatAuto {
		return f, nil
	}
	name := strings.ToLower(filepath.Base(o.String("path")))
	stem := strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	switch filepath.Ext(stem) {
	case ".csv":
		return formatCSV, nil
	case ".tsv":
		return formatTSV, nil
	case ".jsonl", ".ndjson":
		return formatJSONL, nil
	case ".parquet", ".pq":
		return formatParquet, nil
	}
	return "", fmt.Errorf("the name %q does not tell: set format to csv, tsv, jsonl or parquet", filepath.Base(o.String("path")))
}

// listMark parts the elements of lists inside a field. It is a control character
// meant for this, which no id holds.
const listMark = "\x1f"

// openFile opens the file of the options for the columns wanted.
func openFile(o sdk.Options, wanted []string) (rows tabular.Rows, name string, err error) {
	format, err := formatOf(o)
	if err != nil {
		return nil, "", sdk.Invalidf("format", "%s", err.Error())
	}
	dir, name := filepath.Split(o.String("path"))
	switch format {
	case formatParquet:
		rows, err = tabular.OpenParquet(dir, name, listMark)
	case formatJSONL:
		rows, err = tabular.OpenLines(dir, name, listMark, wanted)
	default:
		separator := map[string]string{formatCSV: ",", formatTSV: "\t"}[format]
		if o.Has("separator") {
			separator = o.String("separator")
		}
		rows, err = tabular.Open(dir, name, tabular.Text{
			Separator: separator, Quotes: len(separator) == 1 && separator != "\t", Header: o.Bool("header"),
		})
	}
	return rows, name, err
}
