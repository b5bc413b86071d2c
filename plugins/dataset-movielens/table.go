package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/alignuser/alignuser/plugins/internal/tabular"
	"github.com/alignuser/alignuser/sdk"
)

// tableRelease is a release whose files are plain tables: 1M, and the CSV layout
// that all later ones share.
type tableRelease struct {
	name, doc, homepage string
	folder              string // what the archive unpacks to
	ratings             int    // lines of ratings where the release is a fixed one, else 0
	tables              []sdk.TableSpec
	scale               sdk.Scale
	text                tabular.Text
	layout              func(duplicates string) tabular.Layout
	more                []sdk.OptionSpec

	path       string // empty: the release that was got
	get        fetcher
	duplicates string

	mu   sync.Mutex
	data *tabular.Data // read once, so that every Read sees what Prepare hashed
}

func new1M() sdk.Dataset {
	return &tableRelease{
		name:     "1m",
		doc:      "MovieLens 1M: 1,000,209 ratings from 1 to 5 by 6,040 users of 3,706 of 3,883 films, April 2000 to February 2003.",
		homepage: "https://grouplens.org/datasets/movielens/1m/",
		folder:   "ml-1m",
		ratings:  1000209,
		tables: tablesOf("ratings.dat",
			sdk.ColumnSpec{Name: "age", Type: sdk.ColumnI32, Unit: "years", Doc: "least of the age group; 1 stands for under 18"},
			sdk.ColumnSpec{Name: "gender", Type: sdk.ColumnStr, Doc: "M or F"},
			sdk.ColumnSpec{Name: "occupation", Type: sdk.ColumnStr, Doc: "one of 21 words"},
		),
		scale: sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2},
		text:  tabular.Text{Separator: "::", Latin1: true},
		layout: func(duplicates string) tabular.Layout {
			return tabular.Layout{
				Interactions: tabular.Interactions{File: "ratings.dat", User: "1", Item: "2", Value: "3", Time: "4"},
				Items:        tabular.Items{File: "movies.dat", ID: "1", Title: "2", Categories: "3", CategorySeparator: "|", YearInTitle: true},
				Users:        tabular.Users{File: "users.dat", ID: "1", Gender: "2", Age: "3", Occupation: "4", Occupations: occupations1M()},
				Duplicates:   duplicates,
			}
		},
	}
}

func newLatest() sdk.Dataset {
	return &tableRelease{
		name:     "latest",
		doc:      "The CSV layout of MovieLens latest, latest-small, 20M, 25M and 32M: ratings from 0.5 to 5 in half stars.",
		homepage: "https://grouplens.org/datasets/movielens/latest/",
		folder:   "ml-latest-small",
		tables:   tablesOf("ratings.csv"),
		scale:    sdk.Scale{Min: 0.5, Max: 5, Step: 0.5, LikeAt: 4, DislikeAt: 2},
		more: []sdk.OptionSpec{{
			Name: "release", Type: sdk.OptionEnum, Default: "latest-small", Choices: []string{"latest-small", "20m", "25m", "32m"}, Neutral: true,
			Doc: "Which release alignuser data get gets, and which is used where path is not given. The one that GroupLens calls latest changes, so it has no hash: unpack it and set path.",
		}},
		text: tabular.Text{Separator: ",", Quotes: true, Header: true},
		layout: func(duplicates string) tabular.Layout {
			return tabular.Layout{
				Interactions: tabular.Interactions{File: "ratings.csv", User: "userId", Item: "movieId", Value: "rating", Time: "timestamp"},
				Items: tabular.Items{
					File: "movies.csv", ID: "movieId", Title: "title", Categories: "genres", CategorySeparator: "|",
					NoCategory: "(no genres listed)", YearInTitle: true,
				},
				Duplicates: duplicates,
			}
		},
	}
}

// occupations1M are the words for the numbers of users.dat, from the release's
// README.
func occupations1M() []string {
	return []string{
		"other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
		"doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer",
		"retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman",
		"unemployed", "writer",
	}
}

