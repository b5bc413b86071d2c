package launch_test

import (
	"slices"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// median runs f b.N times and reports the median, which unlike the mean does
// not drift with whatever else the machine does.
func median(b *testing.B, f func()) {
	b.Helper()
	took := make([]time.Duration, 0, 1024)
	for b.Loop() {
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e6, "p50-ms")
}

// batch is 256 users and 20 places, each with a history of 20 items. The
// component chooses out of four items, so its own work is small.
func batch() sdk.RecommendRequest {
	r := sdk.RecommendRequest{K: 20, Purpose: sdk.PurposePage}
	for i := range int32(256) {
		r.Users = append(r.Users, i)
		r.History.Append(make([]int32, 20)...)
	}
	r.HistoryKinds = make([]uint8, len(r.History.Items))
	return r
}

// BenchmarkRecommendWire is one batch of 256 users x 20 places across the wire;
// beside it the same in process, and an empty call: the floor of any call.
func BenchmarkRecommendWire(b *testing.B) {
	r, req := fitted(b, "recommender", "popular"), batch()
	median(b, func() {
		if _, err := r.Recommend(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkRecommendInProcess(b *testing.B) {
	p, req := &popular{counts: make([]float32, 4)}, batch()
	median(b, func() {
		if _, err := p.Recommend(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkEmptyCall(b *testing.B) {
	c := start(b, "recommender")
	median(b, func() {
		if err := c.Health(b.Context()); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkStart is the time from nothing to the answer of Describe.
func BenchmarkStart(b *testing.B) {
	median(b, func() {
		c, err := launch.Start(b.Context(), launch.Config{Cmd: command("recommender")})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		c.Kill()
		b.StartTimer()
	})
}

// BenchmarkRead streams 100,000 rows of a number, a text and a list.
func BenchmarkRead(b *testing.B) {
	c, spec := configured(b, "dataset", "numbers", nil)
	d := c.Dataset(spec)
	median(b, func() {
		if err := d.Read(b.Context(), sdk.ReadRequest{Table: "interactions"}, func(sdk.Chunk) error { return nil }); err != nil {
			b.Fatal(err)
		}
	})
}
