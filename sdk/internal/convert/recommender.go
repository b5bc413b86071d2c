package convert

import (
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/le"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// ToFitRequest makes a message.
func ToFitRequest(r sdk.FitRequest) *pb.FitRequest {
	return &pb.FitRequest{
		Data: ToDataRef(r.Data), Seed: r.Seed, BudgetNanos: int64(r.Budget), MemoryHintBytes: r.MemoryHint, ResumeDir: r.ResumeDir,
	}
}

// FromFitRequest reads a message.
func FromFitRequest(m *pb.FitRequest) sdk.FitRequest {
	return sdk.FitRequest{
		Data: FromDataRef(m.GetData()), Seed: m.GetSeed(), Budget: time.Duration(m.GetBudgetNanos()),
		MemoryHint: m.GetMemoryHintBytes(), ResumeDir: m.GetResumeDir(),
	}
}

// ToFitResult makes a message.
func ToFitResult(r sdk.FitResult) *pb.FitDone {
	return &pb.FitDone{Epochs: r.Epochs, Parameters: r.Parameters, Metrics: r.Metrics, DevicePeakBytes: r.DevicePeakBytes}
}

// FromFitResult reads a message.
func FromFitResult(m *pb.FitDone) sdk.FitResult {
	return sdk.FitResult{
		Epochs: m.GetEpochs(), Parameters: m.GetParameters(), Metrics: m.GetMetrics(), DevicePeakBytes: m.GetDevicePeakBytes(),
	}
}

// ToRecommendRequest makes a message. It refuses what FromRecommendRequest
// would, so that a wrong request does not travel.
func ToRecommendRequest(r sdk.RecommendRequest) (*pb.RecommendRequest, error) {
	out := &pb.RecommendRequest{
		Users: le.Bytes(r.Users), K: int32(r.K), Purpose: pb.Purpose(r.Purpose), Seed: r.Seed,
		History: toRagged(r.History), HistoryKinds: r.HistoryKinds, Exclude: toRagged(r.Exclude),
		Pages: le.Bytes(r.Pages), Sessions: le.Bytes(r.Sessions), Times: le.Bytes(r.Times),
	}
	if r.Candidates != nil {
		if out.Candidates = toRagged(*r.Candidates); out.Candidates == nil {
			out.Candidates = &pb.Ragged{}
		}
	}
	if int(out.K) != r.K {
		return nil, sdk.Invalidf("", "k = %d", r.K)
	}
	_, err := FromRecommendRequest(out)
	return out, err
}

// FromRecommendRequest reads a message.
func FromRecommendRequest(m *pb.RecommendRequest) (sdk.RecommendRequest, error) {
	out := sdk.RecommendRequest{K: int(m.GetK()), Purpose: sdk.Purpose(m.GetPurpose()), Seed: m.GetSeed(), HistoryKinds: m.GetHistoryKinds()}
	var err error
	if out.Users, err = users(m.GetUsers()); err != nil {
		return out, err
	}
	rows := len(out.Users)
	if err := checkPlaces(rows, out.K); err != nil {
		return out, err
	}
	if err := known("purpose", m.GetPurpose(), pb.Purpose_PURPOSE_RANKING); err != nil {
		return out, err
	}
	if out.History, err = fromRagged("history", m.GetHistory(), rows); err != nil {
		return out, err
	}
	if err := checkKinds(out.HistoryKinds, len(out.History.Items)); err != nil {
		return out, err
	}
	if out.Exclude, err = fromRagged("exclude", m.GetExclude(), rows); err != nil {
		return out, err
	}
	if m.GetCandidates() != nil {
		candidates, err := fromRagged("candidates", m.GetCandidates(), rows)
		if err != nil {
			return out, err
		}
		out.Candidates = &candidates
	}
	if out.Pages, err = optional[int32]("pages", m.GetPages(), rows); err != nil {
		return out, err
	}
	if out.Sessions, err = optional[int64]("sessions", m.GetSessions(), rows); err != nil {
		return out, err
	}
	out.Times, err = optional[int64]("times", m.GetTimes(), rows)
	return out, err
}

func checkPlaces(rows, k int) error {
	if k < 0 {
		return sdk.Invalidf("", "k = %d", k)
	}
	if int64(rows)*int64(k) > MaxPlaces {
		return &sdk.Error{Kind: sdk.ErrTooLarge, Msg: "users x k exceeds 2,097,152 places: ask for fewer users at once"}
	}
	return nil
}

func checkKinds(kinds []uint8, items int) error {
	if err := lengths(items, "history kinds", len(kinds)); err != nil {
		return err
	}
	for _, k := range kinds {
		if k > sdk.HistoryDisliked {
			return sdk.Invalidf("", "history kinds: %d", k)
		}
	}
	return nil
}

// ToRecommendReply makes a message out of an answer to rows users and k places.
func ToRecommendReply(r sdk.RecommendReply, rows, k int) (*pb.RecommendResponse, error) {
	if err := checkReply(r, rows, k); err != nil {
		return nil, err
	}
	return &pb.RecommendResponse{
		Counts: le.Bytes(r.Counts), Items: le.Bytes(r.Items), Scores: le.Bytes(r.Scores),
		ComputeNanos: r.ComputeNanos, ModelEpoch: r.ModelEpoch, Reasons: r.Reasons,
	}, nil
}

// FromRecommendReply reads a message for rows users and k places.
func FromRecommendReply(m *pb.RecommendResponse, rows, k int) (sdk.RecommendReply, error) {
	out := sdk.RecommendReply{ComputeNanos: m.GetComputeNanos(), ModelEpoch: m.GetModelEpoch(), Reasons: m.GetReasons()}
	var err error
	if out.Counts, err = column[int32]("counts", m.GetCounts(), rows); err != nil {
		return out, err
	}
	if out.Items, err = column[int32]("items", m.GetItems(), rows*k); err != nil {
		return out, err
	}
	if out.Scores, err = column[float32]("scores", m.GetScores(), rows*k); err != nil {
		return out, err
	}
	return out, checkReply(out, rows, k)
}

// checkReply checks the shape; what the numbers mean is the host's to judge.
func checkReply(r sdk.RecommendReply, rows, k int) error {
	if err := lengths(rows, "counts", len(r.Counts)); err != nil {
		return err
	}
	if err := lengths(rows*k, "items", len(r.Items)); err != nil {
		return err
	}
	if err := lengths(rows*k, "scores", len(r.Scores)); err != nil {
		return err
	}
	if len(r.Reasons) != 0 {
		if err := lengths(rows*k, "reasons", len(r.Reasons)); err != nil {
			return err
		}
	}
	for row, n := range r.Counts {
		if n < 0 || int(n) > k {
			return sdk.Invalidf("", "counts: row %d: %d of %d places", row, n, k)
		}
	}
	return nil
}

// ToScoreRequest makes a message.
func ToScoreRequest(r sdk.ScoreRequest) (*pb.ScoreRequest, error) {
	out := &pb.ScoreRequest{Users: le.Bytes(r.Users)}
	if r.Candidates != nil {
		if out.Candidates = toRagged(*r.Candidates); out.Candidates == nil {
			out.Candidates = &pb.Ragged{}
		}
	}
	_, err := FromScoreRequest(out)
	return out, err
}

// FromScoreRequest reads a message.
func FromScoreRequest(m *pb.ScoreRequest) (sdk.ScoreRequest, error) {
	var out sdk.ScoreRequest
	var err error
	if out.Users, err = users(m.GetUsers()); err != nil || m.GetCandidates() == nil {
		return out, err
	}
	candidates, err := fromRagged("candidates", m.GetCandidates(), len(out.Users))
	out.Candidates = &candidates
	return out, err
}

// CheckScores checks the number of scores: one per candidate, or the same for
// every user where all items are meant.
func CheckScores(r sdk.ScoreRequest, n int) error {
	if r.Candidates != nil {
		return lengths(len(r.Candidates.Items), "scores", n)
	}
	if len(r.Users) == 0 && n != 0 || len(r.Users) > 0 && n%len(r.Users) != 0 {
		return sdk.Invalidf("", "scores: %d values for %d users", n, len(r.Users))
	}
	return nil
}

// ToUpdateRequest makes a message.
func ToUpdateRequest(r sdk.UpdateRequest) (*pb.UpdateRequest, error) {
	out := &pb.UpdateRequest{
		Users: le.Bytes(r.Users), Items: le.Bytes(r.Items), Kinds: r.Kinds,
		Values: le.Bytes(r.Values), Times: le.Bytes(r.Times), Sessions: le.Bytes(r.Sessions),
	}
	_, err := FromUpdateRequest(out)
	return out, err
}

// FromUpdateRequest reads a message.
func FromUpdateRequest(m *pb.UpdateRequest) (sdk.UpdateRequest, error) {
	out := sdk.UpdateRequest{Kinds: m.GetKinds()}
	var err error
	if out.Users, err = le.Slice[int32](m.GetUsers()); err != nil {
		return out, sdk.Invalidf("", "users: %v", err)
	}
	rows := len(out.Users)
	if out.Items, err = column[int32]("items", m.GetItems(), rows); err != nil {
		return out, err
	}
	if err := lengths(rows, "kinds", len(out.Kinds)); err != nil {
		return out, err
	}
	if out.Values, err = column[float32]("values", m.GetValues(), rows); err != nil {
		return out, err
	}
	if out.Times, err = column[int64]("times", m.GetTimes(), rows); err != nil {
		return out, err
	}
	if out.Sessions, err = column[int64]("sessions", m.GetSessions(), rows); err != nil {
		return out, err
	}
	for i := range out.Users {
		if out.Users[i] < -1 || out.Items[i] < 0 {
			return out, sdk.Invalidf("", "event %d: user %d, item %d", i, out.Users[i], out.Items[i])
		}
	}
	return out, nil
}
