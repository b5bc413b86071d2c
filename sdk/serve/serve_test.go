package serve

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// stub is a recommender with a spec of the test's choice.
type stub struct{ spec sdk.ComponentSpec }

func (s stub) Spec() sdk.ComponentSpec                     { return s.spec }
func (s stub) Configure(context.Context, sdk.Config) error { return nil }

func (s stub) Fit(context.Context, sdk.FitRequest, sdk.Emit) (sdk.FitResult, error) {
	return sdk.FitResult{}, nil
}

func (s stub) Recommend(_ context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	return sdk.NewReply(len(r.Users), r.K), nil
}

// scoring has one optional feature.
type scoring struct{ stub }

func (s scoring) Score(_ context.Context, r sdk.ScoreRequest) ([]float32, error) {
	return nil, nil
}

func TestComponentsAreChecked(t *testing.T) {
	option := func(o sdk.OptionSpec) sdk.Component {
		if o.Name == "" {
			o.Name = "x"
		}
		return stub{sdk.ComponentSpec{Name: "a", Options: []sdk.OptionSpec{o}}}
	}
	a := stub{sdk.ComponentSpec{Name: "a"}}
	for _, tt := range []struct {
		name       string
		components []sdk.Component
		want       string
	}{
		{"good", []sdk.Component{a, stub{sdk.ComponentSpec{Name: "b-2"}}}, ""},
		{"none", nil, "no components"},
		{"twice", []sdk.Component{a, a}, "twice"},
		{"name", []sdk.Component{stub{sdk.ComponentSpec{Name: "My Model"}}}, "kebab-case"},
		{"empty name", []sdk.Component{stub{}}, "kebab-case"},
		{"kind", []sdk.Component{stub{sdk.ComponentSpec{Name: "a", Kind: sdk.KindLLM}}}, "says kind llm"},
		{"not implemented", []sdk.Component{stub{sdk.ComponentSpec{Name: "a", Features: []string{"score"}}}}, `declares feature "score" but does not implement sdk.Scorer`},
		{"not declared", []sdk.Component{scoring{a}}, `implements sdk.Scorer but does not declare feature "score"`},
		{"declared", []sdk.Component{scoring{stub{sdk.ComponentSpec{Name: "a", Features: []string{"score"}}}}}, ""},
		{"another kind's", []sdk.Component{stub{sdk.ComponentSpec{Name: "a", Features: []string{"embed"}}}}, "which a recommender cannot have"},
		{"option name", []sdk.Component{option(sdk.OptionSpec{Name: "Rate", Type: sdk.OptionInt})}, "kebab-case"},
		{"option type", []sdk.Component{option(sdk.OptionSpec{})}, "has no type"},
		{"list", []sdk.Component{option(sdk.OptionSpec{Type: sdk.OptionList})}, "type of its elements"},
		{"enum", []sdk.Component{option(sdk.OptionSpec{Type: sdk.OptionEnum})}, "needs choices"},
		{"default type", []sdk.Component{option(sdk.OptionSpec{Type: sdk.OptionInt, Default: 1.5})}, "default: want int"},
		{"default bound", []sdk.Component{option(sdk.OptionSpec{Type: sdk.OptionInt, Default: 0, Min: sdk.Bound(1)})}, "default: want at least 1"},
		{"default of a list", []sdk.Component{option(sdk.OptionSpec{Type: sdk.OptionList, Element: sdk.OptionString, Default: []string{"a"}})}, "default: want a list"},
		{"required", []sdk.Component{option(sdk.OptionSpec{Type: sdk.OptionInt, Default: 1, Required: true})}, "never used"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newServer(sdk.KindRecommender, tt.components)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestRequestsAreChecked sends what only a wrong host would.
func TestRequestsAreChecked(t *testing.T) {
	s, err := newServer(sdk.KindRecommender, []sdk.Component{stub{sdk.ComponentSpec{Name: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	code := func(err error) codes.Code { return status.Code(convert.ToStatus(ctx, err)) }
	service := &recommenderService{server: s}
	if _, err := service.Recommend(ctx, &pb.RecommendRequest{}); code(err) != codes.FailedPrecondition {
		t.Errorf("before Configure: %v", err)
	}
	base := &baseService{server: s}
	if _, err := base.Configure(ctx, &pb.ConfigureRequest{Component: "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := base.Configure(ctx, &pb.ConfigureRequest{Component: "a"}); code(err) != codes.FailedPrecondition {
		t.Errorf("twice: %v", err)
	}
	one := []byte{0, 0, 0, 0}
	for name, m := range map[string]*pb.RecommendRequest{
		"length of users":   {Users: []byte{1, 2, 3}, Purpose: 1},
		"length of offsets": {Users: one, Purpose: 1, Exclude: &pb.Ragged{Offsets: []byte{0}}},
		"length of items":   {Users: one, Purpose: 1, Exclude: &pb.Ragged{Offsets: make([]byte, 8), Items: []byte{1}}},
		"rows":              {Users: one, Purpose: 1, Exclude: &pb.Ragged{Offsets: make([]byte, 4)}},
		"pages":             {Users: one, Purpose: 1, Pages: make([]byte, 8)},
		"purpose":           {Users: one},
		"kinds":             {Users: one, Purpose: 1, HistoryKinds: []byte{1}},
	} {
		if _, err := service.Recommend(ctx, m); code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := service.Update(ctx, &pb.UpdateRequest{}); code(err) != codes.Unimplemented {
		t.Errorf("undeclared feature: %v", err)
	}
	reply, err := service.Recommend(ctx, &pb.RecommendRequest{Users: one, K: 2, Purpose: 1})
	if err != nil || len(reply.GetItems()) != 8 {
		t.Errorf("afterwards: %v, %v", reply, err)
	}
}

func TestPanicsAndForeignErrors(t *testing.T) {
	run := func(method string, f func() error) (err error) {
		defer named(t.Context(), method, &err)
		return f()
	}
	const ours = "/alignuser.plugin.v1.RecommenderService/Fit"
	err := run(ours, func() error { panic(errors.New("boom")) })
	if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "panic: boom") {
		t.Errorf("got %v", err)
	}
	foreign := status.Error(codes.Unavailable, "the provider is down")
	if err := run(ours, func() error { return foreign }); status.Code(err) != codes.Internal {
		t.Errorf("a component's own gRPC error passed for ours: %v", err)
	}
	if err := run("/grpc.health.v1.Health/Check", func() error { return foreign }); !errors.Is(err, foreign) {
		t.Errorf("another service: %v", err)
	}
}
