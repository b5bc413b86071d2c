package openaitest

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestBucket: 2 at once, then one each half second; the clock is given.
func TestBucket(t *testing.T) {
	at := time.Unix(0, 0)
	b := newBucket(Rate{PerSecond: 2, Burst: 2, Headers: true}, at)
	for i, want := range []struct {
		after time.Duration
		ok    bool
		wait  time.Duration
	}{
		{0, true, 0},
		{0, true, 0},
		{0, false, 500 * time.Millisecond},
		{250 * time.Millisecond, false, 250 * time.Millisecond},
		{250 * time.Millisecond, true, 0},
		{time.Hour, true, 0},
		{0, true, 0},
		{0, false, 500 * time.Millisecond},
	} {
		at = at.Add(want.after)
		wait, ok := b.take(at)
		if ok != want.ok || (wait-want.wait).Abs() > time.Microsecond {
			t.Errorf("request %d: %v, %v, want %v, %v", i, wait, ok, want.wait, want.ok)
		}
	}
	h := http.Header{}
	b.tell(h)
	if h.Get("x-ratelimit-remaining-requests") != "0" || h.Get("x-ratelimit-limit-requests") != "2" || h.Get("x-ratelimit-reset-requests") != "1s" {
		t.Errorf("headers %v", h)
	}
}

// TestWaits: the ways in which a refusal says how long to wait.
func TestWaits(t *testing.T) {
	for wait, key := range map[Wait]string{NoWait: "", WaitSeconds: "Retry-After", WaitDate: "Retry-After", WaitMillis: "Retry-After-Ms", WaitFraction: "Retry-After"} {
		s := Start(t, Options{Rate: &Rate{PerSecond: 0.001, Burst: 1, Wait: wait}})
		_, _, _, _ = ask(t, s.URL()+"/chat/completions", plain)
		status, h, _, err := ask(t, s.URL()+"/chat/completions", plain)
		said := h.Get("Retry-After") + h.Get("Retry-After-Ms")
		if err != nil || status != 429 || (key == "") != (said == "") || key != "" && h.Get(key) == "" {
			t.Errorf("wait %d: %d %v %v", wait, status, h, err)
		}
	}
}

// TestAzure: the deployment in the path is the model.
func TestAzure(t *testing.T) {
	s := Start(t, Options{Key: "sk", Models: []string{"mine"}})
	status, _, body, err := ask(t, s.AzureURL()+"/openai/deployments/mine/chat/completions?api-version=2024-10-21", plain, "api-key", "sk")
	if err != nil || status != 200 || parse(t, body).Model != "mine" {
		t.Errorf("%d %s %v", status, body, err)
	}
}

// TestReads: without a format that binds, a schema in the prompt is answered
// in the middle of other words; in JSON mode alone.
func TestReads(t *testing.T) {
	s := Start(t, Options{})
	quoted, err := json.Marshal("Answer in JSON by this schema: " + schema)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"model":"m","messages":[{"role":"user","content":` + string(quoted) + `}]}`
	_, _, text, _ := ask(t, s.URL()+"/chat/completions", body)
	_, _, object, _ := ask(t, s.URL()+"/chat/completions", strings.Replace(body, `{`, `{"response_format":{"type":"json_object"},`, 1))
	alone := parse(t, object).Choices[0].Message.Content
	if !json.Valid([]byte(alone)) || !strings.Contains(parse(t, text).Choices[0].Message.Content, "```json\n"+alone) {
		t.Errorf("JSON mode: %s\ntext: %s", alone, text)
	}
}

func TestAnswerHook(t *testing.T) {
	s := Start(t, Options{Answer: func(c Chat) (string, bool) { return "heard " + c.Messages[0].Content, c.Format() == "text" }})
	_, _, body, err := ask(t, s.URL()+"/chat/completions", plain)
	if err != nil || parse(t, body).Choices[0].Message.Content != "heard Say hello." {
		t.Errorf("%s %v", body, err)
	}
}

func TestModelsAndEmbeddings(t *testing.T) {
	s := Start(t, Options{Models: []string{"m"}})
	resp, err := client(t).Get(s.URL() + "/models")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	list, _ := io.ReadAll(resp.Body)
	if !bytes.Contains(list, []byte(`"id":"m"`)) {
		t.Errorf("models: %s", list)
	}
	_, _, body, err := ask(t, s.URL()+"/embeddings", `{"model":"m","input":["a","b"]}`)
	var e struct {
		Data []struct{ Embedding []float64 }
	}
	if err != nil || json.Unmarshal([]byte(body), &e) != nil || len(e.Data) != 2 || len(e.Data[0].Embedding) != dimensions {
		t.Fatalf("%s %v", body, err)
	}
	norm := 0.0
	for _, v := range e.Data[0].Embedding {
		norm += v * v
	}
	if math.Abs(norm-1) > 1e-6 || e.Data[0].Embedding[0] == e.Data[1].Embedding[0] {
		t.Errorf("norm %v, vectors %v", norm, e.Data)
	}
	if status, _, _, _ := ask(t, s.URL()+"/embeddings", `{"model":"m","input":[""]}`); status != 400 {
		t.Errorf("an empty text: %d, want 400", status)
	}
}
