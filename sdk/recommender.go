package sdk

import (
	"context"
	"time"
)

// Recommender is fitted once and then asked for slates. Recommend is
// stateless: its answer depends on the request and the fitted model only, not
// on earlier calls, on how users were batched, or on their order.
type Recommender interface {
	Component
	// Fit learns from the training part. It returns early with ctx's error
	// when ctx ends.
	Fit(ctx context.Context, r FitRequest, emit Emit) (FitResult, error)
	// Recommend answers up to K items for each user. It may be called
	// concurrently.
	Recommend(ctx context.Context, r RecommendRequest) (RecommendReply, error)
}

// Scorer is feature "score": values for given user-item pairs.
type Scorer interface {
	// Score answers one value per candidate, row after row. All are finite,
	// but NaN may say "no prediction" where [FeaturePredictValues] is declared.
	Score(ctx context.Context, r ScoreRequest) ([]float32, error)
}

// Updater is feature "update": learning from events while serving. It makes
// the arm stateful, which the leaderboard says.
type Updater interface {
	Update(ctx context.Context, r UpdateRequest) (UpdateResult, error)
}

// Saver is feature "save": a fitted model as files.
type Saver interface {
	// Save writes the model into an existing empty folder.
	Save(ctx context.Context, dir string) (SaveResult, error)
	// Load replaces Fit in a fresh process. Data is the training part the
	// model was fitted on.
	Load(ctx context.Context, dir string, data DataRef) error
}

// DataRef names a read-only folder of raw column files; package columns opens it.
type DataRef struct {
	Dir            string
	ManifestSHA256 string // lower-case hex
	Format         string // "raw-le/1"
}

// FitRequest says what to learn from.
type FitRequest struct {
	Data       DataRef // table "interactions", and those in Needs.Tables
	Seed       uint64
	Budget     time.Duration // 0: no limit
	MemoryHint int64         // bytes; 0: none
	ResumeDir  string        // a checkpoint to go on from; empty: start
}

// FitResult says what was learnt.
type FitResult struct {
	Epochs          int64
	Parameters      int64
	Metrics         map[string]float64
	DevicePeakBytes int64
}

// Purpose says what a slate is for.
type Purpose int

// A page of a simulated session, or the head of a ranking of the catalogue.
const (
	PurposePage Purpose = iota + 1
	PurposeRanking
)

// Kinds of history items.
const (
	HistoryShown uint8 = iota
	HistoryWatched
	HistoryLiked
	HistoryDisliked
)

// RecommendRequest is a batch of at most 1,024 users.
type RecommendRequest struct {
	Users        []int32 // -1: a user never seen
	K            int
	Purpose      Purpose
	Seed         uint64  // orders equal scores, see TieHash
	History      Ragged  // what the session showed so far, oldest first
	HistoryKinds []uint8 // one per history item
	Exclude      Ragged  // items that must not be answered
	Candidates   *Ragged // nil: all items
	Pages        []int32 // optional, one per user
	Sessions     []int64 // optional, one per user
	Times        []int64 // optional, unix seconds, one per user
}

// RecommendReply answers a RecommendRequest of n users.
type RecommendReply struct {
	Counts       []int32   // n: how many of the K places are used
	Items        []int32   // n x K, best first, padded with -1
	Scores       []float32 // n x K, finite and not increasing, padded with 0
	ComputeNanos int64     // filled in by the SDK
	ModelEpoch   int64
	Reasons      []string // nil, or n x K
}

// NewReply makes an empty reply of the right shape.
func NewReply(users, k int) RecommendReply {
	r := RecommendReply{Counts: make([]int32, users), Items: make([]int32, users*k), Scores: make([]float32, users*k)}
	for i := range r.Items {
		r.Items[i] = -1
	}
	return r
}

// ScoreRequest asks for values of pairs.
type ScoreRequest struct {
	Users      []int32
	Candidates *Ragged // nil: every item, in id order
}

// UpdateRequest is a run of events in order of session and time; all columns
// have equal lengths.
type UpdateRequest struct {
	Users, Items []int32
	Kinds        []uint8
	Values       []float32
	Times        []int64
	Sessions     []int64
}

// UpdateResult says how many events were taken.
type UpdateResult struct {
	Accepted   int64
	ModelEpoch int64
}

// SaveResult lists what Save wrote.
type SaveResult struct {
	Files  []File
	Format string
}
