package llm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/alignuser/alignuser/sdk"
)

// entry is what is kept of one try of a question, or of one embedded text.
// What the answer is worth is judged anew each time it is read.
type entry struct {
	Text        string
	JSON        []byte
	Finish      sdk.FinishReason
	Choices     []sdk.ChoiceProbabilities
	Tokens      []sdk.TokenLogprob
	Vector      []float32
	Usage       sdk.Usage
	Model       string
	Fingerprint string
}

// An entry on disk is a form byte, the CRC-32C of key and body, and the body,
// compressed where that pays. The sum covers the key, so that an entry in the
// wrong place shows, too.
const (
	formPlain = 1
	formZstd  = 2

	entryHead   = 1 + 4
	packAbove   = 256
	maxEntry    = 64 << 20
	maxNesting  = 1 // alternatives of a token have none of their own
	sameAsText  = 1 // the JSON is the text
	jsonApart   = 2
	jsonMissing = 0
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errEntry   = errors.New("the answer is damaged")
)

func entrySum(k Key, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(k[:], castagnoli), castagnoli, body)
}

// packer compresses and unpacks. One is shared by all goroutines.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newPacker() (*packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxEntry))
	if err != nil {
		return nil, err
	}
	return &packer{enc, dec}, nil
}

func (p *packer) close() {
	_ = p.enc.Close() // nothing is pending
	p.dec.Close()
}

// pack gives the form for the disk.
func (p *packer) pack(k Key, e *entry) []byte {
	body := e.append(nil)
	out := make([]byte, entryHead, entryHead+len(body))
	binary.LittleEndian.PutUint32(out[1:], entrySum(k, body))
	if len(body) > packAbove {
		if packed := p.enc.EncodeAll(body, out); len(packed) < entryHead+len(body) {
			packed[0] = formZstd
			return packed
		}
	}
	out[0] = formPlain
	return append(out[:entryHead], body...)
}

// body gives the checked body of an entry from the disk.
func (p *packer) body(k Key, raw []byte) ([]byte, error) {
	if len(raw) < entryHead {
		return nil, errEntry
	}
	body := raw[entryHead:]
	switch raw[0] {
	case formPlain:
	case formZstd:
		var err error
		if body, err = p.dec.DecodeAll(body, nil); err != nil {
			return nil, fmt.Errorf("%w: %w", errEntry, err)
		}
	default:
		return nil, fmt.Errorf("%w: form %d", errEntry, raw[0])
	}
	if entrySum(k, body) != binary.LittleEndian.Uint32(raw[1:]) {
		return nil, fmt.Errorf("%w: its checksum differs", errEntry)
	}
	return body, nil
}

// plain gives an entry in its uncompressed form, which is what cassettes hold.
func (p *packer) plain(k Key, raw []byte) ([]byte, error) {
	body, err := p.body(k, raw)
	if err != nil {
		return nil, err
	}
	out := make([]byte, entryHead, entryHead+len(body))
	out[0] = formPlain
	copy(out[1:], raw[1:entryHead])
	return append(out, body...), nil
}

func (p *packer) unpack(k Key, raw []byte) (*entry, error) {
	body, err := p.body(k, raw)
	if err != nil {
		return nil, err
	}
	r := &reader{rest: body}
	e := r.entry()
	if r.bad || len(r.rest) > 0 {
		return nil, errEntry
	}
	return e, nil
}

func (e *entry) append(b []byte) []byte {
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	number := func(v int64) { b = binary.AppendVarint(b, v) }
	floats := func(v []float32) {
		b = binary.AppendUvarint(b, uint64(len(v)))
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	text(e.Text)
	switch {
	case e.JSON == nil:
		b = append(b, jsonMissing)
	case string(e.JSON) == e.Text:
		b = append(b, sameAsText)
	default:
		b = append(b, jsonApart)
		text(string(e.JSON))
	}
	number(int64(e.Finish))
	text(e.Model)
	text(e.Fingerprint)
	u := e.Usage
	for _, v := range []int64{u.PromptTokens, u.CachedTokens, u.CompletionTokens, u.ReasoningTokens, u.Requests, u.CostMicros, int64(u.ProviderWait)} {
		number(v)
	}
	text(u.Currency)
	b = binary.AppendUvarint(b, uint64(len(e.Choices)))
	for _, c := range e.Choices {
		text(c.Path)
		b = binary.AppendUvarint(b, uint64(len(c.Values)))
		for _, v := range c.Values {
			text(v)
		}
		floats(c.Probabilities)
	}
	b = appendTokens(b, e.Tokens, maxNesting)
	floats(e.Vector)
	return b
}

func appendTokens(b []byte, ts []sdk.TokenLogprob, depth int) []byte {
	b = binary.AppendUvarint(b, uint64(len(ts)))
	for _, t := range ts {
		b = append(binary.AppendUvarint(b, uint64(len(t.Token))), t.Token...)
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(t.Logprob))
		if depth > 0 {
			b = appendTokens(b, t.Alternatives, depth-1)
		}
	}
	return b
}

// reader takes values off a body. After the first that is not there all are zero.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) count(size int) int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > uint64(len(r.rest)-n)/uint64(size) {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

func (r *reader) bytes(n int) []byte {
	if len(r.rest) < n {
		r.bad, r.rest = true, nil
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) text() string { return string(r.bytes(r.count(1))) }

func (r *reader) number() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) float() float32 {
	b := r.bytes(4)
	if b == nil {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func (r *reader) floats() (out []float32) {
	if n := r.count(4); n > 0 {
		out = make([]float32, n)
		for i := range out {
			out[i] = r.float()
		}
	}
	return out
}

func (r *reader) tokens(depth int) (out []sdk.TokenLogprob) {
	n := r.count(5)
	for range n {
		t := sdk.TokenLogprob{Token: r.text(), Logprob: r.float()}
		if depth > 0 {
			t.Alternatives = r.tokens(depth - 1)
		}
		out = append(out, t)
	}
	return out
}

func (r *reader) entry() *entry {
	e := &entry{Text: r.text()}
	switch b := r.bytes(1); {
	case b == nil || b[0] == jsonMissing:
	case b[0] == sameAsText:
		e.JSON = []byte(e.Text)
	case b[0] == jsonApart:
		e.JSON = []byte(r.text())
	default:
		r.bad = true
	}
	e.Finish = sdk.FinishReason(r.number())
	e.Model, e.Fingerprint = r.text(), r.text()
	u := &e.Usage
	for _, v := range []*int64{&u.PromptTokens, &u.CachedTokens, &u.CompletionTokens, &u.ReasoningTokens, &u.Requests, &u.CostMicros} {
		*v = r.number()
	}
	u.ProviderWait = time.Duration(r.number())
	u.Currency = r.text()
	for range r.count(3) {
		c := sdk.ChoiceProbabilities{Path: r.text()}
		for range r.count(1) {
			c.Values = append(c.Values, r.text())
		}
		c.Probabilities = r.floats()
		e.Choices = append(e.Choices, c)
	}
	e.Tokens = r.tokens(maxNesting)
	e.Vector = r.floats()
	return e
}
