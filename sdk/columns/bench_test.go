package columns_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// BenchmarkOpenMillion opens 1,000,000 interactions, as a plugin does, and
// touches every value.
func BenchmarkOpenMillion(b *testing.B) {
	const n = 1_000_000
	user, item, value, at := make([]int32, n), make([]int32, n), make([]float32, n), make([]int64, n)
	for i := range user {
		user[i], item[i], value[i], at[i] = int32(i%6040), int32(i%3706), float32(i%5), int64(i)
	}
	ref, err := columns.Write(filepath.Join(b.TempDir(), "train"), columns.Meta{Users: 6040, Items: 3706}, sdk.Table{
		Name: "interactions", Columns: []sdk.Column{
			{Name: "user", Data: user}, {Name: "item", Data: item}, {Name: "value", Data: value}, {Name: "time", Data: at},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		f, err := columns.Open(ref)
		if err != nil {
			b.Fatal(err)
		}
		x, err := f.Interactions("interactions")
		if err != nil {
			b.Fatal(err)
		}
		sum := int64(0)
		for i := range x.User {
			sum += int64(x.User[i]) + int64(x.Item[i]) + int64(x.Value[i]) + x.Time[i]
		}
		if err := f.Close(); err != nil || sum == 0 {
			b.Fatal(sum, err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e6, "p50-ms")
}
