package launch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
	"github.com/alignuser/alignuser/sdk/launch"
	"github.com/alignuser/alignuser/sdk/serve"
)

// pluginKind makes this test binary a plugin when it is set.
const pluginKind = "ALIGNUSER_TEST_PLUGIN"

func TestMain(m *testing.M) {
	switch kind := os.Getenv(pluginKind); kind {
	case "":
		goleak.VerifyTestMain(m)
	case "recommender":
		fmt.Println("printed before serving")
		serve.Recommenders(
			func() sdk.Recommender { fmt.Println("printed while constructing"); return &popular{} },
			func() sdk.Recommender { return &full{} },
		)
	case "dataset":
		serve.Datasets(func() sdk.Dataset { return &numbers{} })
	case "llm":
		serve.LLMs(func() sdk.LLM { return &echo{} })
	case "liar":
		serve.Recommenders(func() sdk.Recommender { return &liar{} })
	case "raw":
		serveRaw()
	default:
		misbehave(kind)
	}
}

// command starts this binary as a plugin.
func command(kind string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(env, pluginKind+"="+kind)
	return cmd
}

func start(t testing.TB, kind string) *launch.Client {
	t.Helper()
	c, err := launch.Start(t.Context(), launch.Config{Cmd: command(kind), HostVersion: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Kill)
	return c
}

// configured starts a plugin and configures a component.
func configured(t testing.TB, kind, component string, o sdk.Options) (*launch.Client, sdk.ComponentSpec) {
	t.Helper()
	c := start(t, kind)
	spec, ok := c.Description().Component(component)
	if !ok {
		t.Fatalf("no component %s in %+v", component, c.Description())
	}
	canonical, ds, err := c.Validate(t.Context(), component, o)
	if err != nil || sdk.Failed(ds) {
		t.Fatal(err, ds)
	}
	if err := c.Configure(t.Context(), sdk.Config{Component: component, Options: canonical, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	return c, spec
}

// popular counts interactions; it has no optional feature.
type popular struct {
	counts []float32
	seed   uint64
	scale  float64
}

func (p *popular) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Name: "popular", Doc: "Most interactions first.", Determinism: sdk.DeterminismBitwise,
		Options: []sdk.OptionSpec{
			{Name: "scale", Type: sdk.OptionFloat, Default: 1.0, Min: sdk.Bound(0), Doc: "Factor of scores."},
			{Name: "tags", Type: sdk.OptionList, Element: sdk.OptionString, Default: []any{"a", "b"}, Doc: "Ignored."},
			{Name: "big", Type: sdk.OptionInt, Default: int64(9007199254740993), Doc: "More than a double can hold."},
		},
		Needs: sdk.Needs{Tables: []string{"items"}, MemoryBytes: 1 << 20}, License: "MIT",
	}
}

func (p *popular) Validate(_ context.Context, o sdk.Options) []sdk.Diagnostic {
	if o.Float("scale") == 13 {
		return []sdk.Diagnostic{{Severity: sdk.SeverityError, Option: "scale", Summary: "13 is bad luck"}}
	}
	if o.Float("scale") > 100 {
		return []sdk.Diagnostic{{Severity: sdk.SeverityWarning, Option: "scale", Summary: "large"}}
	}
	return nil
}

func (p *popular) Configure(_ context.Context, c sdk.Config) error {
	p.seed, p.scale = c.Seed, c.Options.Float("scale")
	return nil
}

func (p *popular) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	f, err := columns.Open(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	defer f.Close()
	x, err := f.Interactions("interactions")
	if err != nil {
		return sdk.FitResult{}, err
	}
	p.counts = make([]float32, x.Items)
	for _, item := range x.Item {
		p.counts[item]++
	}
	emit(sdk.Progress{Stage: "count", Step: 1, Total: 1, Metrics: map[string]float64{"rows": float64(x.Rows())}})
	return sdk.FitResult{Epochs: 1, Parameters: int64(x.Items), Metrics: map[string]float64{"seed": float64(p.seed)}}, nil
}

func (p *popular) Recommend(_ context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	reply := sdk.NewReply(len(r.Users), r.K)
	var ranker sdk.Ranker
	for i := range r.Users {
		ranker.Fill(&reply, &r, i, p.counts)
	}
	return reply, nil
}

// full has every optional feature, and does as the stage of the test wants:
// the resume folder of Fit names what to do.
type full struct{ popular }

func (f *full) Spec() sdk.ComponentSpec {
	s := f.popular.Spec()
	s.Name, s.Features = "full", []string{sdk.FeatureScore, sdk.FeatureUpdate, sdk.FeatureSave}
	return s
}

func (f *full) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	switch what, text, _ := strings.Cut(r.ResumeDir, ":"); what {
	case "":
		return f.popular.Fit(ctx, r, emit)
	case "wait":
		emit(sdk.Warning{Diagnostic: sdk.Diagnostic{Severity: sdk.SeverityWarning, Summary: "waiting"}})
		<-ctx.Done()
		if err := os.WriteFile(text, []byte(ctx.Err().Error()), 0o600); err != nil {
			return sdk.FitResult{}, err
		}
		return sdk.FitResult{}, ctx.Err()
	case "panic":
		panic("told to")
	case "exit":
		os.Exit(3)
	case "print":
		fmt.Println(strings.Repeat("x", 1<<20)) // far more than a pipe holds
		fmt.Fprintln(os.Stderr, strings.Repeat("y", 1<<20))
		return sdk.FitResult{Epochs: 1}, nil
	case "many":
		for i := range 5000 {
			emit(sdk.Progress{Stage: "many", Step: int64(i + 1)})
		}
		emit(sdk.Checkpoint{File: sdk.File{Path: "c", Bytes: 3, SHA256: "00"}})
		return sdk.FitResult{}, nil
	case "error":
		return sdk.FitResult{}, wireErrors()[text]
	}
	return sdk.FitResult{}, sdk.Invalidf("", "unknown stage %s", r.ResumeDir)
}

