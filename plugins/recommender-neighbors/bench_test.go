package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

// ratings is MovieLens 1M beside the repository: UserID::MovieID::Rating.
const ratings = "../../../shared/data/ml-1m/ratings_uir.dat"

// million gives MovieLens 1M as a training folder, with dense ids in order of
// appearance, and skips where the data is not.
func million(b *testing.B) (data sdk.DataRef, users int) {
	b.Helper()
	f, err := os.Open(ratings)
	if err != nil {
		b.Skipf("%v", err)
	}
	defer f.Close()
	var rows []densetest.Row
	userIDs, itemIDs := map[int]int32{}, map[int]int32{}
	dense := func(ids map[int]int32, id int) int32 {
		if _, ok := ids[id]; !ok {
			ids[id] = int32(len(ids))
		}
		return ids[id]
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var user, item, value int
		if _, err := fmt.Sscanf(lines.Text(), "%d::%d::%d", &user, &item, &value); err != nil {
			b.Fatal(err)
		}
		rows = append(rows, densetest.Row{User: dense(userIDs, user), Item: dense(itemIDs, item), Value: float32(value)})
	}
	return densetest.Folder(b, len(userIDs), len(itemIDs), rows...), len(userIDs)
}

// BenchmarkFitMillion fits every component on MovieLens 1M, 3,706 items.
func BenchmarkFitMillion(b *testing.B) {
	data, _ := million(b)
	for _, make := range all() {
		c := densetest.Configured(b, make(), 0, nil)
		b.Run(c.Spec().Name, func(b *testing.B) {
			for b.Loop() {
				result, err := c.Fit(context.Background(), sdk.FitRequest{Data: data, Seed: 1}, nil)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(result.Parameters), "weights")
			}
		})
	}
}

// BenchmarkRecommendMillion ranks 20 items for 256 users at a time.
func BenchmarkRecommendMillion(b *testing.B) {
	data, users := million(b)
	for _, make := range all() {
		c := make()
		b.Run(c.Spec().Name, func(b *testing.B) {
			densetest.Fitted(b, c, data, nil)
			r := sdk.RecommendRequest{K: 20, Purpose: sdk.PurposeRanking, Seed: 1}
			for n := range 256 {
				r.Users = append(r.Users, int32(n*users/256))
			}
			b.ResetTimer()
			for range b.N {
				if _, err := c.Recommend(context.Background(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
