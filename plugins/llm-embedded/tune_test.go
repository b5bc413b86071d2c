package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// lesson is a page whose answer the prior gets wrong: this reader watches musicals
// and nothing else, whatever the numbers say.
func lesson(i int) (prompt, answer, other string) {
	kinds := []string{"musical", "western", "drama", "horror"}
	kind := kinds[combine(uint64(i), 3)%4]
	prompt = fmt.Sprintf("# Page\nITEM_1: \"Film %d\"; categories: %s; mean: %.1f; ratings: %d\n\nDecide.", i, kind, 1+float64(i%40)/10, i%97)
	answer, other = `{"ITEM_1":{"decision":"SKIP"},"note":"n`+fmt.Sprint(i)+`"}`, `{"ITEM_1":{"decision":"WATCH"}}`
	if kind == "musical" {
		answer, other = other, answer
	}
	return prompt, answer, other
}

func write(t testing.TB, format string, from, to int) string {
	t.Helper()
	var b strings.Builder
	for i := from; i < to; i++ {
		prompt, answer, other := lesson(i)
		turn := func(role, text string) map[string]string { return map[string]string{"role": role, "content": text} }
		e := map[string]any{"messages": []any{turn("system", "You are a reader."), turn("user", prompt), turn("assistant", answer)}}
		if format == "pairs" {
			e = map[string]any{"prompt": []any{turn("user", prompt)}, "chosen": []any{turn("assistant", answer)}, "rejected": []any{turn("assistant", other)}}
		}
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return writeText(t, b.String())
}

func writeText(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tuned(t testing.TB, m sdk.Tuner, r sdk.TuneRequest) sdk.TuneResult {
	t.Helper()
	name, err := m.StartTune(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.WatchTune(t.Context(), name, 0, func(int64, sdk.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// right is the share of lessons that a model answers as the reader did.
func right(t testing.TB, path string, from, to int) float64 {
	t.Helper()
	m := newModel().(*model)
	if err := m.Configure(t.Context(), sdk.Config{Options: sdk.Options{"model": path}, Threads: 1}); err != nil {
		t.Fatal(err)
	}
	good := 0
	for i := from; i < to; i++ {
		prompt, answer, _ := lesson(i)
		r := m.answer(ask(prompt, `{"type":"object","properties":{"ITEM_1":{"type":"object","properties":{"decision":{"enum":["WATCH","SKIP"]}}}}}`))
		if strings.HasPrefix(answer, strings.TrimSuffix(string(r.JSON), "}")) {
			good++
		}
	}
	return float64(good) / float64(to-from)
}

func TestTuneLearns(t *testing.T) {
	for _, format := range []string{"chat", "pairs"} {
		r := sdk.TuneRequest{
			TrainFile: write(t, format, 0, 600), ValidFile: write(t, format, 600, 700), Format: format, Seed: 1, OutputDir: t.TempDir(),
			Options: sdk.Options{"epochs": int64(8)},
		}
		if format == "pairs" {
			r.Options["beta"], r.Options["rate"] = 1.0, 0.3
		}
		result := tuned(t, here(t, 2), r)
		before, after := right(t, "", 700, 900), right(t, result.Model, 700, 900)
		if !(after >= 0.95 && after > before+0.2) {
			t.Errorf("%s: %v right untuned, %v tuned", format, before, after)
		}
		if result.Metrics["examples"] != 600 || result.Metrics["choices"] != 600 || result.Metrics["valid.accuracy"] < 0.95 {
			t.Errorf("%s: %v", format, result.Metrics)
		}
	}
}

// TestTuneIsReproducible: the same weights whatever the threads, in another
// process, and when the job is done again by a process that only knows its name.
func TestTuneIsReproducible(t *testing.T) {
	r := sdk.TuneRequest{TrainFile: write(t, "chat", 0, 300), Format: "chat", Seed: 5, OutputDir: t.TempDir()}
	first := tuned(t, here(t, 1), r)
	r.OutputDir = t.TempDir()
	second := tuned(t, process(t, sdk.Options{}), r)
	if first.Artifacts[0] != second.Artifacts[0] || first.Artifacts[0].Path != modelFile {
		t.Errorf("%+v, then %+v", first.Artifacts, second.Artifacts)
	}
	name, err := here(t, 2).StartTune(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.OutputDir, modelFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	third, err := process(t, sdk.Options{}).WatchTune(t.Context(), name, 0, func(int64, sdk.Event) {})
	if err != nil || third.Artifacts[0] != first.Artifacts[0] {
		t.Errorf("done again: %+v, %v", third.Artifacts, err)
	}
	r.Seed, r.OutputDir = 6, t.TempDir()
	if other := tuned(t, here(t, 1), r); other.Artifacts[0] == first.Artifacts[0] {
		t.Error("another seed, the same weights")
	}
}

func TestTuneEnds(t *testing.T) {
	m := here(t, 2)
	r := sdk.TuneRequest{TrainFile: write(t, "chat", 0, 500), Format: "chat", OutputDir: t.TempDir(), Options: sdk.Options{"epochs": 1000.0}}
	name, err := m.StartTune(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithCancel(t.Context())
	_, err = m.WatchTune(short, name, 0, func(seq int64, _ sdk.Event) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("watching ended with %v", err)
	}
	if err := m.CancelTune(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if _, err := m.WatchTune(t.Context(), name, 0, func(int64, sdk.Event) {}); err == nil || !strings.Contains(err.Error(), "was cancelled") {
		t.Errorf("a cancelled job: %v", err)
	}
	if _, err := here(t, 1).WatchTune(t.Context(), name, 0, func(int64, sdk.Event) {}); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("cancelled, asked of another process: %v", err)
	}
}

func TestTuneRefuses(t *testing.T) {
	file := func(text string) string { return writeText(t, text) }
	chat := func(answer string) string {
		text, _ := json.Marshal(answer)
		return `{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":` + string(text) + `}]}` + "\n"
	}
	for want, c := range map[string]struct{ text, format string }{
		"x.jsonl:2: want a line of JSON":                          {chat(`{"a":"b"}`) + "oops\n", "chat"},
		"x.jsonl:1: want messages that end with one of role":      {`{"messages":[{"role":"user","content":"x"}]}`, "chat"},
		"x.jsonl:1: want prompt, chosen and rejected":             {chat(`{"a":"b"}`), "pairs"},
		"x.jsonl:1: the answer is no JSON":                        {chat("I would watch it."), "chat"},
		"x.jsonl:1: the answer is more than one":                  {chat(`{"a":1} {"a":2}`), "chat"},
		"no answer leaves a choice":                               {chat(`{"a":"b"}`), "chat"},
		"no examples":                                             {"\n\n", "chat"},
		"x.jsonl:1: weight -1":                                    {`{"weight":-1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"{}"}]}`, "chat"},
		`format "csv": want chat or pairs`:                        {chat(`{"a":"b"}`), "csv"},
		"example 1 of the file: a: \"c\" is none of the schema's": {`{"response_format":{"json_schema":{"schema":{"type":"object","properties":{"a":{"enum":["b","d"]}}}}},"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"{\"a\":\"c\"}"}]}`, "chat"},
	} {
		m := here(t, 1)
		name, err := m.StartTune(t.Context(), sdk.TuneRequest{TrainFile: file(c.text), Format: c.format, OutputDir: t.TempDir()})
		if err == nil {
			_, err = m.WatchTune(t.Context(), name, 0, func(int64, sdk.Event) {})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, err := here(t, 1).StartTune(t.Context(), sdk.TuneRequest{TrainFile: file("x"), Format: "chat", OutputDir: t.TempDir(), Options: sdk.Options{"epochs": 0.5}})
	if err == nil || !strings.Contains(err.Error(), "want epochs from 1") {
		t.Errorf("%v", err)
	}
	_, err = here(t, 1).StartTune(t.Context(), sdk.TuneRequest{TrainFile: file("x"), Format: "chat", OutputDir: t.TempDir(), Options: sdk.Options{"momentum": 0.5}})
	if err == nil || !strings.Contains(err.Error(), "unknown option of tuning") {
		t.Errorf("%v", err)
	}
}

func TestModelFile(t *testing.T) {
	w := &weights{table: make([]float32, 1<<tableBits), prior: 0.75, norms: map[uint64]norm{7: {1.5, 2}}}
	w.table[3], w.table[1<<tableBits-1] = 1.5, -2
	raw, err := w.encode(header{Examples: 9})
	if err != nil {
		t.Fatal(err)
	}
	back, err := decode(raw)
	if err != nil || back.prior != 0.75 || back.norms[7] != (norm{1.5, 2}) || back.table[3] != 1.5 || back.table[1<<tableBits-1] != -2 || !strings.HasPrefix(back.name, fmt.Sprintf("embedded-%d-", rules)) {
		t.Errorf("%+v, %v", back, err)
	}
	for i := range raw {
		damaged := append([]byte(nil), raw...)
		damaged[i] ^= 0x10
		if _, err := decode(damaged); err == nil {
			t.Fatalf("byte %d changed and nothing noticed", i)
		}
	}
	for _, c := range []struct {
		path, want string
	}{{filepath.Join(t.TempDir(), "none"), "no such file"}, {write(t, "chat", 0, 1), "not a model of llm-embedded"}} {
		if _, err := loadModel(c.path); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	raw, _ := (&weights{table: make([]float32, 1<<tableBits)}).encode(header{})
	f.Add(raw)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if w, err := decode(raw); err == nil && len(w.table) != 1<<tableBits {
			t.Fatal("half a model")
		}
	})
}

func FuzzExample(f *testing.F) {
	f.Add("x", `{"a":["b",1,true,null]}`)
	m := newModel().(*model)
	f.Fuzz(func(_ *testing.T, prompt, answer string) {
		v := vocabulary{}
		if v.learn(answer) == nil {
			v.close()
			_, _ = m.chosen(v, []message{{"user", prompt}}, nil, answer, answer, 1)
		}
	})
}
