package host

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
)

// TestSlateShapes covers what a Go plugin cannot send, because its own SDK
// checks first; other languages may.
func TestSlateShapes(t *testing.T) {
	nan := float32(math.NaN())
	req := sdk.RecommendRequest{Users: []int32{0, -1}, K: 2}
	good := func() sdk.RecommendReply {
		return sdk.RecommendReply{Counts: []int32{2, 1}, Items: []int32{3, 1, 0, -1}, Scores: []float32{2, 1, 5, 0}}
	}
	cases := map[string]struct {
		want   string
		change func(*sdk.RecommendReply)
	}{
		"good":           {"", func(*sdk.RecommendReply) {}},
		"short slate":    {"", func(r *sdk.RecommendReply) { r.Counts[1], r.Items[2], r.Scores[2] = 0, -1, nan }},
		"few counts":     {"1 counts, 4 items", func(r *sdk.RecommendReply) { r.Counts = r.Counts[:1] }},
		"few items":      {"2 counts, 3 items", func(r *sdk.RecommendReply) { r.Items = r.Items[:3] }},
		"few scores":     {"3 scores", func(r *sdk.RecommendReply) { r.Scores = r.Scores[:3] }},
		"few reasons":    {"1 reasons", func(r *sdk.RecommendReply) { r.Reasons = []string{"x"} }},
		"count above k":  {"row 1: count 3 for k 2", func(r *sdk.RecommendReply) { r.Counts[1] = 3 }},
		"count negative": {"row 0: count -1", func(r *sdk.RecommendReply) { r.Counts[0] = -1 }},
		"item negative":  {"row 0: place 1: item -1 is outside", func(r *sdk.RecommendReply) { r.Items[1] = -1 }},
		"item beyond":    {"row 1: place 0: item 4 is outside [0, 4)", func(r *sdk.RecommendReply) { r.Items[2] = 4 }},
		"twice":          {"row 0: place 1: item 3 is there twice", func(r *sdk.RecommendReply) { r.Items[1] = 3 }},
		"infinite":       {"score +Inf", func(r *sdk.RecommendReply) { r.Scores[0] = float32(math.Inf(1)) }},
		"increasing":     {"score 3 after 2", func(r *sdk.RecommendReply) { r.Scores[1] = 3 }},
		"padding":        {"row 1: item 2 at place 1", func(r *sdk.RecommendReply) { r.Items[3] = 2 }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			reply := good()
			c.change(&reply)
			err := newChecker(4, 1).slates(&req, &reply)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("have %v, want %q", err, c.want)
			}
			if err == nil && reply.Scores[3] != 0 {
				t.Fatalf("padding kept score %v", reply.Scores[3])
			}
		})
	}
}

