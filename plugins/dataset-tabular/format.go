package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/plugins/internal/tabular"
	"github.com/alignuser/alignuser/sdk"
)

// format is what differs between the components.
type format struct {
	name, doc string
	options   []sdk.OptionSpec // beside the shared ones
	defaults  map[string]any   // of shared options
	open      func(o sdk.Options, dir, file string) (tabular.Rows, error)
	find      func(dir string, o sdk.Options) error // fills in files that were not named
	check     func(o sdk.Options) []sdk.Diagnostic
}

func csvFormat() format {
	return format{
		name: "csv",
		doc:  "Separated text: CSV, TSV, or any other separator such as \"::\"; plain, gzip or zstd.",
		options: []sdk.OptionSpec{
			{
				Name: "separator", Type: sdk.OptionString, Default: ",",
				Doc: `What stands between two fields, one character or several: ",", "\t", "::".`,
			},
			{
				Name: "header", Type: sdk.OptionBool, Default: true,
				Doc: "Whether the first line of each file names the columns. Without, columns are \"1\", \"2\" and so on.",
			},
			{
				Name: "quotes", Type: sdk.OptionBool,
				Doc: `Whether fields may be "quoted", as in CSV. Not given: yes where the separator is one character other than a tab.`,
			},
			{
				Name: "encoding", Type: sdk.OptionEnum, Default: "utf-8", Choices: []string{"utf-8", "latin-1"},
				Doc: "Encoding of all files; latin-1 is ISO-8859-1.",
			},
		},
		open: func(o sdk.Options, dir, file string) (tabular.Rows, error) {
			separator := o.String("separator")
			quotes := len(separator) == 1 && separator != "\t"
			if o.Has("quotes") {
				quotes = o.Bool("quotes")
			}
			return tabular.Open(dir, file, tabular.Text{
				Separator: separator, Quotes: quotes, Header: o.Bool("header"), Latin1: o.String("encoding") == "latin-1",
			})
		},
		check: func(o sdk.Options) []sdk.Diagnostic {
			if s := o.String("separator"); s == "" || len(s) > 16 || strings.ContainsAny(s, "\"\r\n\x00") {
				return []sdk.Diagnostic{refuse("separator", `%q: want 1 to 16 bytes without quotes and line ends, such as "," or "::"`, s)}
			}
			return nil
		},
	}
}

func recboleFormat() format {
	return format{
		name: "recbole",
		doc:  "RecBole atomic files: name.inter, and where they are there name.item and name.user; plain, gzip or zstd.",
		defaults: map[string]any{
			"user": "user_id", "item": "item_id", "item-id": "item_id", "user-id": "user_id", "category-separator": " ",
		},
		open: func(_ sdk.Options, dir, file string) (tabular.Rows, error) {
			return tabular.Open(dir, file, tabular.Text{Separator: "\t", RecBole: true})
		},
		find: findAtomic,
	}
}

// findAtomic names the atomic files of a folder after its only .inter.
func findAtomic(dir string, o sdk.Options) error {
	packs := []string{"", ".gz", ".zst"}
	if !o.Has("interactions") {
		var found []string
		entries, err := os.ReadDir(dir)
		if err != nil {
			return sdk.Invalidf("path", "%v", err)
		}
		for _, e := range entries {
			for _, pack := range packs {
				if strings.HasSuffix(e.Name(), ".inter"+pack) {
					found = append(found, e.Name())
				}
			}
		}
		switch len(found) {
		case 0:
			return sdk.Invalidf("path", "%s holds no .inter file: set path to the folder of the atomic files", dir)
		case 1:
			o["interactions"] = found[0]
		default:
			return sdk.Invalidf("interactions", "%s holds %s: name one of them", dir, strings.Join(found, ", "))
		}
	}
	stem, _, _ := strings.Cut(o.String("interactions"), ".inter")
	for option, ending := range map[string]string{"items": ".item", "users": ".user"} {
		for _, pack := range packs {
			name := stem + ending + pack
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil && !o.Has(option) {
				o[option] = name
			}
		}
	}
	return nil
}

func parquetFormat() format {
	return format{
		name: "parquet",
		doc:  "Parquet files, flat columns and lists; plain, gzip or zstd.",
		open: func(o sdk.Options, dir, file string) (tabular.Rows, error) {
			return tabular.OpenParquet(dir, file, o.String("category-separator"))
		},
	}
}
