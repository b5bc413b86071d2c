package convert

import (
	"fmt"

	"github.com/alignuser/alignuser/sdk"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// maxDepth bounds the nesting of option values.
const maxDepth = 16

// ToOptions makes a message map. Values must be of the types of sdk.Options.
func ToOptions(o sdk.Options) (map[string]*pb.Value, error) {
	out := make(map[string]*pb.Value, len(o))
	for name, v := range o {
		w, err := toValue(v, 0)
		if err != nil {
			return nil, sdk.Invalidf(name, "%v", err)
		}
		out[name] = w
	}
	return out, nil
}

// FromOptions reads a message map.
func FromOptions(m map[string]*pb.Value) (sdk.Options, error) {
	out := make(sdk.Options, len(m))
	for name, w := range m {
		v, err := fromValue(w, 0)
		if err != nil {
			return nil, sdk.Invalidf(name, "%v", err)
		}
		out[name] = v
	}
	return out, nil
}

func toValue(v any, depth int) (*pb.Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case bool:
		return &pb.Value{Kind: &pb.Value_BoolValue{BoolValue: v}}, nil
	case int64:
		return &pb.Value{Kind: &pb.Value_IntValue{IntValue: v}}, nil
	case int:
		return &pb.Value{Kind: &pb.Value_IntValue{IntValue: int64(v)}}, nil
	case float64:
		return &pb.Value{Kind: &pb.Value_FloatValue{FloatValue: v}}, nil
	case string:
		return &pb.Value{Kind: &pb.Value_StringValue{StringValue: v}}, nil
	case []any:
		list := &pb.ListValue{}
		for i, e := range v {
			w, err := toValue(e, depth+1)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i+1, err)
			}
			list.Values = append(list.Values, w)
		}
		return &pb.Value{Kind: &pb.Value_ListValue{ListValue: list}}, nil
	case map[string]any:
		table := &pb.TableValue{Entries: make(map[string]*pb.Value, len(v))}
		for key, e := range v {
			w, err := toValue(e, depth+1)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			table.Entries[key] = w
		}
		return &pb.Value{Kind: &pb.Value_TableValue{TableValue: table}}, nil
	}
	return nil, fmt.Errorf("no option can hold a %T", v)
}

func fromValue(w *pb.Value, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch k := w.GetKind().(type) {
	case *pb.Value_BoolValue:
		return k.BoolValue, nil
	case *pb.Value_IntValue:
		return k.IntValue, nil
	case *pb.Value_FloatValue:
		return k.FloatValue, nil
	case *pb.Value_StringValue:
		return k.StringValue, nil
	case *pb.Value_ListValue:
		out := []any{}
		for i, e := range k.ListValue.GetValues() {
			v, err := fromValue(e, depth+1)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i+1, err)
			}
			out = append(out, v)
		}
		return out, nil
	case *pb.Value_TableValue:
		out := make(map[string]any, len(k.TableValue.GetEntries()))
		for key, e := range k.TableValue.GetEntries() {
			v, err := fromValue(e, depth+1)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			out[key] = v
		}
		return out, nil
	}
	return nil, fmt.Errorf("no value")
}

// ToDiagnostics makes messages.
func ToDiagnostics(ds []sdk.Diagnostic) []*pb.Diagnostic { return each(ds, toDiagnostic) }

// FromDiagnostics reads messages; an unknown severity counts as an error.
func FromDiagnostics(ds []*pb.Diagnostic) []sdk.Diagnostic { return each(ds, fromDiagnostic) }

func toDiagnostic(d sdk.Diagnostic) *pb.Diagnostic {
	return &pb.Diagnostic{Severity: pb.Severity(d.Severity), OptionPath: d.Option, Summary: d.Summary, Detail: d.Detail}
}

func fromDiagnostic(d *pb.Diagnostic) sdk.Diagnostic {
	severity := sdk.SeverityError
	if d.GetSeverity() == pb.Severity_SEVERITY_WARNING {
		severity = sdk.SeverityWarning
	}
	return sdk.Diagnostic{Severity: severity, Option: clip(d.GetOptionPath()), Summary: clip(d.GetSummary()), Detail: clip(d.GetDetail())}
}
