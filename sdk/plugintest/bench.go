package plugintest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// seed is what the kit hands to Configure and Fit.
const seed = 20240229

// bench is what the cases of one component share: its options, the kit's data
// and a process that is ready for questions.
type bench struct {
	kit  *kit
	spec sdk.ComponentSpec
	dir  string

	given   sdk.Options // the user's options that this component declares
	count   int         // of processes started
	extra   []*Process  // ended after the case that started them
	ready   *Process    // shared by cases that change nothing
	unready error       // why that one cannot be made ready
	broken  error       // why nothing more is tried
	data    map[string]sdk.DataRef
	cache   string // where data sets keep files
	tables  tables // what the data set read
}

func newBench(k *kit, spec sdk.ComponentSpec, dir string) *bench {
	b := &bench{kit: k, spec: spec, dir: dir, given: sdk.Options{}, data: map[string]sdk.DataRef{}}
	for _, s := range spec.Options {
		if v, ok := k.cfg.Options[s.Name]; ok {
			b.given[s.Name] = v
		}
	}
	return b
}

// start starts a process that ends with the case.
func (b *bench) start(ctx context.Context) (*Process, error) {
	b.count++
	p, err := b.kit.program.start(ctx, filepath.Join(b.dir, fmt.Sprint(b.count)), b.kit.cfg.Start)
	if err != nil {
		return nil, err
	}
	b.extra = append(b.extra, p)
	return p, nil
}

// setup is how a process is configured.
type setup struct {
	threads int
	seed    uint64 // 0: the kit's
}

// configured starts a process and configures the component as a host does:
// Validate, then Configure with what it answered.
func (b *bench) configured(ctx context.Context, s setup) (*Process, error) {
	if err := b.needs(); err != nil {
		return nil, err
	}
	if b.broken != nil {
		return nil, b.broken
	}
	p, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	options, ds, err := p.Validate(ctx, b.spec.Name, b.given)
	if err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	if sdk.Failed(ds) {
		return nil, fmt.Errorf("validate: options refused: %s", diagnostics(ds))
	}
	if s.seed == 0 {
		s.seed = seed
	}
	c := sdk.Config{
		Component: b.spec.Name, Options: options, Seed: s.seed, Threads: s.threads,
		ScratchDir: p.folder("scratch"), LogLevel: "info", Secrets: b.secrets(),
	}
	if err := p.Configure(ctx, c); err != nil {
		if missing := b.ungranted(); errors.Is(err, sdk.ErrDenied) && len(missing) > 0 {
			return nil, skipf("needs %s: %v", strings.Join(missing, " "), err)
		}
		return nil, p.child.explain(fmt.Errorf("configure: %w", err))
	}
	return p, nil
}

// needs gives a skip where the component wants what the kit was not given.
func (b *bench) needs() error {
	var missing []string
	for _, s := range b.spec.Options {
		if _, ok := b.given[s.Name]; s.Required && !ok {
			missing = append(missing, "--option "+s.Name+"=…")
		}
	}
	if len(missing) > 0 {
		return skipf("needs %s", strings.Join(missing, " "))
	}
	return nil
}

// secrets are those that the component asks for and the kit was given. Whether
// it can do without the others is the component's to say: a backend of a local
// server can.
func (b *bench) secrets() map[string]string {
	out := map[string]string{}
	for _, name := range b.spec.Needs.Secrets {
		if v, ok := b.kit.cfg.Secrets[name]; ok {
			out[name] = v
		}
	}
	return out
}

// ungranted names the flags that would hand over the secrets not given.
func (b *bench) ungranted() []string {
	var out []string
	for _, name := range b.spec.Needs.Secrets {
		if _, ok := b.kit.cfg.Secrets[name]; !ok {
			out = append(out, "--secret "+name)
		}
	}
	return out
}

// remote tells whether the component says that it uses the network.
func (b *bench) remote() bool { return b.spec.Needs.Network != "" && b.spec.Needs.Network != "none" }

// shared gives the process that read-only cases share, made ready once.
func (b *bench) shared(ctx context.Context, prepare func(context.Context, *Process) error) (*Process, error) {
	if b.ready != nil && !b.ready.Exited() {
		return b.ready, nil
	}
	if b.unready != nil {
		return nil, b.unready
	}
	p, err := b.configured(ctx, setup{})
	if err == nil {
		err = prepare(ctx, p)
	}
	if err != nil {
		var skip *skipped
		if !errors.As(err, &skip) {
			b.unready = skipf("it could not be made ready: %v", err)
		}
		return nil, err
	}
	b.extra = b.extra[:len(b.extra)-1] // it outlives the case
	b.ready = p
	return p, nil
}

// end ends what one case started.
func (b *bench) end() {
	for _, p := range b.extra {
		p.kill()
	}
	b.extra = nil
}

// reset ends the shared process, too.
func (b *bench) reset() {
	b.end()
	if b.ready != nil {
		b.ready.kill()
		b.ready = nil
	}
}

func (b *bench) close() {
	b.reset()
	removeAll(b.dir)
}

// folder makes an empty folder for a case.
func (b *bench) folder(name string) (string, error) {
	b.count++
	dir := filepath.Join(b.dir, fmt.Sprint(name, b.count))
	return dir, os.MkdirAll(dir, 0o700)
}

// lives reports a process that no longer answers after a bad request.
func lives(ctx context.Context, p *Process) error {
	if p.Exited() {
		return p.child.explain(fmt.Errorf("the process ended (%s)", p.child.how()))
	}
	if err := p.Health(ctx); err != nil {
		return p.child.explain(fmt.Errorf("the process no longer answers: %w", err))
	}
	return nil
}

// refused wants an ErrInvalid, and the process alive.
func refused(ctx context.Context, p *Process, what string, err error) error {
	return refusedAs(ctx, p, what, err, sdk.ErrInvalid)
}

func refusedAs(ctx context.Context, p *Process, what string, err error, kinds ...error) error {
	if dead := lives(ctx, p); dead != nil {
		return fmt.Errorf("%s: %w", what, dead)
	}
	if err == nil {
		return fmt.Errorf("%s was accepted", what)
	}
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return nil
		}
	}
	return fmt.Errorf("%s: want the error %q, have: %w", what, kinds[0].Error(), err)
}

func diagnostics(ds []sdk.Diagnostic) string {
	var out []string
	for _, d := range ds {
		out = append(out, strings.TrimPrefix(d.Option+": "+d.Summary, ": "))
	}
	return strings.Join(out, "; ")
}
