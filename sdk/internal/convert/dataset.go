package convert

import (
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/le"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// ToPrepareRequest makes a message.
func ToPrepareRequest(r sdk.PrepareRequest) *pb.PrepareRequest {
	return &pb.PrepareRequest{CacheDir: r.CacheDir, Offline: r.Offline, AcceptedLicenses: r.AcceptedLicenses}
}

// FromPrepareRequest reads a message.
func FromPrepareRequest(m *pb.PrepareRequest) sdk.PrepareRequest {
	return sdk.PrepareRequest{CacheDir: m.GetCacheDir(), Offline: m.GetOffline(), AcceptedLicenses: m.GetAcceptedLicenses()}
}

// ToPrepareResult makes a message.
func ToPrepareResult(r sdk.PrepareResult) *pb.PrepareDone {
	out := &pb.PrepareDone{
		Sources: ToFiles(r.Sources), Version: r.Version, License: r.License, Citation: r.Citation, Planted: r.Planted,
	}
	if s := r.Scale; s != nil {
		out.Scale = &pb.Scale{Min: s.Min, Max: s.Max, Step: s.Step, LikeAt: s.LikeAt, DislikeAt: s.DislikeAt}
	}
	return out
}

// FromPrepareResult reads a message.
func FromPrepareResult(m *pb.PrepareDone) sdk.PrepareResult {
	out := sdk.PrepareResult{
		Sources: FromFiles(m.GetSources()), Version: m.GetVersion(), License: m.GetLicense(), Citation: m.GetCitation(), Planted: m.GetPlanted(),
	}
	if s := m.GetScale(); s != nil {
		out.Scale = &sdk.Scale{Min: s.GetMin(), Max: s.GetMax(), Step: s.GetStep(), LikeAt: s.GetLikeAt(), DislikeAt: s.GetDislikeAt()}
	}
	return out
}

// ToRespondRequest makes a message.
func ToRespondRequest(r sdk.RespondRequest) (*pb.RespondRequest, error) {
	out := &pb.RespondRequest{
		Users: le.Bytes(r.Users), Pages: le.Bytes(r.Pages), Exposures: le.Bytes(r.Exposures), Stream: r.Stream,
		Slates: toRagged(r.Slates), History: toRagged(r.History),
		HistoryPages: le.Bytes(r.HistoryPages), HistoryWatched: r.HistoryWatched, HistoryValues: le.Bytes(r.HistoryValues),
	}
	_, err := FromRespondRequest(out)
	return out, err
}

// FromRespondRequest reads a message.
func FromRespondRequest(m *pb.RespondRequest) (sdk.RespondRequest, error) {
	out := sdk.RespondRequest{Stream: m.GetStream(), HistoryWatched: m.GetHistoryWatched()}
	var err error
	if out.Users, err = users(m.GetUsers()); err != nil {
		return out, err
	}
	rows := len(out.Users)
	if out.Pages, err = column[int32]("pages", m.GetPages(), rows); err != nil {
		return out, err
	}
	if out.Exposures, err = column[int64]("exposures", m.GetExposures(), rows); err != nil {
		return out, err
	}
	if out.Slates, err = fromRagged("slates", m.GetSlates(), rows); err != nil {
		return out, err
	}
	if out.History, err = fromRagged("history", m.GetHistory(), rows); err != nil {
		return out, err
	}
	items := len(out.History.Items)
	if out.HistoryPages, err = column[int32]("history pages", m.GetHistoryPages(), items); err != nil {
		return out, err
	}
	if err := lengths(items, "history watched", len(out.HistoryWatched)); err != nil {
		return out, err
	}
	out.HistoryValues, err = column[float32]("history values", m.GetHistoryValues(), items)
	return out, err
}

// ToRespondReply makes a message out of an answer to rows users and a number of cards.
func ToRespondReply(r sdk.RespondReply, rows, cards int) (*pb.RespondResponse, error) {
	out := &pb.RespondResponse{
		Watched: r.Watched, WatchProbability: le.Bytes(r.WatchProbability), Values: le.Bytes(r.Values),
		ExpectedValues: le.Bytes(r.ExpectedValues), Left: r.Left, LeaveProbability: le.Bytes(r.LeaveProbability),
	}
	_, err := FromRespondReply(out, rows, cards)
	return out, err
}

// FromRespondReply reads a message for rows users and a number of cards.
func FromRespondReply(m *pb.RespondResponse, rows, cards int) (sdk.RespondReply, error) {
	out := sdk.RespondReply{Watched: m.GetWatched(), Left: m.GetLeft()}
	if err := lengths(cards, "watched", len(out.Watched)); err != nil {
		return out, err
	}
	if err := lengths(rows, "left", len(out.Left)); err != nil {
		return out, err
	}
	var err error
	if out.WatchProbability, err = column[float32]("watch probability", m.GetWatchProbability(), cards); err != nil {
		return out, err
	}
	if out.Values, err = column[float32]("values", m.GetValues(), cards); err != nil {
		return out, err
	}
	if out.ExpectedValues, err = column[float32]("expected values", m.GetExpectedValues(), cards); err != nil {
		return out, err
	}
	out.LeaveProbability, err = column[float32]("leave probability", m.GetLeaveProbability(), rows)
	return out, err
}