// wireErrors are errors whose meaning must survive the wire.
func wireErrors() map[string]error {
	return map[string]error{
		"invalid":     sdk.Invalidf("learning-rate", "want less than %d", 1),
		"wrapped":     fmt.Errorf("epoch 3: %w", sdk.Invalidf("batch", "too odd")),
		"unsupported": sdk.Unsupportedf("not today"),
		"too-large":   fmt.Errorf("matrix: %w", sdk.ErrTooLarge),
		"denied":      &sdk.Error{Kind: sdk.ErrDenied, Msg: "wrong key"},
		"crashed":     &sdk.Error{Kind: sdk.ErrCrashed, Msg: "the GPU fell off"},
		"retry":       &sdk.Error{Msg: "slow down", RetryAfter: 1500 * time.Millisecond, Trace: "trace"},
		"plain":       errors.New("just so"),
		"bare":        sdk.ErrDenied,
	}
}

func (f *full) Score(_ context.Context, r sdk.ScoreRequest) ([]float32, error) {
	if r.Candidates == nil {
		out := make([]float32, len(r.Users)*len(f.counts))
		for i := range out {
			out[i] = float32(i)
		}
		return out, nil
	}
	var out []float32
	for i, u := range r.Users {
		for _, item := range r.Candidates.Row(i) {
			out = append(out, float32(u)*1000+float32(item))
		}
	}
	return out, nil
}

func (f *full) Update(_ context.Context, r sdk.UpdateRequest) (sdk.UpdateResult, error) {
	for i, item := range r.Items {
		f.counts[item] += r.Values[i]
	}
	return sdk.UpdateResult{Accepted: int64(len(r.Items)), ModelEpoch: 2}, nil
}

func (f *full) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	text := fmt.Sprint(f.counts)
	return sdk.SaveResult{Format: "text/1", Files: []sdk.File{{Path: "counts", Bytes: int64(len(text))}}},
		os.WriteFile(filepath.Join(dir, "counts"), []byte(text), 0o600)
}

func (f *full) Load(_ context.Context, dir string, data sdk.DataRef) error {
	_, err := os.Stat(filepath.Join(dir, "counts"))
	if err != nil {
		return sdk.Invalidf("", "%v", err)
	}
	d, err := columns.Open(data)
	if err != nil {
		return err
	}
	f.counts = make([]float32, d.Meta().Items)
	return d.Close()
}

// Close leaves a mark, to show that it was called.
func (f *full) Close() error {
	if path := os.Getenv("CLOSED"); path != "" {
		return os.WriteFile(path, []byte("closed"), 0o600)
	}
	return nil
}

// liar answers in wrong shapes.
type liar struct{}

func (l *liar) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{Name: "liar", Features: []string{sdk.FeatureScore}}
}
func (l *liar) Configure(context.Context, sdk.Config) error { return nil }

func (l *liar) Fit(context.Context, sdk.FitRequest, sdk.Emit) (sdk.FitResult, error) {
	return sdk.FitResult{}, nil
}

