package convert

import (
	"fmt"

	"github.com/alignuser/alignuser/sdk"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// ToDescription makes a message.
func ToDescription(d sdk.Description) (*pb.DescribeResponse, error) {
	components, err := try(d.Components, toComponent)
	if err != nil {
		return nil, err
	}
	return &pb.DescribeResponse{
		Name: d.Name, Version: d.Version, ContractMinor: int32(d.ContractMinor), Components: components, BuildInfo: d.BuildInfo,
	}, nil
}

// FromDescription reads a message. Components must have distinct names.
func FromDescription(m *pb.DescribeResponse) (sdk.Description, error) {
	out := sdk.Description{
		Name: m.GetName(), Version: m.GetVersion(), ContractMinor: int(m.GetContractMinor()), BuildInfo: m.GetBuildInfo(),
	}
	for _, c := range m.GetComponents() {
		spec, err := fromComponent(c)
		if err != nil {
			return out, fmt.Errorf("component %q: %w", c.GetId(), err)
		}
		if _, twice := out.Component(spec.Name); twice || spec.Name == "" {
			return out, sdk.Invalidf("", "component %q: empty or repeated name", spec.Name)
		}
		out.Components = append(out.Components, spec)
	}
	return out, nil
}

func toComponent(s sdk.ComponentSpec) (*pb.ComponentSpec, error) {
	options, err := try(s.Options, toOptionSpec)
	if err != nil {
		return nil, fmt.Errorf("component %q: %w", s.Name, err)
	}
	return &pb.ComponentSpec{
		Kind: pb.Kind(s.Kind), Id: s.Name, Doc: s.Doc, Options: options, Features: s.Features,
		Determinism: pb.Determinism(s.Determinism),
		Needs: &pb.Needs{
			Secrets: s.Needs.Secrets, Network: s.Needs.Network, Device: s.Needs.Device,
			MemoryBytes: s.Needs.MemoryBytes, Tables: s.Needs.Tables,
		},
		Tables: each(s.Tables, toTableSpec), License: s.License, Citation: s.Citation, Homepage: s.Homepage,
	}, nil
}

func fromComponent(m *pb.ComponentSpec) (sdk.ComponentSpec, error) {
	out := sdk.ComponentSpec{
		Kind: sdk.Kind(m.GetKind()), Name: m.GetId(), Doc: m.GetDoc(), Features: m.GetFeatures(),
		Determinism: sdk.Determinism(m.GetDeterminism()),
		Needs: sdk.Needs{
			Secrets: m.GetNeeds().GetSecrets(), Network: m.GetNeeds().GetNetwork(), Device: m.GetNeeds().GetDevice(),
			MemoryBytes: m.GetNeeds().GetMemoryBytes(), Tables: m.GetNeeds().GetTables(),
		},
		License: m.GetLicense(), Citation: m.GetCitation(), Homepage: m.GetHomepage(),
	}
	if err := known("kind", m.GetKind(), pb.Kind_KIND_LLM); err != nil {
		return out, err
	}
	if d := m.GetDeterminism(); d != 0 {
		if err := known("determinism", d, pb.Determinism_DETERMINISM_NONE); err != nil {
			return out, err
		}
	}
	var err error
	if out.Options, err = try(m.GetOptions(), fromOptionSpec); err != nil {
		return out, err
	}
	out.Tables, err = try(m.GetTables(), fromTableSpec)
	return out, err
}

func toOptionSpec(s sdk.OptionSpec) (*pb.OptionSpec, error) {
	out := &pb.OptionSpec{
		Path: s.Name, Type: pb.OptionType(s.Type), Element: pb.OptionType(s.Element), Min: s.Min, Max: s.Max,
		Choices: s.Choices, Required: s.Required, Unit: s.Unit, Doc: s.Doc, Since: s.Since, Deprecated: s.Deprecated, Neutral: s.Neutral,
	}
	if s.Default != nil {
		v, err := toValue(s.Default, 0)
		if err != nil {
			return nil, sdk.Invalidf(s.Name, "default: %v", err)
		}
		out.DefaultValue = v
	}
	return out, nil
}

func fromOptionSpec(m *pb.OptionSpec) (sdk.OptionSpec, error) {
	out := sdk.OptionSpec{
		Name: m.GetPath(), Type: sdk.OptionType(m.GetType()), Element: sdk.OptionType(m.GetElement()), Min: m.Min, Max: m.Max,
		Choices: m.GetChoices(), Required: m.GetRequired(), Unit: m.GetUnit(), Doc: m.GetDoc(), Since: m.GetSince(),
		Deprecated: m.GetDeprecated(), Neutral: m.GetNeutral(),
	}
	if err := known("option "+out.Name+": type", m.GetType(), pb.OptionType_OPTION_TYPE_TABLE); err != nil {
		return out, err
	}
	if m.GetType() == pb.OptionType_OPTION_TYPE_LIST {
		if err := known("option "+out.Name+": element type", m.GetElement(), pb.OptionType_OPTION_TYPE_ENUM); err != nil {
			return out, err
		}
	}
	if m.GetDefaultValue() != nil {
		v, err := fromValue(m.GetDefaultValue(), 0)
		if err != nil {
			return out, sdk.Invalidf(out.Name, "default: %v", err)
		}
		out.Default = v
	}
	return out, nil
}

func toTableSpec(t sdk.TableSpec) *pb.TableSpec {
	return &pb.TableSpec{Name: t.Name, Doc: t.Doc, Rows: t.Rows, Columns: each(t.Columns, func(c sdk.ColumnSpec) *pb.ColumnSpec {
		return &pb.ColumnSpec{Name: c.Name, Type: pb.ColumnType(c.Type), List: c.List, Nullable: c.Nullable, Unit: c.Unit, Doc: c.Doc}
	})}
}

func fromTableSpec(m *pb.TableSpec) (sdk.TableSpec, error) {
	columns, err := try(m.GetColumns(), func(c *pb.ColumnSpec) (sdk.ColumnSpec, error) {
		return sdk.ColumnSpec{
			Name: c.GetName(), Type: sdk.ColumnType(c.GetType()), List: c.GetList(), Nullable: c.GetNullable(), Unit: c.GetUnit(), Doc: c.GetDoc(),
		}, known("table "+m.GetName()+": column "+c.GetName()+": type", c.GetType(), pb.ColumnType_COLUMN_TYPE_STR)
	})
	return sdk.TableSpec{Name: m.GetName(), Doc: m.GetDoc(), Rows: m.GetRows(), Columns: columns}, err
}

// ToConfig makes a message.
func ToConfig(c sdk.Config) (*pb.ConfigureRequest, error) {
	options, err := ToOptions(c.Options)
	return &pb.ConfigureRequest{
		Component: c.Component, Options: options, Seed: c.Seed, Threads: int32(c.Threads), Device: c.Device,
		ScratchDir: c.ScratchDir, Secrets: c.Secrets, LogLevel: c.LogLevel,
	}, err
}

// FromConfig reads a message.
func FromConfig(m *pb.ConfigureRequest) (sdk.Config, error) {
	options, err := FromOptions(m.GetOptions())
	if err == nil && m.GetThreads() < 0 {
		err = sdk.Invalidf("", "threads: %d", m.GetThreads())
	}
	return sdk.Config{
		Component: m.GetComponent(), Options: options, Seed: m.GetSeed(), Threads: int(m.GetThreads()), Device: m.GetDevice(),
		ScratchDir: m.GetScratchDir(), Secrets: m.GetSecrets(), LogLevel: m.GetLogLevel(),
	}, err
}
