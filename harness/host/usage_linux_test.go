package host

import (
	"bytes"
	"runtime"
	"testing"
)

// TestMemoryIsThePlugins: what this process holds is not booked on a plugin,
// though a child begins life as a copy of it.
func TestMemoryIsThePlugins(t *testing.T) {
	const ballast = 256 << 20
	held := bytes.Repeat([]byte{1}, ballast)
	h := openHost(t, nil)
	p, r := fitted(t, h, "good", nil)
	goesOn(t, r)
	u := p.Close()
	runtime.KeepAlive(held)
	if u.MaxRSS < 1<<20 || u.MaxRSS >= ballast {
		t.Errorf("a small plugin is said to have held %d MiB", u.MaxRSS>>20)
	}
}
