package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

func questions(n int) []sdk.ChatRequest {
	var out []sdk.ChatRequest
	for i := range n {
		out = append(out, question1(fmt.Sprint("q", i)))
	}
	return out
}

// TestMany: each question is one request, no more of them at a time than was
// said, and each is answered once.
func TestMany(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{Latency: 5 * time.Millisecond})
	l, _ := backend(t, options(s, "concurrency", int64(8)), "")
	seen := map[string]bool{}
	err := l.Generate(t.Context(), questions(50), func(r sdk.GenerateResult) error {
		if r.Failure != nil || seen[r.ID] {
			t.Errorf("%s: %+v", r.ID, r.Failure)
		}
		seen[r.ID] = true
		return nil
	})
	if err != nil || len(seen) != 50 {
		t.Errorf("%d answers, %v", len(seen), err)
	}
	if most := s.MostInFlight(); most > 8 || most < 2 {
		t.Errorf("%d at a time, want at most 8", most)
	}
	if twice := s.PaidTwice(); len(twice) != 0 || s.Count() != 50 {
		t.Errorf("%d requests, twice %v", s.Count(), twice)
	}
}

// TestOrderOfCompletion: an answer that does not come does not hold up the
// others.
func TestOrderOfCompletion(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	s.Rule(openaitest.Rule{Match: func(r *openaitest.Request) bool { return r.Chat.Messages[1].Content == "Decide on ITEM_1: q0" }, Do: openaitest.Hung()})
	l, _ := backend(t, options(s), "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := map[string]bool{}
	err := l.Generate(ctx, questions(5), func(r sdk.GenerateResult) error {
		if got[r.ID] = true; len(got) == 4 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(got) != 4 || got["q0"] {
		t.Errorf("answers %v, %v", got, err)
	}
}

// TestCancel: a cancelled call ends at once and leaves no request behind.
func TestCancel(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	s.Rule(openaitest.Rule{Do: openaitest.Hung()})
	l, _ := backend(t, options(s), "")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := l.Generate(ctx, questions(4), func(sdk.GenerateResult) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want it cancelled", err)
		}
	})
	await(t, "four requests", func() bool { return s.InFlight() == 4 })
	cancel()
	wg.Wait()
	await(t, "the end of the requests", func() bool { return s.InFlight() == 0 })
	if n := s.Count(); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
}

// TestGenerateInProcess drives the component without a process, under goleak:
// an error of yield ends the call, and no goroutine outlives it.
func TestGenerateInProcess(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{Latency: time.Millisecond})
	c := &chat{}
	o, _ := sdk.Canonical(optionSpecs(), options(s, "model", "m", "concurrency", int64(4)))
	if err := c.Configure(t.Context(), sdk.Config{Options: o}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	enough, n := errors.New("enough"), 0
	err := c.Generate(t.Context(), questions(40), func(sdk.GenerateResult) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 3 {
		t.Errorf("%v after %d results", err, n)
	}
	if sent := s.Count(); sent > 10 {
		t.Errorf("%d requests were sent for 3 answers and 4 slots", sent)
	}
	if err := c.Generate(t.Context(), nil, nil); err != nil {
		t.Errorf("no questions: %v", err)
	}
}

// TestConfigure: what is refused before anything is sent.
func TestConfigure(t *testing.T) {
	for name, c := range map[string]struct {
		options sdk.Options
		key     string
		want    error
	}{
		"no key at OpenAI":  {sdk.Options{}, "", sdk.ErrDenied},
		"no key at Azure":   {sdk.Options{"base-url": "https://x.openai.azure.com", "api-version": "1"}, "", sdk.ErrDenied},
		"key with a break":  {sdk.Options{}, "sk-a\nb", sdk.ErrDenied},
		"key with space":    {sdk.Options{}, " " + theKey + "\n", nil},
		"local without key": {sdk.Options{"base-url": "http://127.0.0.1:1/v1"}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := process(t)
			if err := configure(t, client, c.options, c.key); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	for option, o := range map[string]sdk.Options{
		"base-url":      {"base-url": "localhost:8000"},
		"model":         {"model": ""},
		"timeout":       {"timeout": "0s"},
		"poll-interval": {"poll-interval": "-1s"},
		"deployment":    {"deployment": "x"},
		"extra.stream":  {"extra": map[string]any{"stream": true}},
		"omit":          {"omit": []any{"messages"}},
	} {
		given := sdk.Options{"model": "m"}
		for k, v := range o {
			given[k] = v
		}
		canonical, ds := sdk.Canonical(optionSpecs(), given)
		if !sdk.Failed(ds) {
			ds = append(ds, (&chat{}).Validate(t.Context(), canonical)...)
		}
		if !sdk.Failed(ds) || ds[0].Option != option {
			t.Errorf("%v: %+v, want it refused by %s", o, ds, option)
		}
	}
	for _, url := range []string{"https://user:" + theKey + "@x/v1", "https://x/v1?key=" + theKey, "ftp://x", "https://x/v1/chat/completions"} {
		if _, err := baseURL(url); err == nil {
			t.Errorf("base-url %s is accepted", url)
		}
	}
}
