package main

import (
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// BenchmarkThroughput asks through the real boundary, one question a call as
// a host does of a remote backend: 64 at a time of a server that takes 200 ms.
// The ideal is 320 answers a second.
func BenchmarkThroughput(b *testing.B) {
	s := openaitest.Start(b, openaitest.Options{Latency: 200 * time.Millisecond})
	l, _ := backend(b, options(s), "")
	slots := make(chan struct{}, 64)
	b.ResetTimer()
	for b.Loop() {
		for range 640 {
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				err := l.Generate(b.Context(), []sdk.ChatRequest{question1("a")}, func(r sdk.GenerateResult) error {
					if r.JSON == nil {
						b.Errorf("%+v", r.Failure)
					}
					return nil
				})
				if err != nil {
					b.Error(err)
				}
			}()
		}
		for range cap(slots) {
			slots <- struct{}{}
		}
		for range cap(slots) {
			<-slots
		}
	}
	b.ReportMetric(640*float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}
