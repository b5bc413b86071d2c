//go:build linux

package llm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// BenchmarkJournal fills a journal with b.N answers of the usual size, opens
// it again and looks a hundred thousand of them up. The figures of a million:
//
//	go test ./harness/llm -run '^$' -bench Journal -benchtime 1000000x
func BenchmarkJournal(b *testing.B) {
	j, path := journal(b)
	e := &entry{
		Text: `{"ITEM_1":{"decision":"watch","rating":4},"ITEM_2":{"decision":"skip"},"reason":"it is like what I saw last week, and short"}`,
		JSON: []byte{}, Finish: sdk.FinishStop, Model: "gpt-large-2026-01", Fingerprint: "fp_0123456789",
		Usage: sdk.Usage{Requests: 1, PromptTokens: 1412, CompletionTokens: 57, CostMicros: 812, Currency: "USD"},
	}
	e.JSON = []byte(e.Text)
	key := func(i int) (k Key) {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		for at := 0; at < len(k); at += 8 {
			binary.LittleEndian.PutUint64(k[at:], r.Uint64())
		}
		return k
	}
	began := time.Now()
	next := make(chan int)
	var all sync.WaitGroup
	for range 512 {
		all.Go(func() {
			for i := range next {
				k := key(i)
				if err := j.put(&write{key: k, entry: j.packer.pack(k, e), use: Usage{Backend: "b", Cell: fmt.Sprint(i % 20), Role: RoleAgent, Requests: 1}}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	all.Wait()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "writes/s")
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	began = time.Now()
	j = reopen(b, path)
	if _, err := NewLedger(j, Budget{}, Budget{}); err != nil || j.Len() != b.N {
		b.Fatal(j.Len(), err)
	}
	b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "open-ms")
	began = time.Now()
	const lookups = 100_000
	for i := range lookups {
		k := key(i * 7919 % b.N)
		raw, ok, err := j.Lookup(k)
		if !ok || err != nil {
			b.Fatal(ok, err)
		}
		if _, err := j.packer.unpack(k, raw); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(time.Since(began).Nanoseconds())/lookups/1000, "µs/lookup")
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(b.N), "bytes/answer")
	b.ReportMetric(resident(b, "RssAnon"), "heap-MB")
	b.ReportMetric(resident(b, "RssFile"), "mapped-MB")
	b.ReportMetric(0, "ns/op")
}

func resident(b *testing.B, what string) float64 {
	b.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), what+":")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kb) / 1000
}

// BenchmarkRoad is a diagnosis: how near the road comes to what a provider
// allows, through the real plugin, against a server on loopback, each answer
// synced to disk before its caller asks the next question.
//
//	go test ./harness/llm -run '^$' -bench Road -benchtime 1x
func BenchmarkRoad(b *testing.B) {
	path := plugin(b)
	const slots = 64
	for _, x := range []struct {
		name    string
		options openaitest.Options
		seconds int
		ideal   float64 // answers a second
	}{
		{"latency", openaitest.Options{Latency: 200 * time.Millisecond}, 20, slots / 0.2},
		{"bucket-headers", openaitest.Options{Rate: &openaitest.Rate{PerSecond: 50, Burst: 10, Headers: true}}, 20, 50},
		{"bucket-silent", openaitest.Options{Rate: &openaitest.Rate{PerSecond: 50, Burst: 10}}, 20, 50},
		{"bucket-retry-after", openaitest.Options{Rate: &openaitest.Rate{PerSecond: 50, Burst: 10, Wait: openaitest.WaitMillis}}, 20, 50},
	} {
		b.Run(x.name, func(b *testing.B) {
			for range b.N {
				drive(b, path, x.options, x.seconds, slots, x.ideal)
			}
		})
	}
}

func drive(b *testing.B, path string, o openaitest.Options, seconds, slots int, ideal float64) {
	const warm = 5 * time.Second
	s := openaitest.Start(b, o)
	llm, h, err := work{Plugin: path, URL: s.URL()}.backend(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	j, err := OpenJournal(filepath.Join(b.TempDir(), "answers.db"), toy)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	c := open(b, Config{Name: "gpt", Identity: "m", Journal: j, Concurrency: slots, TransportRetries: 1000, Backend: func(context.Context) (sdk.LLM, error) { return llm, nil }})
	ctx, cancel := context.WithTimeout(b.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	var mu sync.Mutex
	var done []time.Duration
	retriesWhenWarm := int64(0)
	began := time.Now()
	timer := time.AfterFunc(warm, func() {
		mu.Lock()
		retriesWhenWarm = refusals(s)
		mu.Unlock()
	})
	defer timer.Stop()
	var all sync.WaitGroup
	for w := range 2 * slots { // so that a free slot finds somebody while others write their answers down
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if _, err := c.Ask(ctx, question(fmt.Sprint(w, i))); err == nil {
					mu.Lock()
					done = append(done, time.Since(began))
					mu.Unlock()
				} else if !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	slices.Sort(done)
	last := done[len(done)-1]
	n := later(done, warm)
	refused := float64(refusals(s) - retriesWhenWarm)
	b.ReportMetric(100*float64(len(done))/last.Seconds()/ideal, "%-of-ideal")
	b.ReportMetric(100*float64(n)/(last-warm).Seconds()/ideal, "%-after-5s")
	b.ReportMetric(100*refused/(refused+float64(n)), "%-refused-after-5s")
	if o.Rate == nil {
		b.ReportMetric(100*plain(b, s.URL(), slots, 5*time.Second)/ideal, "%-plain-http-gets")
	}
	b.ReportMetric(0, "ns/op")
}

// plain is what callers without plugin, journal or pace get on this machine as
// busy as it is: answers a second.
func plain(b *testing.B, url string, callers int, during time.Duration) float64 {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	defer client.CloseIdleConnections()
	var n atomic.Int64
	began := time.Now()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for time.Since(began) < during {
				r, err := client.Post(url+"/chat/completions", "application/json", strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"a"}]}`))
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
				n.Add(1)
			}
		})
	}
	all.Wait()
	return float64(n.Load()) / time.Since(began).Seconds()
}

func refusals(s *openaitest.Server) (n int64) {
	for _, r := range s.Requests() {
		if r.Status == 429 {
			n++
		}
	}
	return n
}