func (l *liar) Recommend(context.Context, sdk.RecommendRequest) (sdk.RecommendReply, error) {
	return sdk.NewReply(3, 3), nil
}

func (l *liar) Score(context.Context, sdk.ScoreRequest) ([]float32, error) {
	return make([]float32, 7), nil
}

// numbers is a dataset of as many rows as its option says.
type numbers struct{ rows int }

func (n *numbers) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindDataset, Name: "numbers", Features: []string{sdk.FeatureRespond},
		Options: []sdk.OptionSpec{{Name: "rows", Type: sdk.OptionInt, Default: int64(100_000), Doc: "Rows."}},
		Tables: []sdk.TableSpec{{Name: "interactions", Doc: "Made up.", Rows: 100_000, Columns: []sdk.ColumnSpec{
			{Name: "user", Type: sdk.ColumnI32},
			{Name: "title", Type: sdk.ColumnStr, Nullable: true, Unit: "words"},
			{Name: "tags", Type: sdk.ColumnI64, List: true},
		}}},
	}
}

func (n *numbers) Configure(_ context.Context, c sdk.Config) error {
	n.rows = c.Options.Int("rows")
	return nil
}

func (n *numbers) Prepare(_ context.Context, r sdk.PrepareRequest, emit sdk.Emit) (sdk.PrepareResult, error) {
	if r.Offline && len(r.AcceptedLicenses) == 0 {
		return sdk.PrepareResult{}, &sdk.Error{Kind: sdk.ErrDenied, Msg: "accept the licence first"}
	}
	emit(sdk.Progress{Stage: "make", Message: r.CacheDir})
	return sdk.PrepareResult{
		Version: "1", License: "MIT", Citation: "nobody", Planted: true,
		Sources: []sdk.File{{Path: "seed", Bytes: 8, SHA256: "ab"}}, Scale: &sdk.Scale{Min: 1, Max: 5, Step: 0.5, LikeAt: 4, DislikeAt: 2},
	}, nil
}

func (n *numbers) table() sdk.Table {
	user, title := make([]int32, n.rows), make([]string, n.rows)
	lists, tags := make([]uint32, n.rows+1), []int64{}
	for i := range user {
		user[i], title[i] = int32(i%7), fmt.Sprintf("Ünit %d", i)
		if i%3 == 0 {
			tags = append(tags, int64(i), -1)
		}
		lists[i+1] = uint32(len(tags))
	}
	return sdk.Table{Name: "interactions", Columns: []sdk.Column{
		{Name: "user", Data: user}, {Name: "title", Data: title}, {Name: "tags", Data: tags, Lists: lists},
	}}
}

func (n *numbers) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	switch r.Table {
	case "interactions":
		return sdk.Cut(n.table(), r.Columns, yield)
	case "huge-chunk":
		return yield(sdk.Chunk{Table: sdk.Table{Name: r.Table, Columns: []sdk.Column{{Name: "a", Data: make([]int32, 40_000)}}}})
	case "skips":
		return yield(sdk.Chunk{Seq: 1, Table: sdk.Table{Name: r.Table, Columns: []sdk.Column{{Name: "a", Data: []int32{1}}}}})
	case "changes":
		if err := yield(sdk.Chunk{Table: sdk.Table{Name: r.Table, Columns: []sdk.Column{{Name: "a", Data: []int32{1}}}}}); err != nil {
			return err
		}
		return yield(sdk.Chunk{Seq: 1, Table: sdk.Table{Name: r.Table, Columns: []sdk.Column{{Name: "a", Data: []int64{1}}}}})
	case "silent":
		return nil
	}
	return sdk.Invalidf("", "no table %s", r.Table)
}

func (n *numbers) Respond(_ context.Context, r sdk.RespondRequest) (sdk.RespondReply, error) {
	cards, rows := len(r.Slates.Items), len(r.Users)
	reply := sdk.RespondReply{
		Watched: make([]uint8, cards), WatchProbability: make([]float32, cards), Values: make([]float32, cards),
		ExpectedValues: make([]float32, cards), Left: make([]uint8, rows), LeaveProbability: make([]float32, rows),
	}
	for i := range reply.ExpectedValues {
		reply.ExpectedValues[i] = float32(r.Slates.Items[i]) + float32(r.Stream)
	}
	for i := range reply.Left {
		reply.Left[i] = uint8(r.Exposures[i] + int64(r.Pages[i]) + int64(len(r.History.Row(i))))
	}
	return reply, nil
}

