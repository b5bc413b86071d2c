package serve

import (
	"context"
	"fmt"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// baseService serves PluginService.
type baseService struct {
	pb.UnimplementedPluginServiceServer
	server *server
}

// Describe implements PluginService.
func (b *baseService) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	return convert.ToDescription(b.server.description)
}

// Validate implements PluginService.
func (b *baseService) Validate(ctx context.Context, m *pb.ValidateRequest) (*pb.ValidateResponse, error) {
	options, err := convert.FromOptions(m.GetOptions())
	if err != nil {
		return nil, err
	}
	spec, c, err := b.find(m.GetComponent())
	if err != nil {
		return nil, err
	}
	canonical, ds := validate(ctx, spec, c, options)
	reply := &pb.ValidateResponse{Diagnostics: convert.ToDiagnostics(ds)}
	if !sdk.Failed(ds) {
		reply.Canonical, err = convert.ToOptions(canonical)
	}
	return reply, err
}

// validate checks options against the declaration and, if they pass, against
// the component's own rules.
func validate(ctx context.Context, spec sdk.ComponentSpec, c sdk.Component, o sdk.Options) (sdk.Options, []sdk.Diagnostic) {
	canonical, ds := sdk.Canonical(spec.Options, o)
	if v, ok := c.(sdk.Validator); ok && !sdk.Failed(ds) {
		ds = append(ds, v.Validate(ctx, canonical)...)
	}
	return canonical, ds
}

func (b *baseService) find(name string) (sdk.ComponentSpec, sdk.Component, error) {
	if spec, ok := b.server.description.Component(name); ok {
		return spec, b.server.components[name], nil
	}
	names := []string{}
	for _, c := range b.server.description.Components {
		names = append(names, c.Name)
	}
	hint := fmt.Sprintf("known: %v", names)
	if near := sdk.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return sdk.ComponentSpec{}, nil, sdk.Invalidf("", "plugin %s has no component %q (%s)", b.server.description.Name, name, hint)
}

// Configure implements PluginService. Wrong options may be sent again; once
// the component's own Configure has begun there is no second try.
func (b *baseService) Configure(ctx context.Context, m *pb.ConfigureRequest) (*pb.ConfigureResponse, error) {
	config, err := convert.FromConfig(m)
	if err != nil {
		return nil, err
	}
	spec, c, err := b.find(config.Component)
	if err != nil {
		return nil, err
	}
	canonical, ds := validate(ctx, spec, c, config.Options)
	for _, d := range ds {
		if d.Severity == sdk.SeverityError {
			return nil, sdk.Invalidf(d.Option, "%s", d.Summary)
		}
	}
	config.Options = canonical
	if !b.server.claim() {
		return nil, misuse(errConfigured)
	}
	if err := c.Configure(ctx, config); err != nil {
		return nil, err
	}
	b.server.ready(c, spec)
	return &pb.ConfigureResponse{}, nil
}
