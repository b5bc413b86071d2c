package sdk

// Event is something a long call says while it works: [Progress], [Warning] or
// [Checkpoint].
type Event interface{ event() }

// Emit receives events. It may be called from any goroutine until the call
// that was given it returns; the SDK drops progress beyond ten a second and
// sends heartbeats by itself.
type Emit func(Event)

// Progress says how far a stage is.
type Progress struct {
	Stage   string
	Step    int64
	Total   int64 // 0: unknown
	Metrics map[string]float64
	Message string
}

// Warning is worth a line in the run's log.
type Warning struct{ Diagnostic }

// Checkpoint names a file from which the call could go on.
type Checkpoint struct{ File }

func (Progress) event()   {}
func (Warning) event()    {}
func (Checkpoint) event() {}

// File is something a plugin found or wrote. Path is relative to the folder
// that the request named.
type File struct {
	Path   string
	Bytes  int64
	SHA256 string // lower-case hex
}
