package launch_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
	"github.com/alignuser/alignuser/sdk/launch"
)

// training writes three users and four items; item 2 is the most popular.
func training(t testing.TB) sdk.DataRef {
	t.Helper()
	ref, err := columns.Write(filepath.Join(t.TempDir(), "train"), columns.Meta{Users: 3, Items: 4}, sdk.Table{
		Name: "interactions", Columns: []sdk.Column{{Name: "user", Data: []int32{0, 1, 2, 2}}, {Name: "item", Data: []int32{2, 2, 2, 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestDescription(t *testing.T) {
	c := start(t, "recommender")
	d := c.Description()
	want := (&popular{}).Spec()
	want.Kind = sdk.KindRecommender // filled in
	got, _ := d.Component("popular")
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if d.Name != "launch.test" || len(d.Components) != 2 || d.BuildInfo == "" {
		t.Errorf("%+v", d)
	}
	if err := c.Health(t.Context()); err != nil {
		t.Error(err)
	}
	numbersWant := (&numbers{}).Spec()
	numbersGot, _ := start(t, "dataset").Description().Component("numbers")
	if diff := cmp.Diff(numbersWant, numbersGot, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	c := start(t, "recommender")
	for _, tt := range []struct {
		name    string
		options sdk.Options
		want    sdk.Options
		summary string
	}{
		{"defaults", nil, sdk.Options{"scale": 1.0, "tags": []any{"a", "b"}, "big": int64(9007199254740993)}, ""},
		{"given", sdk.Options{"scale": int64(2), "tags": []any{}}, sdk.Options{"scale": 2.0, "tags": []any{}, "big": int64(9007199254740993)}, ""},
		{"wrong type", sdk.Options{"scale": "x"}, nil, "want float"},
		{"unknown", sdk.Options{"scalle": 1.0}, nil, "did you mean scale"},
		{"own rule", sdk.Options{"scale": 13.0}, nil, "bad luck"},
		{"warning", sdk.Options{"scale": 101.0}, sdk.Options{"scale": 101.0, "tags": []any{"a", "b"}, "big": int64(9007199254740993)}, "large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ds, err := c.Validate(t.Context(), "popular", tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tt.summary == "" && len(ds) != 0 || tt.summary != "" && (len(ds) != 1 || !strings.Contains(ds[0].Summary, tt.summary)) {
				t.Errorf("diagnostics %+v, want %q", ds, tt.summary)
			}
		})
	}
	if _, _, err := c.Validate(t.Context(), "populr", nil); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "did you mean popular") {
		t.Errorf("unknown component: %v", err)
	}
}

func TestConfigureOnce(t *testing.T) {
	c := start(t, "recommender")
	spec, _ := c.Description().Component("popular")
	r := c.Recommender(spec)
	if _, err := r.Recommend(t.Context(), sdk.RecommendRequest{Purpose: sdk.PurposePage}); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "before Configure") {
		t.Errorf("recommend first: %v", err)
	}
	if err := r.Configure(t.Context(), sdk.Config{Component: "popular", Options: sdk.Options{"scale": 13.0}}); !errors.Is(err, sdk.ErrInvalid) || err.Error() != "scale: 13 is bad luck" {
		t.Errorf("wrong options: %v", err)
	}
	if err := r.Configure(t.Context(), sdk.Config{Component: "popular"}); err != nil {
		t.Errorf("after wrong options: %v", err)
	}
	if err := r.Configure(t.Context(), sdk.Config{Component: "full"}); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "already configured") {
		t.Errorf("second: %v", err)
	}
}

// certificate makes the field of a handshake that TLS would use.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawStdEncoding.EncodeToString(der)
}

func TestStartFails(t *testing.T) {
	for _, tt := range []struct{ kind, want string }{
		{"exits", "cannot import numpy"},
		{"exits", "exit status 7"},
		{"nobody-listens", "describe"},
		{"silent", "not ready after"},
		{"certificate", "handshake"},
		{"future", "9"},
		{"tcp", "want a unix socket"},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "l")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			config := launch.Config{Cmd: command(tt.kind, "CERTIFICATE="+certificate(t)), RuntimeDir: dir}
			if tt.kind == "silent" {
				config.StartTimeout = 100 * time.Millisecond
			}
			c, err := launch.Start(t.Context(), config)
			if c != nil || !errors.Is(err, sdk.ErrCrashed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	if _, err := launch.Start(t.Context(), launch.Config{Cmd: exec.Command("/no/such/plugin")}); !errors.Is(err, sdk.ErrCrashed) {
		t.Errorf("no such file: %v", err)
	}
	if _, err := launch.Start(t.Context(), launch.Config{}); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("no command: %v", err)
	}
	if _, err := launch.Start(t.Context(), launch.Config{Cmd: command("llm"), RuntimeDir: "/" + strings.Repeat("x", 100)}); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("long runtime folder: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := launch.Start(ctx, launch.Config{Cmd: command("silent")}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestByHand runs a plugin as somebody in a shell would.
func TestByHand(t *testing.T) {
	cmd := command("recommender")
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("got %v", err)
	}
	if !bytes.Contains(out, []byte("alignuser plugin describe ")) {
		t.Errorf("got %s", out)
	}
}

func TestShutdownClosesTheComponent(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "closed")
	c, err := launch.Start(t.Context(), launch.Config{Cmd: command("recommender", "CLOSED="+mark)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Kill()
	if err := c.Configure(t.Context(), sdk.Config{Component: "full"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for !c.Exited() { // the test's own time limit is the limit
		time.Sleep(time.Millisecond)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error(err)
	}
	if err := c.Health(t.Context()); !errors.Is(err, sdk.ErrCrashed) {
		t.Errorf("health of a dead plugin: %v", err)
	}
}

// TestSignals: the host's death closes standard input, SIGTERM is an order, and
// Ctrl-C is the host's affair.
func TestSignals(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*exec.Cmd, io.Closer) error
	}{
		{"stdin", func(_ *exec.Cmd, stdin io.Closer) error { return stdin.Close() }},
		{"SIGTERM", func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(syscall.SIGTERM) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := command("llm", "ALIGNUSER_PLUGIN=alignuser.plugin.v1", "PLUGIN_PROTOCOL_VERSIONS=1", "PLUGIN_UNIX_SOCKET_DIR="+t.TempDir())
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			line := make([]byte, 4)
			if _, err := io.ReadFull(stdout, line); err != nil || string(line) != "1|1|" {
				t.Fatalf("handshake %q, %v", line, err)
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := tt.end(cmd, stdin); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("got %v, want exit status 0", err)
			}
		})
	}
}