func TestRequestsAreChecked(t *testing.T) {
	c := newChecker(4, 2)
	for want, req := range map[string]sdk.RecommendRequest{
		"user 2":     {Users: []int32{2}},
		"user -2":    {Users: []int32{-2}},
		"k -1":       {K: -1},
		"history":    {Users: []int32{0}, History: sdk.Ragged{Offsets: []uint32{0, 1}, Items: []int32{4}}},
		"exclude":    {Users: []int32{0}, Exclude: sdk.Ragged{Offsets: []uint32{0}, Items: nil}},
		"candidates": {Users: []int32{0}, Candidates: &sdk.Ragged{Offsets: []uint32{0, 1}, Items: []int32{-1}}},
		"1025 users": {Users: make([]int32, maxRows+1)},
	} {
		if err := c.request(&req); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestRankerPasses: whatever the SDK's own Ranker answers is accepted as it is,
// also by a checker that has seen other requests.
func TestRankerPasses(t *testing.T) {
	const items, users = 12, 5
	c := newChecker(items, users)
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Int32Range(0, items-1)
		req := sdk.RecommendRequest{
			Users: rapid.SliceOfN(rapid.Int32Range(-1, users-1), 1, 6).Draw(t, "users"),
			K:     rapid.IntRange(0, items+3).Draw(t, "k"), Seed: rapid.Uint64().Draw(t, "seed"),
		}
		if rapid.Bool().Draw(t, "limited") {
			req.Candidates = &sdk.Ragged{}
		}
		for range req.Users {
			req.Exclude.Append(rapid.SliceOfN(id, 0, 4).Draw(t, "exclude")...)
			if req.Candidates != nil {
				req.Candidates.Append(rapid.SliceOfN(id, 0, 6).Draw(t, "candidates")...)
			}
		}
		if err := c.request(&req); err != nil {
			t.Fatal(err)
		}
		reply := sdk.NewReply(len(req.Users), req.K)
		var k sdk.Ranker
		for i := range req.Users {
			scores := rapid.SliceOfN(rapid.SampledFrom([]float32{0, 1, 2}), items, items).Draw(t, "scores")
			k.Fill(&reply, &req, i, scores)
		}
		want := slices.Clone(reply.Items)
		if err := c.slates(&req, &reply); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, reply.Items); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestTiesAreOrdered: shuffling a run of equal scores changes nothing, and
// reasons follow their items.
func TestTiesAreOrdered(t *testing.T) {
	const items = 9
	rapid.Check(t, func(t *rapid.T) {
		seed, user := rapid.Uint64().Draw(t, "seed"), rapid.Int32Range(-1, 3).Draw(t, "user")
		order := rapid.Permutation([]int32{0, 1, 2, 3, 4, 5, 6, 7, 8}).Draw(t, "order")
		scores := []float32{3, 3, 3, 2, 1, 1, 1, 1, 0}
		reasons := make([]string, items)
		for i, it := range order {
			reasons[i] = string('a' + it)
		}
		groups := map[float32][]int32{}
		for i, it := range order {
			groups[scores[i]] = append(groups[scores[i]], it)
		}
		orderTies(seed, user, order, scores, reasons)
		for i, it := range order {
			if reasons[i] != string('a'+it) {
				t.Fatalf("item %d has reason %s", it, reasons[i])
			}
			if !slices.Contains(groups[scores[i]], it) {
				t.Fatalf("item %d moved to another score", it)
			}
			if i > 0 && scores[i] == scores[i-1] && sdk.TieHash(seed, user, order[i-1]) > sdk.TieHash(seed, user, it) {
				t.Fatalf("place %d is out of order", i)
			}
		}
	})
}

func TestResponses(t *testing.T) {
	nan := float32(math.NaN())
	req := sdk.RespondRequest{Users: []int32{0}, Slates: sdk.Ragged{Offsets: []uint32{0, 2}, Items: []int32{1, 2}}}
	cases := map[string]struct {
		want   string
		change func(*sdk.RespondReply)
	}{
		"good":              {"", func(*sdk.RespondReply) {}},
		"few watched":       {"1 watched, want 2", func(r *sdk.RespondReply) { r.Watched = r.Watched[1:] }},
		"few left":          {"0 left, want 1", func(r *sdk.RespondReply) { r.Left = nil }},
		"watched twice":     {"card 0: watched is 2", func(r *sdk.RespondReply) { r.Watched[0] = 2 }},
		"probability":       {"card 1: watch probability 1.5", func(r *sdk.RespondReply) { r.WatchProbability[1] = 1.5 }},
		"probability NaN":   {"card 1: watch probability NaN", func(r *sdk.RespondReply) { r.WatchProbability[1] = nan }},
		"value unwatched":   {"card 1: watched 0 with value 3", func(r *sdk.RespondReply) { r.Values[1] = 3 }},
		"watched no value":  {"card 0: watched 1 with value NaN", func(r *sdk.RespondReply) { r.Values[0] = nan }},
		"no expectation":    {"card 0: expected value NaN", func(r *sdk.RespondReply) { r.ExpectedValues[0] = nan }},
		"leave probability": {"row 0: left 0 with probability -1", func(r *sdk.RespondReply) { r.LeaveProbability[0] = -1 }},
	}
	for name, c := range cases {
		reply := sdk.RespondReply{
			Watched: []uint8{1, 0}, WatchProbability: []float32{0.5, 0}, Values: []float32{4, nan}, ExpectedValues: []float32{3.5, 2},
			Left: []uint8{0}, LeaveProbability: []float32{1},
		}
		c.change(&reply)
		err := checkResponses(req, reply)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", name, err, c.want)
		}
	}
}

func TestChunks(t *testing.T) {
	spec := sdk.TableSpec{Name: "items", Columns: []sdk.ColumnSpec{
		{Name: "iid", Type: sdk.ColumnStr},
		{Name: "categories", Type: sdk.ColumnStr, List: true},
		{Name: "price", Type: sdk.ColumnF32, Nullable: true},
		{Name: "weight", Type: sdk.ColumnF64},
	}}
	chunk := func() sdk.Chunk {
		return sdk.Chunk{Table: sdk.Table{Name: "items", Columns: []sdk.Column{
			{Name: "iid", Data: []string{"a", "b"}},
			{Name: "categories", Data: []string{"x"}, Lists: []uint32{0, 0, 1}},
			{Name: "price", Data: []float32{1, float32(math.NaN())}},
			{Name: "weight", Data: []float64{1, 2}},
		}}}
	}
	cases := map[string]struct {
		want   string
		change func(*sdk.Chunk)
	}{
		"good":        {"", func(*sdk.Chunk) {}},
		"other table": {`is of table "users"`, func(c *sdk.Chunk) { c.Name = "users" }},
		"sequence":    {"has number 1", func(c *sdk.Chunk) { c.Seq = 1 }},
		"length":      {"weight has 1 rows", func(c *sdk.Chunk) { c.Columns[3].Data = []float64{1} }},
		"renamed":     {"no column iid", func(c *sdk.Chunk) { c.Columns[0].Name = "x" }},
		"attribute":   {"", func(c *sdk.Chunk) { c.Columns = append(c.Columns, sdk.Column{Name: "x", Data: []uint8{1, 2}}) }},
		"undeclared list": {"column x: a list, and not declared", func(c *sdk.Chunk) {
			c.Columns = append(c.Columns, sdk.Column{Name: "x", Data: []string{"a"}, Lists: []uint32{0, 1, 1}})
		}},
		"infinite attribute": {"column x: element 1 is +Inf", func(c *sdk.Chunk) {
			c.Columns = append(c.Columns, sdk.Column{Name: "x", Data: []float64{0, math.Inf(1)}})
		}},
		"missing":       {"no column weight", func(c *sdk.Chunk) { c.Columns = c.Columns[:3] }},
		"no nullable":   {"", func(c *sdk.Chunk) { c.Columns = slices.Delete(c.Columns, 2, 3) }},
		"type":          {"column price: f64, list false: declared f32", func(c *sdk.Chunk) { c.Columns[2].Data = []float64{1, 2} }},
		"no list":       {"list false: declared str, list true", func(c *sdk.Chunk) { c.Columns[1] = sdk.Column{Name: "categories", Data: []string{"x", "y"}} }},
		"not a number":  {"column weight: element 1 is NaN", func(c *sdk.Chunk) { c.Columns[3].Data = []float64{1, math.NaN()} }},
		"infinite":      {"column price: element 0 is +Inf", func(c *sdk.Chunk) { c.Columns[2].Data = []float32{float32(math.Inf(1)), 1} }},
		"list offsets":  {"list offsets", func(c *sdk.Chunk) { c.Columns[1].Lists = []uint32{0, 2, 1} }},
		"too many rows": {"at most 32768", func(c *sdk.Chunk) { c.Columns[0].Data = make([]string, sdk.MaxChunkRows+1) }},
	}
	for name, c := range cases {
		check, k := chunks{spec: spec}, chunk()
		c.change(&k)
		err := check.next(k)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", name, err, c.want)
		}
	}
	rows := chunks{spec: sdk.TableSpec{Name: sdk.TableInteractions}}
	strange := sdk.Chunk{Table: sdk.Table{Name: sdk.TableInteractions, Columns: []sdk.Column{{Name: "x", Data: []int32{1}}}}}
	if err := rows.next(strange); err == nil || !strings.Contains(err.Error(), "column x: not declared") {
		t.Errorf("undeclared column of interactions: %v", err)
	}
	check := chunks{spec: spec}
	first, second := chunk(), chunk()
	second.Seq, second.Columns = 1, second.Columns[:2]
	if err := check.next(first); err != nil {
		t.Fatal(err)
	}
	if err := check.next(second); err == nil || !strings.Contains(err.Error(), "chunk 1: columns") {
		t.Errorf("columns change: %v", err)
	}
}

