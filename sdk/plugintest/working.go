package plugintest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

func workingCases() []Case {
	return []Case{
		{ID: "lifecycle/order", Doc: "a call before Configure is an error, one before Fit does no harm, and the process lives", run: orderCase},
		{ID: "lifecycle/quiet", Doc: "standard output stays empty while it works: logs go to standard error", run: quietCase},
		{ID: "lifecycle/secrets", Doc: "secrets appear neither in what it prints nor in its errors", when: wantsSecrets, run: secretsCase},
		{ID: "lifecycle/children", Doc: "after work and Shutdown, nothing that it started is left", run: childrenCase},
		{ID: "lifecycle/tidy", Doc: "after work and Shutdown, there are no files outside of its scratch folder", run: tidyCase},
	}
}

func orderCase(ctx context.Context, b *bench) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	err = firstCall(ctx, b.spec, p)
	if dead := lives(ctx, p); dead != nil {
		return fmt.Errorf("before Configure: %w", dead)
	}
	if err == nil {
		return errors.New("a call before Configure was answered")
	}
	if b.spec.Kind != sdk.KindRecommender {
		return nil
	}
	if p, err = b.configured(ctx, setup{}); err != nil {
		return err
	}
	_ = firstCall(ctx, b.spec, p)
	if dead := lives(ctx, p); dead != nil {
		return fmt.Errorf("before Fit: %w", dead)
	}
	return nil
}

// firstCall asks something that needs a configured and fitted component.
func firstCall(ctx context.Context, spec sdk.ComponentSpec, p *Process) error {
	var err error
	switch spec.Kind {
	case sdk.KindRecommender:
		_, err = p.Recommender(spec).Recommend(ctx, sdk.RecommendRequest{Users: []int32{0}, K: 3, Purpose: sdk.PurposeRanking})
	case sdk.KindDataset:
		err = p.Dataset(spec).Read(ctx, sdk.ReadRequest{Table: sdk.TableItems}, func(sdk.Chunk) error { return nil })
	case sdk.KindLLM:
		rs := []sdk.ChatRequest{question("early", "hello", nil)}
		err = p.LLM(spec).Generate(ctx, rs, func(r sdk.GenerateResult) error {
			if r.Failure != nil {
				return errors.New(r.Failure.Message)
			}
			return nil
		})
	}
	return err
}

// worked gives a process that has done what its kind is for.
func worked(ctx context.Context, b *bench) (*Process, error) {
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return nil, err
	}
	switch b.spec.Kind {
	case sdk.KindRecommender:
		if err = b.fit(ctx, p, "base"); err == nil {
			err = firstCall(ctx, b.spec, p)
		}
	case sdk.KindDataset:
		err = b.prepare(ctx, p)
	}
	return p, err
}

func quietCase(ctx context.Context, b *bench) error {
	p, err := worked(ctx, b)
	if err != nil {
		return err
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	if _, noise, _ := p.child.output(); len(noise) > 0 {
		return fmt.Errorf("%d lines, the first is %q", len(noise), noise[0])
	}
	return nil
}

func wantsSecrets(s sdk.ComponentSpec) bool { return len(s.Needs.Secrets) > 0 }

// secretsCase hands over made-up secrets, so it needs none of the user's. A
// remote backend is configured but not called with them.
func secretsCase(ctx context.Context, b *bench) error {
	const canary = "sk-canary-of-the-conformance-kit-0123456789"
	granted := b.kit.cfg.Secrets
	defer func() { b.kit.cfg.Secrets = granted }()
	b.kit.cfg.Secrets = map[string]string{}
	for _, name := range b.spec.Needs.Secrets {
		b.kit.cfg.Secrets[name] = canary
	}
	p, err := b.configured(ctx, setup{})
	if p == nil && len(b.extra) > 0 {
		p = b.extra[len(b.extra)-1] // it may well refuse such a key
	}
	if p == nil {
		return err
	}
	var skip *skipped
	if errors.As(err, &skip) {
		return err
	}
	if err == nil && !b.remote() {
		err = firstCall(ctx, b.spec, p)
	}
	if err != nil && strings.Contains(err.Error(), canary) {
		return errors.New("an error holds a secret")
	}
	p.kill()
	stderr, noise, _ := p.child.output()
	if strings.Contains(stderr+strings.Join(noise, ""), canary) {
		return errors.New("what it prints holds a secret")
	}
	return nil
}

func childrenCase(ctx context.Context, b *bench) error {
	p, err := worked(ctx, b)
	if err != nil {
		return err
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	if p.child.left {
		return errors.New("a process that it started runs on after it")
	}
	return nil
}

func tidyCase(ctx context.Context, b *bench) error {
	p, err := worked(ctx, b)
	if err != nil {
		return err
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	var found []string
	for _, name := range []string{"work", "home", "tmp"} {
		root := p.folder(name)
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && path != root {
				rel, _ := filepath.Rel(p.dir, path)
				found = append(found, rel)
			}
			return nil
		})
	}
	if len(found) > 0 {
		return fmt.Errorf("left behind: %s", strings.Join(found[:min(len(found), 5)], ", "))
	}
	return nil
}
