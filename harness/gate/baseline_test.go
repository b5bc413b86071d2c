package gate

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alignuser/alignuser/harness/record"
)

func blessed(t testing.TB) []byte {
	t.Helper()
	b, err := fixture("ndcg@10", 0.5, math.NaN(), 0.25, 1).Bless(nil, time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestBaselineRoundTrip: what is read was written, NaN included, and is written
// the same again.
func TestBaselineRoundTrip(t *testing.T) {
	text := blessed(t)
	path := filepath.Join(t.TempDir(), "b.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := ReadBaseline(path)
	if err != nil {
		t.Fatal(err)
	}
	s := b.Tasks[0].Series[0]
	if s.Values[0] != 0.5 || !math.IsNaN(s.Values[1]) || s.Values[3] != 1 || s.N != 3 || b.Tasks[0].Users[3] != 3 {
		t.Errorf("%+v", b)
	}
	var again bytes.Buffer
	if err := b.Write(&again); err != nil || !bytes.Equal(again.Bytes(), text) {
		t.Errorf("%v\n%s\n%s", err, text, again.Bytes())
	}
}

// TestNobodyHasAValue: a metric that is undefined for all can be kept.
func TestNobodyHasAValue(t *testing.T) {
	c := fixture("ndcg@10", math.NaN(), math.NaN())
	c.Tasks[0].Series[0].Mean = 0
	b, err := c.Bless(nil, time.Time{})
	if err == nil {
		err = b.Write(&bytes.Buffer{})
	}
	if err != nil {
		t.Error(err)
	}
}

// TestDamagedBaselines: nothing but a whole baseline is one.
func TestDamagedBaselines(t *testing.T) {
	text := string(blessed(t))
	users := func(v ...float64) string {
		s, err := packed(v).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		return string(s)
	}
	for name, c := range map[string]struct{ text, says string }{
		"empty":         {"", "not a baseline"},
		"cut":           {text[:len(text)/2], "not a baseline"},
		"another file":  {"{}", "schema 0, this program reads 1"},
		"NaN":           {strings.Replace(text, `"n": 3`, `"n": NaN`, 1), "not a baseline: invalid character 'N'"},
		"later":         {strings.Replace(text, `"schema": 1`, `"schema": 2`, 1), "schema 2"},
		"unknown key":   {strings.Replace(text, `"suite"`, `"sweet"`, 1), `damaged: json: unknown field "sweet"`},
		"not base64":    {strings.Replace(text, users(0, 1, 2, 3), `"!"`, 1), "damaged: "},
		"not zstd":      {strings.Replace(text, users(0, 1, 2, 3), `"AAAA"`, 1), "damaged: "},
		"short":         {strings.Replace(text, users(0, 1, 2, 3), users(0, 1, 2), 1), "ndcg@10 of a: 4 values for 3 users"},
		"unordered":     {strings.Replace(text, users(0, 1, 2, 3), users(0, 1, 3, 2), 1), "user 2 in place 3: want whole numbers, ascending"},
		"twice":         {strings.Replace(text, users(0, 1, 2, 3), users(0, 1, 1, 2), 1), "user 1 in place 2"},
		"fraction":      {strings.Replace(text, users(0, 1, 2, 3), users(0, 1, 2, 2.5), 1), "user 2.5"},
		"nobody":        {strings.Replace(text, users(0, 1, 2, 3), users(0, 1, 2, math.NaN()), 1), "user NaN"},
		"infinite":      {strings.Replace(text, users(0.5, math.NaN(), 0.25, 1), users(0.5, 1, math.Inf(1), 1), 1), "user 2 has +Inf"},
		"more than all": {text + "{}", "not a baseline"},
	} {
		if _, err := parseBaseline([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestBless(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Current)
		names  []string
		says   string
	}{
		"invalid":      {func(c *Current) { c.Invalid = []string{"offline: oracle lost"} }, nil, "a control failed"},
		"unknown":      {func(*Current) {}, []string{"popular"}, `recommender "popular": the run has none of that name (there is a)`},
		"failed":       {func(c *Current) { c.Failed = []record.Fact{{Name: "a", Value: "crash"}} }, nil, "a cell of a failed: crash"},
		"failed agent": {func(c *Current) { c.Failed = []record.Fact{{Name: "a with x", Value: "crash"}} }, nil, "a cell of a with x failed"},
		"other failed": {func(c *Current) { c.Failed = []record.Fact{{Name: "ab", Value: "crash"}} }, nil, ""},
		"nothing":      {func(c *Current) { c.Tasks = nil }, nil, "nothing to bless"},
	} {
		now := fixture("ndcg@10", 1, 1)
		c.change(now)
		_, err := now.Bless(c.names, time.Time{})
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func FuzzBaseline(f *testing.F) {
	f.Add(blessed(f))
	f.Add([]byte(`{"schema":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := parseBaseline(text)
		if err != nil {
			return
		}
		now := fixture("ndcg@10", 0.5, 0.25, 1, 1)
		now.Signature = b.Signature
		if r, err := Judge(b, now, absolute(0.1), Resampling{}); err == nil {
			if err := r.JSON(&bytes.Buffer{}); err != nil {
				t.Errorf("%+v: %v", r, err)
			}
		}
	})
}
