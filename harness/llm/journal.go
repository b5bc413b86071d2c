package llm

import "errors"

var errUnbuilt = errors.New("not built yet")

// Key names a question: the SHA-256 of all that its answer may depend on.
type Key [32]byte

// Store is where answers are looked for: a [Journal] or a [Cassette].
type Store interface {
	// Lookup gives the encoded answer; ok is false where there is none.
	Lookup(Key) (entry []byte, ok bool, err error)
}

// Binding says whose answers a file holds. Nothing in it may be a secret.
type Binding struct {
	Suite     string `json:"suite"`     // its name
	Run       string `json:"run"`       // the run's id
	Signature string `json:"signature"` // of the run; empty: not known yet
}

// Journal keeps answers and what they cost in one file that one process may
// write. Its methods may be called from several goroutines.
type Journal struct{}

// OpenJournal opens or begins the journal of a run. A journal that is damaged,
// in use, of another format or of another run is an error that says so.
func OpenJournal(path string, b Binding) (*Journal, error) { return nil, errUnbuilt }

// ReadJournal opens a journal that is no longer written, as a layer.
func ReadJournal(path string) (*Journal, error) { return nil, errUnbuilt }

// Binding says whose journal it is.
func (j *Journal) Binding() Binding { return Binding{} }

// Len counts the answers.
func (j *Journal) Len() int { return 0 }

// Lookup implements [Store].
func (j *Journal) Lookup(Key) (entry []byte, ok bool, err error) { return nil, false, errUnbuilt }

// Close waits for what is being written and closes the file.
func (j *Journal) Close() error { return nil }
