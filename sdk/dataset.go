package sdk

import "context"

// Dataset is read once by the host, which re-indexes, checks, hashes and keeps
// what it read.
type Dataset interface {
	Component
	// Prepare finds, downloads, verifies or generates the data.
	Prepare(ctx context.Context, r PrepareRequest, emit Emit) (PrepareResult, error)
	// Read yields a table in chunks of at most [MaxChunkRows] rows; Cut makes
	// them. Every read of a table is identical.
	Read(ctx context.Context, r ReadRequest, yield func(Chunk) error) error
}

// Responder is feature "respond": a planted population whose true reaction to
// any slate is known. The host's controls ask it; nothing else ever does.
type Responder interface {
	Respond(ctx context.Context, r RespondRequest) (RespondReply, error)
}

// Tables that the host knows. Others may be declared and are ignored.
const (
	TableUsers        = "users"        // uid str, and attributes
	TableItems        = "items"        // iid str, title str; categories list of str, summary str, year i32
	TableInteractions = "interactions" // user i32, item i32; value f32, time i64, kind u8
	TableSessions     = "sessions"     // one row per shown card, see docs/contract.md
	TableValid        = "valid"        // the validation part, for recommenders that ask
)

// PrepareRequest says where a dataset may keep files.
type PrepareRequest struct {
	CacheDir         string // writable, kept between runs
	Offline          bool   // true: the network must not be used
	AcceptedLicenses []string
}

// PrepareResult identifies the data.
type PrepareResult struct {
	Sources  []File // equal sources and options give equal tables
	Version  string
	License  string
	Citation string
	Scale    *Scale // nil: implicit data, which has no value
	Planted  bool   // generated from a model of people
}

// Scale of interaction values.
type Scale struct {
	Min, Max, Step    float64
	LikeAt, DislikeAt float64
}

// ReadRequest names a table and columns; no columns means all.
type ReadRequest struct {
	Table   string
	Columns []string
}

// TableSpec declares a table.
type TableSpec struct {
	Name    string
	Doc     string
	Columns []ColumnSpec
	Rows    int64 // 0: unknown before Read
}

// ColumnSpec declares a column.
type ColumnSpec struct {
	Name     string
	Type     ColumnType
	List     bool
	Nullable bool // may hold missing values, and may be absent where options leave nothing to hold
	Unit     string
	Doc      string
}

// RespondRequest asks how n users would act on one page each. Users and items
// are row numbers of the dataset's own tables.
type RespondRequest struct {
	Users     []int32
	Pages     []int32 // 0-based
	Exposures []int64 // which session of the user this is
	Stream    uint64  // independent randomness for equal everything else
	Slates    Ragged
	History   Ragged // what earlier pages of the session showed
	// One per history item. Value is NaN where the item was not watched.
	HistoryPages   []int32
	HistoryWatched []uint8
	HistoryValues  []float32
}

// RespondReply gives, per slate card, the sampled decision with its
// probability and the value with its expectation, and per user whether the
// session ends after the page.
type RespondReply struct {
	Watched          []uint8
	WatchProbability []float32
	Values           []float32 // NaN: not watched
	ExpectedValues   []float32
	Left             []uint8
	LeaveProbability []float32
}
