package main

import (
	"context"
	"sync"

	"github.com/alignuser/alignuser/sdk"
)

const (
	license  = "GroupLens usage licence: research use, citation required, no redistribution, no commercial use without permission"
	citation = "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. ACM Transactions on Interactive Intelligent Systems 5(4), Article 19. https://doi.org/10.1145/2827872"
	homepage = "https://grouplens.org/datasets/movielens/100k/"
)

// ml100k is the MovieLens 100K release of 1998.
type ml100k struct {
	path     string // empty: the release that was got
	get      fetcher
	keepLast bool
	fold     string // "none", or the name before .base and .test

	mu   sync.Mutex
	data *release // read once, so that every Read sees what Prepare hashed
}

func new100K() sdk.Dataset { return &ml100k{} }

func (d *ml100k) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindDataset,
		Name: "100k",
		Doc:  "MovieLens 100K: 100,000 ratings from 1 to 5 by 943 users of 1,682 films, September 1997 to April 1998.",
		Options: append([]sdk.OptionSpec{
			{
				Name: "path", Type: sdk.OptionPath, Neutral: true,
				Doc: "The unpacked folder ml-100k, which holds u.data, u.item, u.user, u.genre and u.occupation. Not given: what alignuser data get movielens 100k got.",
			},
			{
				Name: "duplicates", Type: sdk.OptionEnum, Default: "refuse", Choices: []string{"refuse", "last"},
				Doc: "What to do where a user rated a film twice, which the release never has: refuse the file, or keep the latest rating (of equal times, the later line).",
			},
			{
				Name: "fold", Type: sdk.OptionEnum, Default: noFold, Choices: []string{noFold, "u1", "u2", "u3", "u4", "u5", "ua", "ub"},
				Doc: "One of the release's own divisions, for split.method = \"given\": u1 tests what u1.test holds and trains on u1.base, and so on.",
			},
		}, fetchOptions()...),
		Needs:       sdk.Needs{Network: network},
		Determinism: sdk.DeterminismBitwise,
		Tables:      tableSpecs(),
		License:     license,
		Citation:    citation,
		Homepage:    homepage,
	}
}

func tableSpecs() []sdk.TableSpec {
	return []sdk.TableSpec{
		{Name: sdk.TableUsers, Doc: "people, without their zip codes", Rows: 943, Columns: []sdk.ColumnSpec{
			{Name: "uid", Type: sdk.ColumnStr, Doc: "number of the user in the release"},
			{Name: "age", Type: sdk.ColumnI32, Unit: "years"},
			{Name: "gender", Type: sdk.ColumnStr, Doc: "M or F"},
			{Name: "occupation", Type: sdk.ColumnStr, Doc: "one of u.occupation"},
		}},
		{Name: sdk.TableItems, Doc: "films", Rows: 1682, Columns: []sdk.ColumnSpec{
			{Name: "iid", Type: sdk.ColumnStr, Doc: "number of the film in the release"},
			{Name: "title", Type: sdk.ColumnStr, Doc: "as released, with the year; 18 titles occur twice"},
			{Name: "categories", Type: sdk.ColumnStr, List: true, Doc: "genres; none where the release says unknown"},
			{Name: "year", Type: sdk.ColumnI32, Nullable: true, Doc: "from the title, else from the release date; -1 where neither says"},
		}},
		{Name: sdk.TableInteractions, Doc: "ratings, in the order of u.data", Rows: 100000, Columns: []sdk.ColumnSpec{
			{Name: "user", Type: sdk.ColumnI32, Doc: "row of users"},
			{Name: "item", Type: sdk.ColumnI32, Doc: "row of items"},
			{Name: "value", Type: sdk.ColumnF32, Unit: "stars", Doc: "1 to 5"},
			{Name: "time", Type: sdk.ColumnI64, Unit: "s", Doc: "Unix time, UTC"},
			{Name: "part", Type: sdk.ColumnU8, Nullable: true, Doc: "0: in the base of the fold, 2: in its test; absent without a fold"},
		}},
	}
}

func (d *ml100k) Configure(_ context.Context, c sdk.Config) error {
	d.path, d.get = pathOf(c.Options), fetcherOf("100k", "100k", c.Options)
	d.keepLast = c.Options.String("duplicates") == "last"
	d.fold = c.Options.String("fold")
	return nil
}

// Prepare reads and checks all files. Its sources are their hashes, so the
// identity of the data is its content, wherever the folder lies.
func (d *ml100k) Prepare(ctx context.Context, q sdk.PrepareRequest, emit sdk.Emit) (sdk.PrepareResult, error) {
	if d.path == "" {
		var err error
		if d.path, err = d.get.with(q, emit).fetched(ctx); err != nil {
			return sdk.PrepareResult{}, err
		}
	}
	r, err := d.release(ctx, emit)
	if err != nil {
		return sdk.PrepareResult{}, err
	}
	return sdk.PrepareResult{
		Sources:  r.sources,
		Version:  "100k",
		License:  license,
		Citation: citation,
		Scale:    &sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2},
	}, nil
}

func (d *ml100k) Read(ctx context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	data, err := d.release(ctx, nil)
	if err != nil {
		return err
	}
	for _, t := range data.tables {
		if t.Name == r.Table {
			return sdk.Cut(t, r.Columns, func(c sdk.Chunk) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return yield(c)
			})
		}
	}
	return sdk.Invalidf("", "there is no table %q: this release has users, items and interactions", r.Table)
}

// release reads the folder once.
func (d *ml100k) release(ctx context.Context, emit sdk.Emit) (*release, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.data == nil {
		r, err := readRelease(ctx, d.path, d.keepLast, d.fold, emit)
		if err != nil {
			return nil, err
		}
		d.data = r
	}
	return d.data, nil
}