// echo is a backend that repeats, in reverse order of requests.
type echo struct{}

func (e *echo) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindLLM, Name: "echo", Features: []string{sdk.FeatureScore, sdk.FeatureEmbed, sdk.FeatureTune},
		Needs: sdk.Needs{Secrets: []string{"KEY"}, Network: "none"},
	}
}

func (e *echo) Configure(_ context.Context, c sdk.Config) error {
	if c.Secrets["KEY"] == "wrong" {
		return &sdk.Error{Kind: sdk.ErrDenied, Msg: "wrong key"}
	}
	return nil
}

func (e *echo) Generate(_ context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	for _, r := range slices.Backward(rs) {
		result := sdk.GenerateResult{ID: r.ID, Finish: sdk.FinishStop, Model: "echo-1", Usage: sdk.Usage{PromptTokens: 3, Currency: "EUR", ProviderWait: time.Second}}
		switch text := r.Messages[len(r.Messages)-1].Content; text {
		case "skip":
			continue
		case "twice":
			if err := yield(result); err != nil {
				return err
			}
		case "fail":
			result = sdk.GenerateResult{
				ID: r.ID, Failure: &sdk.CallFailure{Status: 429, Message: "later", RetryAfter: 2 * time.Second, Charged: true},
				RateLimits: &sdk.RateLimits{RequestsLimit: 10, RequestsRemaining: -1, TokensReset: time.Minute},
			}
		default:
			result.Text, result.JSON = text, r.JSONSchema
			result.Tokens = []sdk.TokenLogprob{{Token: "t", Logprob: float32(*r.Temperature), Alternatives: []sdk.TokenLogprob{{Token: "u", Logprob: -2}}}}
			result.Choices = []sdk.ChoiceProbabilities{{Path: "a.b", Values: []string{"x", "y"}, Probabilities: []float32{0.25, 0.75}}}
			result.Fingerprint = fmt.Sprint(*r.Seed)
		}
		if err := yield(result); err != nil {
			return err
		}
	}
	return nil
}

func (e *echo) ScoreText(_ context.Context, ps []sdk.Continuations) (sdk.TextScores, error) {
	var out sdk.TextScores
	for _, p := range ps {
		for _, c := range p.Continuations {
			out.Logprobs = append(out.Logprobs, -float32(len(c)))
			out.TokenCounts = append(out.TokenCounts, int32(len(c)))
			out.TokenLogprobs = append(out.TokenLogprobs, slices.Repeat([]float32{-1}, len(c))...)
		}
	}
	return out, nil
}

func (e *echo) Embed(_ context.Context, texts []string) (sdk.Embeddings, error) {
	out := sdk.Embeddings{Dimensions: 2}
	for _, t := range texts {
		out.Vectors = append(out.Vectors, float32(len(t)), 1)
	}
	return out, nil
}

func (e *echo) StartTune(_ context.Context, r sdk.TuneRequest) (string, error) {
	return fmt.Sprint("job of ", r.Options["epochs"]), nil
}

func (e *echo) WatchTune(_ context.Context, job string, from int64, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	for seq := from; seq < 5; seq++ {
		emit(seq, sdk.Progress{Step: seq})
	}
	return sdk.TuneResult{Model: job, Metrics: map[string]float64{"loss": 0.5}, Artifacts: []sdk.File{{Path: "w", Bytes: 1}}}, nil
}

func (e *echo) CancelTune(_ context.Context, job string) error {
	return sdk.Invalidf("", "no job %s", job)
}

// misbehave is a program that is no proper plugin.
func misbehave(how string) {
	switch how {
	case "exits":
		fmt.Fprintln(os.Stderr, "cannot import numpy")
		os.Exit(7)
	case "silent":
		forever()
	case "nobody-listens":
		fmt.Printf("1|1|unix|%s|grpc|\n", filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "nobody"))
		forever()
	case "certificate":
		fmt.Printf("1|1|unix|/tmp/x|grpc|%s\n", os.Getenv("CERTIFICATE"))
		forever()
	case "future":
		fmt.Println("1|9|unix|/tmp/x|grpc|")
		forever()
	case "tcp":
		fmt.Println("1|1|tcp|127.0.0.1:1|grpc|")
		forever()
	}
	panic("unknown misbehaviour " + how)
}

// forever outlasts any test. The runtime of a program without cgo would call
// an empty select a deadlock and end it.
func forever() { time.Sleep(time.Hour) }
