package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/alignuser/alignuser/sdk"
)

// runtimePrefix begins the names of hosts' private folders.
const runtimePrefix = "alignuser-"

// Host starts plugins and ends them. It is safe for use by many goroutines.
type Host struct {
	cfg     Config
	dir     string   // private folder of this host
	claim   *os.File // locked while the host lives
	spawner *spawner
	sampler *sampler
	life    context.Context // ends with Close
	end     context.CancelFunc
	running sync.WaitGroup // children, from watch to unwatch

	mu        sync.Mutex
	seq       int
	children  map[*child]struct{}
	processes map[*Process]struct{}
	described map[string]sdk.Description
	closed    bool
}

// New makes a host and its private folder. Close ends it.
func New(cfg Config) (*Host, error) {
	cfg.Timing = cfg.Timing.withDefaults()
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	if cfg.LogDir != "" {
		if err := os.MkdirAll(cfg.LogDir, 0o700); err != nil {
			return nil, fmt.Errorf("host: log folder: %w", err)
		}
	}
	dir, claim, err := makeRuntimeDir(cfg.RuntimeDir)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	h := &Host{
		cfg: cfg, dir: dir, claim: claim, spawner: newSpawner(),
		children: map[*child]struct{}{}, processes: map[*Process]struct{}{}, described: map[string]sdk.Description{},
	}
	h.life, h.end = context.WithCancel(context.Background())
	h.sampler = newSampler(cfg.Timing.Sample, h.sample)
	return h, nil
}

// Lock is the lock that this host goes by; nil: there is none.
func (h *Host) Lock() *Lock { return h.cfg.Lock }

// Close ends every process, removes the private folder and returns when nothing
// is left.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	var open []*Process
	for p := range h.processes {
		open = append(open, p)
	}
	h.mu.Unlock()
	h.end()
	var ending sync.WaitGroup
	for _, p := range open {
		ending.Go(func() { p.Close() })
	}
	ending.Wait()
	h.running.Wait() // those that were being started or described
	h.sampler.close()
	h.spawner.close()
	err := os.RemoveAll(h.dir)
	return errors.Join(err, h.claim.Close())
}

// Describe asks an executable what it holds. It runs without secrets and
// without data, once per host and digest.
func (h *Host) Describe(ctx context.Context, e Executable) (sdk.Description, error) {
	h.mu.Lock()
	d, ok := h.described[e.Digest]
	h.mu.Unlock()
	if ok {
		return d, nil
	}
	g, err := h.boot(ctx, Instance{Executable: e}, e.Label())
	if err != nil {
		return sdk.Description{}, err
	}
	d = g.client.Description()
	h.stop(g)
	g.discard()
	h.mu.Lock()
	h.described[e.Digest] = d
	h.mu.Unlock()
	return d, nil
}

// Validate asks a plugin whether it takes these options: rules between options,
// which no declaration can say. It runs without secrets and without data.
func (h *Host) Validate(ctx context.Context, i Instance) error {
	p := newProcess(h, i)
	g, err := h.boot(ctx, i, p.label)
	if err != nil {
		return p.hide(err)
	}
	if _, err = p.validate(ctx, g); err != nil {
		err = p.hide(p.configureError(g, err))
	}
	h.stop(g)
	g.discard()
	return err
}

// Start runs one component with its options in a process of its own.
func (h *Host) Start(ctx context.Context, i Instance) (*Process, error) {
	if len(i.Secrets) > 0 && i.Executable.Kind != sdk.KindLLM {
		return nil, fmt.Errorf("%s: secrets are granted to language-model backends only", i.Executable.Label())
	}
	p := newProcess(h, i)
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, errHostClosed
	}
	h.processes[p] = struct{}{}
	h.mu.Unlock()
	if err := p.start(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (h *Host) forget(p *Process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.processes, p)
}

// folder makes a private folder for one process or model.
func (h *Host) folder(prefix string, inside ...string) (dir string, seq int, err error) {
	h.mu.Lock()
	h.seq++
	seq = h.seq
	h.mu.Unlock()
	dir = filepath.Join(h.dir, prefix+strconv.Itoa(seq))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", 0, fmt.Errorf("host: %w", err)
	}
	for _, name := range inside {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return "", 0, fmt.Errorf("host: %w", err)
		}
	}
	return dir, seq, nil
}

// watch keeps a child under the sampler's eyes, and Close waiting, until
// unwatch.
func (h *Host) watch(c *child) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errHostClosed
	}
	h.children[c] = struct{}{}
	h.running.Add(1)
	return nil
}

func (h *Host) unwatch(c *child) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.children[c]; ok {
		delete(h.children, c)
		h.running.Done()
	}
}

// sample looks at the resident memory of every group and ends those over their
// limit: RLIMIT_DATA holds for one process, this for it and its children.
func (h *Host) sample() {
	h.mu.Lock()
	all := make([]*child, 0, len(h.children))
	for c := range h.children {
		all = append(all, c)
	}
	h.mu.Unlock()
	if len(all) == 0 {
		return
	}
	resident := residentByGroup()
	for _, c := range all {
		c.observe(resident)
	}
}

// sampler calls look at intervals until it is closed.
type sampler struct {
	quit, done chan struct{}
}

func newSampler(every time.Duration, look func()) *sampler {
	s := &sampler{quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				look()
			case <-s.quit:
				return
			}
		}
	}()
	return s
}

func (s *sampler) close() {
	close(s.quit)
	<-s.done
}
