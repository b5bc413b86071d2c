package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// tableBits is the size of the table that hashed weights share.
const tableBits = 18

// rules is the version of the features: weights learned under other rules mean
// nothing.
const rules = 3

// weights is the model: a table of learned weights, and how much the prior counts.
type weights struct {
	table []float32 // nil: nothing was learned
	prior float64   // weight of the prior; 1 untuned
	name  string
	norms map[uint64]norm // of linear features, by their hash
}

// norm is where the values of a feature lay, and how wide they were spread.
type norm struct{ mean, spread float32 }

// standard brings a value to the scale on which it was learned.
func (w *weights) standard(f feature) float64 {
	if n, ok := w.norms[f.hash]; ok && f.linear {
		return float64(f.value-float64(n.mean)) / float64(n.spread)
	}
	return f.value
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
				s += float64(w.of(combine(under, f.hash)) * w.standard(f))
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
	Norms    int     `json:"norms"`   // of features
}

// maxModel bounds a model file.
const maxModel = 16 << 20

// encode gives the file: magic, header, pairs of place and weight, features with mean
// and spread, and a hash of all before it. Equal weights give equal bytes.
func (w *weights) encode(h header) ([]byte, error) {
	h.Rules, h.Bits, h.Prior, h.Weights, h.Norms = rules, tableBits, w.prior, 0, len(w.norms)
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
	for _, hash := range slices.Sorted(maps.Keys(w.norms)) {
		out = binary.LittleEndian.AppendUint64(out, hash)
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(w.norms[hash].mean))
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(w.norms[hash].spread))
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
	case h.Weights < 0 || h.Norms < 0 || h.Weights > maxModel || h.Norms > maxModel || len(body) != 8*h.Weights+16*h.Norms:
		return nil, fmt.Errorf("damaged: %d bytes for %d weights and %d features", len(body), h.Weights, h.Norms)
	case !(math.Abs(h.Prior) < 1e6):
		return nil, fmt.Errorf("damaged: prior %v", h.Prior)
	}
	sum := sha256.Sum256(raw)
	w := &weights{table: make([]float32, 1<<tableBits), prior: h.Prior, name: fmt.Sprintf("embedded-%d-%s", rules, hex.EncodeToString(sum[:6]))}
	norms := body[8*h.Weights:]
	for body = body[:8*h.Weights]; len(body) > 0; body = body[8:] {
		i, v := binary.LittleEndian.Uint32(body), math.Float32frombits(binary.LittleEndian.Uint32(body[4:]))
		if i >= 1<<tableBits || v-v != 0 {
			return nil, fmt.Errorf("damaged: weight %d is %v", i, v)
		}
		w.table[i] = v
	}
	if h.Norms > 0 {
		w.norms = make(map[uint64]norm, h.Norms)
	}
	for ; len(norms) > 0; norms = norms[16:] {
		n := norm{math.Float32frombits(binary.LittleEndian.Uint32(norms[8:])), math.Float32frombits(binary.LittleEndian.Uint32(norms[12:]))}
		if !(n.spread > 0) || n.mean-n.mean != 0 || n.spread-n.spread != 0 {
			return nil, fmt.Errorf("damaged: a feature of mean %v and spread %v", n.mean, n.spread)
		}
		w.norms[binary.LittleEndian.Uint64(norms)] = n
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