func TestLLMReplies(t *testing.T) {
	nan := float32(math.NaN())
	for want, g := range map[string]sdk.GenerateResult{
		"json does not parse": {JSON: []byte("{")},
		"log-probability 1":   {Tokens: []sdk.TokenLogprob{{Logprob: 1}}},
		"2 values, 1":         {Choices: []sdk.ChoiceProbabilities{{Values: []string{"a", "b"}, Probabilities: []float32{1}}}},
		"probability NaN":     {Choices: []sdk.ChoiceProbabilities{{Values: []string{"a"}, Probabilities: []float32{nan}}}},
	} {
		if err := checkGenerated(g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	texts := []string{"a", "b"}
	for want, e := range map[string]sdk.Embeddings{
		"0 dimensions": {}, "3 values": {Dimensions: 2, Vectors: make([]float32, 3)}, "text 1: dimension 0 is NaN": {Dimensions: 1, Vectors: []float32{0, nan}},
	} {
		if err := checkEmbeddings(texts, e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	prompts := []sdk.Continuations{{Continuations: texts}}
	for want, s := range map[string]sdk.TextScores{
		"1 log-probabilities": {Logprobs: []float32{0}, TokenCounts: []int32{1}},
		"-1 tokens":           {Logprobs: []float32{0, 0}, TokenCounts: []int32{1, -1}},
		"for 3 tokens":        {Logprobs: []float32{0, 0}, TokenCounts: []int32{1, 2}, TokenLogprobs: []float32{0}},
	} {
		if err := checkTextScores(prompts, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// BenchmarkCheck is the price of distrust: 256 slates of 20 out of 10,000 items.
func BenchmarkCheck(b *testing.B) {
	const items, users, k = 10_000, 256, 20
	c := newChecker(items, users)
	req := sdk.RecommendRequest{K: k, Seed: 1}
	reply := sdk.NewReply(users, k)
	for u := range users {
		req.Users = append(req.Users, int32(u))
		req.Exclude.Append(int32(u), int32(u+1), int32(u+2))
		reply.Counts[u] = k
		for j := range k {
			reply.Items[u*k+j], reply.Scores[u*k+j] = int32(1000+u*k+j), float32(k-j)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.slates(&req, &reply); err != nil {
			b.Fatal(err)
		}
	}
}
