package run

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// backend is a language model of the suite, ready to be opened.
type backend struct {
	spec.Backend
	exe       host.Executable
	component sdk.ComponentSpec
	identity  string // of its answers, part of every question's key
	asked     string // the same of whatever program answers
	journaled bool
}

// local reports whether the backend computes its answers on this machine.
func (b backend) local() bool {
	return b.component.Needs.Network == "" || b.component.Needs.Network == "none"
}

// cost of tokens at the backend's price.
func (b backend) cost(prompt, answers int64) float64 {
	return (float64(prompt)*b.Price.Input + float64(answers)*b.Price.Output) / 1e6
}

// reaches reports whether the backend asks for more network than this machine
// has inside it: a server on loopback is none of the world's.
func (b backend) reaches() bool {
	if b.local() {
		return false
	}
	inside := false
	for _, v := range b.Options {
		text, _ := v.(string)
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return true
		}
		inside = true
	}
	return !inside
}

// backend finds a language model of the suite.
func (p *Plan) backend(name string) (backend, bool) {
	for _, b := range p.backends {
		if b.Name == name {
			return b, true
		}
	}
	return backend{}, false
}

// findBackends resolves the suite's backends.
func (p *Plan) findBackends(catalogue Catalogue) error {
	s := p.config.Suite
	for _, m := range s.Backends {
		described, err := catalogue.Component(sdk.KindLLM, m.Plugin, m.Component.Component)
		if err != nil {
			return fmt.Errorf("%s: llm %s: %w", m.Pos, m.Name, err)
		}
		exe, err := p.config.Host.Resolve(sdk.KindLLM, m.Plugin)
		if err != nil {
			return fmt.Errorf("%s: llm %s: %w", m.Pos, m.Name, err)
		}
		b := backend{Backend: m, exe: exe, component: described}
		options := string(spec.CanonicalOptions(described.Options, m.Options, filepath.Dir(s.Path)))
		files, err := contents(described.Options, m.Options) // a model tuned anew is another model
		if err != nil {
			return spec.Errors{m.Blame("llm."+m.Name, err)}
		}
		identity := func(code string) string {
			parts := []any{"llm", m.Plugin, described.Name, options, code}
			if len(files) > 0 {
				parts = append(parts, files)
			}
			return digest(parts...)
		}
		b.asked, b.identity = identity(""), identity("")
		if b.local() { // answers that come from elsewhere do not depend on the program that asks
			b.identity = identity(exe.Digest)
		}
		b.journaled = m.Journal == spec.JournalAlways ||
			m.Journal == spec.JournalAuto && (described.Determinism != sdk.DeterminismBitwise || m.Price != nil || !b.local())
		p.backends = append(p.backends, b)
		p.arms = append(p.arms, arm{
			name: m.Name, subject: task.Backends, exe: exe, spec: described, options: m.Options,
			digest: digest(exe.Digest, described.Name, options, m.MaxRetries),
		})
	}
	return nil
}

// missingSecrets finds variables that a backend's secrets are to come from and
// that are not set, before anything runs.
func missingSecrets(s *spec.Suite, getenv func(string) string) error {
	var wrong spec.Errors
	for _, b := range s.Backends {
		for _, name := range slices.Sorted(maps.Keys(b.Secrets)) {
			if getenv(b.Secrets[name]) == "" {
				wrong = append(wrong, b.Missing(name))
			}
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}
