package gate

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/alignuser/alignuser/harness/record"
)

// baselineSchema is the number of the file's layout.
const baselineSchema = 1

// maxBaseline bounds what a baseline file may unpack to: a damaged one must not
// eat the memory of whoever reads it.
const maxBaseline = 1 << 30

// Baseline is what later runs are held against.
type Baseline struct {
	Schema    int            `json:"schema"`
	Suite     string         `json:"suite"`
	Run       string         `json:"run"` // 12 hex digits
	Command   string         `json:"command"`
	Host      string         `json:"host_version"`
	Blessed   time.Time      `json:"blessed"`
	Signature string         `json:"signature"` // protocol signature
	Protocol  []record.Fact  `json:"protocol"`  // what the signature is made of
	Arms      []record.Fact  `json:"arms"`      // name and digest
	Tasks     []BaselineTask `json:"tasks"`
}

// BaselineTask is a task's users and what was measured of them.
type BaselineTask struct {
	Task    string   `json:"task"`
	Primary string   `json:"primary"` // the metric that orders the table
	Users   packed   `json:"users"`   // rows of the data set's own table
	Series  []Series `json:"series"`
}

// Series is one metric of one arm: a value per user of the task, averaged over
// repeats; NaN where the metric is undefined.
type Series struct {
	Recommender string  `json:"recommender,omitempty"`
	Agent       string  `json:"agent,omitempty"`
	Metric      string  `json:"metric"`
	Version     int     `json:"version"`
	Mean        float64 `json:"mean"` // over the users who have a value
	N           int     `json:"n"`
	Values      packed  `json:"values"`
}

// packed is a list of numbers that stands in JSON as one short string: base64 of
// zstd of little-endian float64.
type packed []float64

// MarshalJSON gives equal lists equal strings.
func (p packed) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 8*len(p))
	for i, v := range p {
		binary.LittleEndian.PutUint64(raw[8*i:], math.Float64bits(v))
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer enc.Close() //nolint:errcheck // nothing is streamed
	return json.Marshal(base64.StdEncoding.EncodeToString(enc.EncodeAll(raw, nil)))
}

// UnmarshalJSON is the inverse.
func (p *packed) UnmarshalJSON(text []byte) error {
	var coded string
	if err := json.Unmarshal(text, &coded); err != nil {
		return err
	}
	small, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		return err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxBaseline), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(small, nil)
	if err != nil {
		return err
	}
	if len(raw)%8 != 0 {
		return fmt.Errorf("%d bytes are no numbers", len(raw))
	}
	*p = make(packed, len(raw)/8)
	for i := range *p {
		(*p)[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return nil
}

// Write gives the file's bytes: JSON, a line per fact and per series, so that a
// changed baseline is a diff that people can read.
func (b *Baseline) Write(w io.Writer) error {
	b.Schema = baselineSchema
	text, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// ReadBaseline reads what Write wrote. Numbers are checked: NaN is "undefined",
// an infinity is damage.
func ReadBaseline(path string) (*Baseline, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b, err := parseBaseline(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func parseBaseline(text []byte) (*Baseline, error) {
	var head struct {
		Schema int    `json:"schema"`
		Host   string `json:"host_version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("not a baseline: %w: make one with alignuser bless", err)
	}
	if head.Schema != baselineSchema {
		return nil, fmt.Errorf("not a baseline, or one that alignuser %s wrote: schema %d, this program reads %d: make one with alignuser bless", head.Host, head.Schema, baselineSchema)
	}
	var b Baseline
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	for _, t := range b.Tasks {
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("damaged: task %s: %w", t.Task, err)
		}
	}
	return &b, nil
}

func (t BaselineTask) check() error {
	for i, u := range t.Users {
		if u != math.Trunc(u) || u < 0 || u > math.MaxInt32 || i > 0 && u <= t.Users[i-1] {
			return fmt.Errorf("user %v in place %d: want whole numbers, ascending", u, i)
		}
	}
	for _, s := range t.Series {
		if len(s.Values) != len(t.Users) {
			return fmt.Errorf("%s of %s: %d values for %d users", s.Metric, s.arm(), len(s.Values), len(t.Users))
		}
		if i := slices.IndexFunc(s.Values, func(v float64) bool { return math.IsInf(v, 0) }); i >= 0 {
			return fmt.Errorf("%s of %s: user %v has %v", s.Metric, s.arm(), t.Users[i], s.Values[i])
		}
	}
	return nil
}

// arm names the row: the recommender, the agent, or both.
func (s Series) arm() string { return record.Arm{Recommender: s.Recommender, Agent: s.Agent}.String() }

// mean over the values that there are.
func mean(values []float64) (m float64, n int) {
	sum := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN(), 0
	}
	return sum / float64(n), n
}
