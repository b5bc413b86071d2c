package llm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// Key names a question: the SHA-256 of all that its answer may depend on.
type Key [sha256.Size]byte

// String gives the key in hex.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// keyVersion changes when anything below does, so that old journals miss
// instead of answering another question.
const keyVersion = "alignuser llm key 1"

// fields hashes values with their lengths, so that no two lists of values
// run together.
type fields struct{ hash.Hash }

func (f fields) number(v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	_, _ = f.Write(b[:]) // a hash cannot fail
}

func (f fields) text(s string) {
	f.number(uint64(len(s)))
	_, _ = f.Write([]byte(s))
}

func (f fields) float(v *float64) {
	if v == nil {
		f.number(0)
		return
	}
	f.number(1)
	f.number(math.Float64bits(*v + 0)) // -0 is 0
}

// keyOf names try number try of a question. Cell and role are not part of it:
// who asks does not change the answer.
func keyOf(identity string, r *Request, messages []sdk.Message, try int) (k Key) {
	f := fields{sha256.New()}
	f.text(keyVersion)
	f.text("ask")
	f.text(identity)
	f.number(uint64(r.Repeat))
	f.number(uint64(try))
	f.number(uint64(len(messages)))
	for _, m := range messages {
		f.number(uint64(m.Role))
		f.text(m.Content)
	}
	if r.Schema == nil {
		f.number(0)
	} else {
		f.number(1)
		f.text(string(r.Schema.Bytes()))
	}
	f.number(uint64(r.MaxTokens))
	f.float(r.Temperature)
	f.float(r.TopP)
	if r.Seed == nil {
		f.number(0)
	} else {
		f.number(1)
		f.number(*r.Seed)
	}
	f.number(uint64(r.Logprobs))
	f.number(uint64(len(r.Stop)))
	for _, s := range r.Stop {
		f.text(s)
	}
	f.Sum(k[:0])
	return k
}

// embedKey names the vector of a text.
func embedKey(identity, text string) (k Key) {
	f := fields{sha256.New()}
	f.text(keyVersion)
	f.text("embed")
	f.text(identity)
	f.text(text)
	f.Sum(k[:0])
	return k
}