func tablesOf(ratings string, attributes ...sdk.ColumnSpec) []sdk.TableSpec {
	uid := sdk.ColumnSpec{Name: "uid", Type: sdk.ColumnStr, Doc: "number of the user in the release"}
	return []sdk.TableSpec{
		{Name: sdk.TableUsers, Doc: "people, without their zip codes", Columns: append([]sdk.ColumnSpec{uid}, attributes...)},
		{Name: sdk.TableItems, Doc: "films", Columns: []sdk.ColumnSpec{
			{Name: "iid", Type: sdk.ColumnStr, Doc: "number of the film in the release"},
			{Name: "title", Type: sdk.ColumnStr, Doc: "as released, with the year"},
			{Name: "categories", Type: sdk.ColumnStr, List: true, Doc: "genres; none where the release lists none"},
			{Name: "year", Type: sdk.ColumnI32, Nullable: true, Doc: "from the title; -1 where it says none"},
		}},
		{Name: sdk.TableInteractions, Doc: "ratings, in the order of " + ratings, Columns: []sdk.ColumnSpec{
			{Name: "user", Type: sdk.ColumnI32, Doc: "row of users"},
			{Name: "item", Type: sdk.ColumnI32, Doc: "row of items"},
			{Name: "value", Type: sdk.ColumnF32, Unit: "stars"},
			{Name: "time", Type: sdk.ColumnI64, Unit: "s", Doc: "Unix time, UTC"},
		}},
	}
}

func (d *tableRelease) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindDataset,
		Name: d.name,
		Doc:  d.doc,
		Options: append(append([]sdk.OptionSpec{
			{
				Name: "path", Type: sdk.OptionPath, Neutral: true,
				Doc: fmt.Sprintf("The unpacked folder of the release, such as %s. Not given: what alignuser data get movielens %s got.", d.folder, d.name),
			},
			{
				Name: "duplicates", Type: sdk.OptionEnum, Default: "refuse", Choices: []string{"refuse", "last"},
				Doc: "What to do where a user rated a film twice, which the releases never have: refuse the file, or keep the latest rating (of equal times, the later line).",
			},
		}, d.more...), fetchOptions()...),
		Needs:       sdk.Needs{Network: network},
		Determinism: sdk.DeterminismBitwise,
		Tables:      d.tables,
		License:     license,
		Citation:    citation,
		Homepage:    d.homepage,
	}
}

func (d *tableRelease) Configure(_ context.Context, c sdk.Config) error {
	d.path, d.duplicates = pathOf(c.Options), c.Options.String("duplicates")
	word, release := d.name, d.name
	if c.Options.Has("release") {
		release = c.Options.String("release")
		word += " --set release=" + release
	}
	d.get = fetcherOf(release, word, c.Options)
	return nil
}

// Prepare reads and checks all files; their hashes are the identity of the data.
func (d *tableRelease) Prepare(ctx context.Context, q sdk.PrepareRequest, emit sdk.Emit) (sdk.PrepareResult, error) {
	if d.path == "" {
		var err error
		if d.path, err = d.get.with(q, emit).fetched(ctx); err != nil {
			return sdk.PrepareResult{}, err
		}
	}
	data, err := d.load(ctx, emit)
	if err != nil {
		return sdk.PrepareResult{}, err
	}
	if x, _ := data.Table(sdk.TableInteractions); d.ratings > 0 && x.Rows() != d.ratings && emit != nil {
		emit(sdk.Warning{Diagnostic: sdk.Diagnostic{
			Severity: sdk.SeverityWarning, Option: "path",
			Summary: fmt.Sprintf("%d ratings, the release has %d: the file may be cut short", x.Rows(), d.ratings),
		}})
	}
	scale := d.scale
	return sdk.PrepareResult{Sources: data.Sources, Version: d.name, License: license, Citation: citation, Scale: &scale}, nil
}

func (d *tableRelease) Read(ctx context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	data, err := d.load(ctx, nil)
	if err != nil {
		return err
	}
	t, ok := data.Table(r.Table)
	if !ok {
		return sdk.Invalidf("", "there is no table %q: this release has users, items and interactions", r.Table)
	}
	return sdk.Cut(t, r.Columns, func(c sdk.Chunk) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return yield(c)
	})
}

// load reads the folder once.
func (d *tableRelease) load(ctx context.Context, emit sdk.Emit) (*tabular.Data, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.data != nil {
		return d.data, nil
	}
	l := d.layout(d.duplicates)
	get := fmt.Sprintf("get it with alignuser data get movielens %s, or download the release from %s, unpack it, and set path to its folder", d.get.word, d.homepage)
	info, err := os.Stat(d.path)
	if err != nil || !info.IsDir() {
		return nil, sdk.Invalidf("path", "%s: there is no such folder: %s", d.path, get)
	}
	inner := filepath.Join(d.path, d.folder)
	if !exists(filepath.Join(d.path, l.Interactions.File)) && exists(filepath.Join(inner, l.Interactions.File)) {
		return nil, sdk.Invalidf("path", "%s holds no %s, its folder %s does: set path to %s", d.path, l.Interactions.File, d.folder, inner)
	}
	l.Open = func(file string) (tabular.Rows, error) { return tabular.Open(d.path, file, d.text) }
	l.Scale, l.Remedy = &d.scale, get
	d.data, err = tabular.Load(ctx, l, emit)
	return d.data, err
}
