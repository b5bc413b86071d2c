//go:build linux

package host

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// TestRefitKeepsToTheBudget: a restarted process that is fitted again has the
// time that the first one had. Calls that need the restart have no deadline that
// could end it, and a heartbeat is no sign of progress. Where this fails, it
// never ends.
func TestRefitKeepsToTheBudget(t *testing.T) {
	h := openHost(t, func(c *Config) { c.Timing.Stall, c.Timing.Shutdown = time.Hour, 100*time.Millisecond })
	p := start(t, h, "stop-fit", nil)
	r := p.Recommender(catalogue, catalogue).(*recommender)
	r.keep(t.Context(), sdk.FitRequest{Budget: 200 * time.Millisecond}) // as if it had been fitted
	p.cur.child.condemn("killed by the test")
	<-p.cur.child.done
	_, err := r.Recommend(t.Context(), slateRequest())
	var crash *CrashError
	if !errors.As(err, &crash) || crash.RPC != "restore" || !strings.Contains(crash.Reason, "200ms") {
		t.Errorf("%v", err)
	}
}
