package plugintest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// Config says what to examine and with what. The zero value examines every
// component with default options.
type Config struct {
	Kind       sdk.Kind          // 0: any; else components of another kind are a failure
	Component  string            // empty: every component
	Options    sdk.Options       // given to each component that declares them
	Secrets    map[string]string // handed to components that ask for them
	Network    bool              // true: data sets may download, remote backends may be called
	Cases      []string          // ids, patterns such as "recommend/*", or groups; none: all
	Timeout    time.Duration     // of one case; 0: one minute
	FitTimeout time.Duration     // of one Fit; 0: Timeout
	Start      time.Duration     // from start to Describe; 0: 30 s, as a host
}

// grace is how soon a plugin must obey: Shutdown, a cancelled call, a signal,
// the end of its standard input.
const grace = 2 * time.Second

// ErrNoCase says that nothing was selected.
var ErrNoCase = errors.New("no case matches")

// Report is what Check found.
type Report struct {
	Plugin  sdk.Description // zero when it could not describe itself
	Results []Result
}

// Count counts the results of a status.
func (r Report) Count(s Status) int {
	n := 0
	for _, x := range r.Results {
		if x.Status == s {
			n++
		}
	}
	return n
}

// Check runs the kit. Progress is told each result as it comes; it may be nil.
// An error means that the kit itself could not work or was asked for nothing;
// all that the plugin does wrong is in the report.
func Check(ctx context.Context, p Program, cfg Config, progress func(Result)) (Report, error) {
	for _, pattern := range cfg.Cases {
		if _, err := path.Match(pattern, ""); err != nil {
			return Report{}, fmt.Errorf("case pattern %q: %w", pattern, err)
		}
	}
	if !slices.ContainsFunc(Cases(), func(c Case) bool { return matches(cfg.Cases, c) }) {
		return Report{}, fmt.Errorf("%w: %s", ErrNoCase, strings.Join(cfg.Cases, ", "))
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	if cfg.FitTimeout == 0 {
		cfg.FitTimeout = cfg.Timeout
	}
	if cfg.Start == 0 {
		cfg.Start = startTimeout
	}
	dir, err := shortTemp()
	if err != nil {
		return Report{}, err
	}
	defer removeAll(dir)
	k := &kit{program: p, cfg: cfg, dir: dir, progress: progress}
	err = k.run(ctx)
	return Report{Plugin: k.plugin, Results: k.results}, err
}

// kit is one Check.
type kit struct {
	program  Program
	cfg      Config
	dir      string
	progress func(Result)
	plugin   sdk.Description
	alive    bool // it started once and said what it is
	results  []Result
}

func (k *kit) run(ctx context.Context) error {
	started := k.describe(ctx)
	whole := &bench{kit: k, dir: filepath.Join(k.dir, "p")}
	if err := k.try(ctx, whole, func(c Case) bool { return c.whole }, ""); err != nil {
		return err
	}
	if started != nil {
		return k.unlessSelected(started)
	}
	for i, spec := range k.plugin.Components {
		if k.cfg.Component != "" && k.cfg.Component != spec.Name {
			continue
		}
		b := newBench(k, spec, filepath.Join(k.dir, fmt.Sprint("c", i)))
		err := k.try(ctx, b, func(c Case) bool { return !c.whole && c.applies(spec) }, spec.Name)
		b.close()
		if err != nil {
			return err
		}
	}
	return nil
}

// describe learns what the plugin holds. A plugin that does not start fails
// lifecycle/start, which tells why; nothing else can be tried then.
func (k *kit) describe(ctx context.Context) error {
	p, err := k.program.start(ctx, filepath.Join(k.dir, "d"), k.cfg.Start)
	if err != nil {
		return err
	}
	k.plugin, k.alive = p.Description(), true
	p.kill()
	if _, ok := k.plugin.Component(k.cfg.Component); k.cfg.Component != "" && !ok {
		return fmt.Errorf("no component %q (components: %s)", k.cfg.Component, strings.Join(k.componentNames(), ", "))
	}
	return nil
}

func (k *kit) componentNames() []string {
	var names []string
	for _, c := range k.plugin.Components {
		names = append(names, c.Name)
	}
	return names
}

// unlessSelected makes sure that a plugin that does not start, or lacks the
// component, cannot pass because the selected cases were never reached.
func (k *kit) unlessSelected(started error) error {
	for _, r := range k.results {
		if r.Status == Fail {
			return nil
		}
	}
	for _, c := range Cases() {
		if c.ID == "lifecycle/start" {
			k.add(result(c, "", started, 0))
		}
	}
	return nil
}

// try runs the wanted cases on a bench. Only the end of ctx stops it.
func (k *kit) try(ctx context.Context, b *bench, wanted func(Case) bool, component string) error {
	for _, c := range Cases() {
		if !wanted(c) || !matches(k.cfg.Cases, c) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := time.Now()
		err := k.one(ctx, b, c)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var skip *skipped
		if err != nil && !k.alive && k.failed("lifecycle/start") {
			err = skipf("it does not start") // lifecycle/start says why
		}
		if err != nil && !errors.As(err, &skip) {
			b.reset() // the next case starts with a process that is not suspect
		}
		k.add(result(c, component, err, time.Since(begin)))
	}
	return nil
}

// failed reports whether a case has failed already.
func (k *kit) failed(id string) bool {
	return slices.ContainsFunc(k.results, func(r Result) bool { return r.ID == id && r.Status == Fail })
}

func (k *kit) one(ctx context.Context, b *bench, c Case) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	err := c.run(ctx, b)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("not done within %s: %w", k.cfg.Timeout, err)
		if !c.whole { // one of these is enough: the rest would take as long
			b.broken = skipf("%s took too long", c.ID)
		}
	}
	b.end()
	return err
}

func (k *kit) add(r Result) {
	k.results = append(k.results, r)
	if k.progress != nil {
		k.progress(r)
	}
}

// shortTemp makes a folder whose path leaves room for a socket's name.
func shortTemp() (string, error) {
	for _, parent := range []string{"", "/tmp"} {
		dir, err := os.MkdirTemp(parent, "auk")
		if err == nil {
			if dir, err = filepath.EvalSymlinks(dir); err == nil && len(dir) < 45 {
				return dir, nil
			}
			_ = os.Remove(dir)
		}
	}
	return "", errors.New("plugintest: no temporary folder with a short path: set TMPDIR")
}

// removeAll removes a folder even where its content is read-only.
func removeAll(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// Describe starts a program and asks what it holds.
func Describe(ctx context.Context, p Program) (sdk.Description, error) {
	dir, err := shortTemp()
	if err != nil {
		return sdk.Description{}, err
	}
	defer removeAll(dir)
	process, err := p.start(ctx, filepath.Join(dir, "d"), startTimeout)
	if err != nil {
		return sdk.Description{}, err
	}
	defer process.kill()
	return process.Description(), nil
}
