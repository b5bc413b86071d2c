package openaitest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
)

// dimensions of every embedding, unless a request asks for others.
const dimensions = 16

// embeddings answers with vectors of length one that depend on the text alone.
func embeddings(r *Request) *Behaviour {
	var q struct {
		Input      json.RawMessage `json:"input"`
		Format     string          `json:"encoding_format"`
		Dimensions int             `json:"dimensions"`
	}
	var texts []string
	if err := json.Unmarshal(r.Body, &q); err != nil {
		return wrong("", "", "We could not parse the JSON body of your request: %v", err)
	}
	if json.Unmarshal(q.Input, &texts) != nil {
		var one string
		if json.Unmarshal(q.Input, &one) != nil {
			return wrong("input", "", "'$.input' is invalid: want a string or a list of strings")
		}
		texts = []string{one}
	}
	if len(texts) == 0 || len(texts) > 2048 {
		return wrong("input", "", "'$.input' is invalid: want 1 to 2048 texts, have %d", len(texts))
	}
	if q.Dimensions == 0 {
		q.Dimensions = dimensions
	}
	data, tokens := []any{}, 0
	for i, text := range texts {
		if text == "" {
			return wrong("input", "", "'$.input' is invalid: input cannot be an empty string")
		}
		tokens += (len(text) + 3) / 4
		data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": encoded(vector(text, q.Dimensions), q.Format)})
	}
	return ok(map[string]any{
		"object": "list", "data": data, "model": r.Model,
		"usage": map[string]any{"prompt_tokens": tokens, "total_tokens": tokens},
	})
}

func vector(text string, n int) []float32 {
	out, sum := make([]float32, n), 0.0
	for i := range out {
		h := fnv.New64a()
		_, _ = h.Write([]byte{byte(i), byte(i >> 8)}) // a hash cannot fail
		_, _ = h.Write([]byte(text))
		v := float64(int64(h.Sum64()>>11))/(1<<53) - 0.5
		out[i] = float32(v)
		sum += v * v
	}
	for i := range out {
		out[i] /= float32(math.Sqrt(sum))
	}
	return out
}

func encoded(v []float32, format string) any {
	if format != "base64" {
		return v
	}
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}
