package sdk_test

import (
	"errors"
	"fmt"

	"github.com/alignuser/alignuser/sdk"
)

func ExampleCanonical() {
	declared := []sdk.OptionSpec{
		{Name: "neighbors", Type: sdk.OptionInt, Default: int64(50), Min: sdk.Bound(1)},
		{Name: "shrink", Type: sdk.OptionFloat, Default: 10.0},
	}
	o, _ := sdk.Canonical(declared, sdk.Options{"shrink": int64(5)})
	fmt.Println(o.Int("neighbors"), o.Float("shrink"))
	_, ds := sdk.Canonical(declared, sdk.Options{"neighbours": int64(5)})
	fmt.Println(ds[0].Option, "-", ds[0].Summary)
	// Output:
	// 50 5
	// neighbours - unknown option (did you mean neighbors?)
}

func ExampleNearest() {
	fmt.Println(sdk.Nearest("recomender", []string{"recommender", "dataset", "llm"}))
	// Output: recommender
}

func ExampleRanker() {
	// Four items and two users; the first has already seen item 2, and items 0
	// and 3 have equal scores, so the hash of the seed orders them.
	r := sdk.RecommendRequest{Users: []int32{0, 1}, K: 3, Seed: 1}
	r.Exclude.Append(2)
	r.Exclude.Append()
	reply := sdk.NewReply(len(r.Users), r.K)
	var ranker sdk.Ranker
	for i := range r.Users {
		ranker.Fill(&reply, &r, i, []float32{0.5, 0.1, 0.9, 0.5})
	}
	fmt.Println(reply.Counts)
	fmt.Println(reply.Items[:3], reply.Items[3:])
	fmt.Println(reply.Scores[:3])
	// Output:
	// [3 3]
	// [0 3 1] [2 0 3]
	// [0.5 0.5 0.1]
}

func ExampleRagged() {
	var r sdk.Ragged
	r.Append(7, 8)
	r.Append()
	r.Append(9)
	fmt.Println(r.Offsets, r.Items)
	fmt.Println(r.Row(0), r.Row(1), r.Row(2))
	// Output:
	// [0 2 2 3] [7 8 9]
	// [7 8] [] [9]
}

func ExampleCut() {
	users := make([]int32, 70_000)
	_ = sdk.Cut(sdk.Table{Name: "interactions", Columns: []sdk.Column{{Name: "user", Data: users}}}, nil, func(c sdk.Chunk) error {
		fmt.Println(c.Seq, c.Rows())
		return nil
	})
	// Output:
	// 0 32768
	// 1 32768
	// 2 4464
}

func ExampleTieHash() {
	fmt.Printf("%016x\n", sdk.TieHash(42, 7, 1000000))
	// Output: 0ec0578941af8e19
}

func ExampleMix() {
	// Seeds of two repeats of the same thing.
	fmt.Printf("%x\n%x\n", sdk.Mix(1, 0), sdk.Mix(1, 1))
	// Output:
	// ddc1ed05282d1d64
	// c3d2f46d90c18273
}

func ExampleInvalidf() {
	err := sdk.Invalidf("learning-rate", "want less than 1, have %v", 1.5)
	fmt.Println(err)
	fmt.Println(errors.Is(err, sdk.ErrInvalid))
	// Output:
	// learning-rate: want less than 1, have 1.5
	// true
}

func ExampleUnsupportedf() {
	fmt.Println(errors.Is(sdk.Unsupportedf("no gradient here"), sdk.ErrUnsupported))
	// Output: true
}

func ExampleOptions_Duration() {
	fmt.Println(sdk.Options{"timeout": "1m30s"}.Duration("timeout").Seconds())
	// Output: 90
}

func ExampleParseKind() {
	k, ok := sdk.ParseKind("llm")
	fmt.Println(k, ok)
	// Output: llm true
}

func ExampleParseColumnType() {
	c, ok := sdk.ParseColumnType("f32")
	fmt.Println(c, c.Size(), ok)
	// Output: f32 4 true
}

func ExampleFailed() {
	fmt.Println(sdk.Failed([]sdk.Diagnostic{{Severity: sdk.SeverityWarning, Summary: "slow"}}))
	// Output: false
}

func ExampleTable_Check() {
	t := sdk.Table{Name: "items", Columns: []sdk.Column{{Name: "title", Data: []string{"Alien"}}, {Name: "year", Data: []int32{}}}}
	fmt.Println(t.Check())
	// Output: table items: column year has 0 rows, title has 1
}
