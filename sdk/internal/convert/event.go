package convert

import (
	"github.com/alignuser/alignuser/sdk"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// ToEvent makes a message; nil for an event that contract v1 does not have.
func ToEvent(e sdk.Event) *pb.Event {
	switch e := e.(type) {
	case sdk.Progress:
		return &pb.Event{Kind: &pb.Event_Progress{Progress: &pb.Progress{
			Stage: e.Stage, Step: e.Step, Total: e.Total, Metrics: e.Metrics, Message: e.Message,
		}}}
	case sdk.Warning:
		return &pb.Event{Kind: &pb.Event_Warning{Warning: toDiagnostic(e.Diagnostic)}}
	case sdk.Checkpoint:
		return &pb.Event{Kind: &pb.Event_Checkpoint{Checkpoint: toFile(e.File)}}
	}
	return nil
}

// Heartbeat makes a message.
func Heartbeat() *pb.Event {
	return &pb.Event{Kind: &pb.Event_Heartbeat{Heartbeat: &pb.Heartbeat{}}}
}

// FromEvent reads a message; nil for a heartbeat and for what is unknown, which
// both only say that the plugin lives.
func FromEvent(m *pb.Event) sdk.Event {
	switch k := m.GetKind().(type) {
	case *pb.Event_Progress:
		p := k.Progress
		return sdk.Progress{Stage: clip(p.GetStage()), Step: p.GetStep(), Total: p.GetTotal(), Metrics: p.GetMetrics(), Message: clip(p.GetMessage())}
	case *pb.Event_Warning:
		return sdk.Warning{Diagnostic: fromDiagnostic(k.Warning)}
	case *pb.Event_Checkpoint:
		return sdk.Checkpoint{File: fromFile(k.Checkpoint)}
	}
	return nil
}
