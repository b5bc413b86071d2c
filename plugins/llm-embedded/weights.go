package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/alignuser/alignuser/sdk"
)

// tableBits is the size of the table that hashed weights share.
const tableBits = 18

// rules is the version of the features: weights learned under other rules mean
// nothing.
const rules = 1

// weights is the model: a table of learned weights, and how much the prior counts.
type weights struct {
	table []float32 // nil: nothing was learned
	prior float64   // weight of the prior; 1 untuned
	name  string
}

func untuned() *weights { return &weights{prior: 1, name: fmt.Sprintf("embedded-%d", rules)} }

// of gives the learned weight of a hash.
func (w *weights) of(h uint64) float64 {
	if w.table == nil {
		return 0
	}
	return float64(w.table[slot(h)])
}

func slot(h uint64) uint32 { return uint32(h >> (64 - tableBits)) }

// scores gives a score for every value: the prior, and what was learned.
func (w *weights) scores(q *question) []float64 {
	out := make([]float64, len(q.values))
	for i := range out {
		s := q.lean[i]
		for _, f := range q.own[i] {
			s += float64(f.prior * f.value)
		}
		s = float64(s * w.prior)
		if w.table != nil {
			for _, f := range q.own[i] {
				s += float64(w.of(combine(q.field, f.hash)) * f.value)
			}
			under := combine(q.field, q.values[i])
			for _, f := range q.common {
				s += float64(w.of(combine(under, f.hash)) * f.value)
			}
		}
		out[i] = s
	}
	return out
}

// magic begins a model file.
const magic = "alignuser embedded model\n"

// header follows it, as a line of JSON.
type header struct {
	Rules    int     `json:"rules"`
	Bits     int     `json:"bits"`
	Prior    float64 `json:"prior"`
	Examples int     `json:"examples"`
	Choices  int     `json:"choices"`
	Seed     uint64  `json:"seed"`
	Epochs   int     `json:"epochs"`
	Rate     float64 `json:"rate"`
	L2       float64 `json:"l2"`
	Weights  int     `json:"weights"` // that are not zero
}

// maxModel bounds a model file.
const maxModel = 16 << 20

// encode gives the file: magic, header, pairs of place and weight, and a hash of
// all before it. Equal weights give equal bytes.
func (w *weights) encode(h header) ([]byte, error) {
	h.Rules, h.Bits, h.Prior, h.Weights = rules, tableBits, w.prior, 0
	for _, v := range w.table {
		if v != 0 {
			h.Weights++
		}
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	out := append([]byte(magic), append(line, '\n')...)
	for i, v := range w.table {
		if v != 0 {
			out = binary.LittleEndian.AppendUint32(out, uint32(i))
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...), nil
}

// decode reads what encode wrote.
func decode(raw []byte) (*weights, error) {
	body, ok := bytes.CutPrefix(raw, []byte(magic))
	if !ok || len(raw) < len(magic)+sha256.Size {
		return nil, errors.New("not a model of llm-embedded")
	}
	end := len(raw) - sha256.Size
	if sum := sha256.Sum256(raw[:end]); !bytes.Equal(sum[:], raw[end:]) {
		return nil, errors.New("damaged: its hash does not fit: tune it again")
	}
	body = body[:len(body)-sha256.Size]
	at := bytes.IndexByte(body, '\n')
	if at < 0 {
		return nil, errors.New("damaged: no header")
	}
	var h header
	if err := json.Unmarshal(body[:at], &h); err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	body = body[at+1:]
	switch {
	case h.Rules != rules || h.Bits != tableBits:
		return nil, fmt.Errorf("made under rules %d with 2^%d weights, this program has rules %d and 2^%d: tune it again", h.Rules, h.Bits, rules, tableBits)
	case h.Weights < 0 || len(body) != 8*h.Weights:
		return nil, fmt.Errorf("damaged: %d bytes for %d weights", len(body), h.Weights)
	case !(math.Abs(h.Prior) < 1e6):
		return nil, fmt.Errorf("damaged: prior %v", h.Prior)
	}
	sum := sha256.Sum256(raw)
	w := &weights{table: make([]float32, 1<<tableBits), prior: h.Prior, name: fmt.Sprintf("embedded-%d-%s", rules, hex.EncodeToString(sum[:6]))}
	for ; len(body) > 0; body = body[8:] {
		i, v := binary.LittleEndian.Uint32(body), math.Float32frombits(binary.LittleEndian.Uint32(body[4:]))
		if i >= 1<<tableBits || v-v != 0 {
			return nil, fmt.Errorf("damaged: weight %d is %v", i, v)
		}
		w.table[i] = v
	}
	return w, nil
}

// loadModel reads a model file.
func loadModel(path string) (*weights, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxModel {
		err = fmt.Errorf("%s: %d bytes are too many for a model", path, info.Size())
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, sdk.Invalidf("model", "%v: name a file that alignuser tuned, or leave the option out", err)
	}
	w, err := decode(raw)
	if err != nil {
		return nil, sdk.Invalidf("model", "%s: %v", path, err)
	}
	return w, nil
}
