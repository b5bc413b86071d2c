package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// smallSuite is quick and still has every kind of arm, ties, and two batches
// of users in each cell.
const smallSuite = `schema = 1
name = "small"
seed = 7
repeats = 2
[dataset]
plugin = "planted"
options = { users = 300, items = 150 }
[split]
method = "user-temporal"
test = 0.2
[[recommender]]
plugin = "basics"
component = "popular"
[[recommender]]
plugin = "neighbors"
component = "itemknn"
[[recommender]]
plugin = "neighbors"
component = "ease"
[[task]]
kind = "offline"
`

// suiteRun runs the small suite in a folder of its own.
type suiteRun struct {
	t          *testing.T
	suite, out string
}

func newSuiteRun(t *testing.T) suiteRun {
	t.Helper()
	dir := t.TempDir()
	suite := filepath.Join(dir, "small.toml")
	if err := os.WriteFile(suite, []byte(smallSuite), 0o644); err != nil {
		t.Fatal(err)
	}
	return suiteRun{t, suite, filepath.Join(dir, "runs")}
}

func (s suiteRun) command(cache string, env []string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(os.Getenv(binVariable), "alignuser"), append([]string{"run", s.suite, "--out", s.out}, args...)...)
	c.Env = append(append(os.Environ(), "ALIGNUSER_CACHE="+cache), env...)
	return c
}

// finish runs to the end and gives the files that must not differ.
func (s suiteRun) finish(cache string, env []string, args ...string) map[string]string {
	s.t.Helper()
	if out, err := s.command(cache, env, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	files := map[string]string{}
	for _, pattern := range []string{"cells.csv", "summary.csv", "failures.csv", "leaderboard.*", "evidence/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(s.out, "*", "*", filepath.FromSlash(pattern)))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, f := range found {
			b, err := os.ReadFile(f)
			if err != nil {
				s.t.Fatal(err)
			}
			rel, _ := filepath.Rel(s.out, f)
			files[rel] = string(b)
		}
	}
	if len(files) < 8 {
		s.t.Fatalf("only %d files in %s", len(files), s.out)
	}
	return files
}

// TestSameBytes holds the promise that results depend on nothing but suite,
// data, plugins and seed: not on workers, clocks, languages, nor on being
// killed at any moment.
func TestSameBytes(t *testing.T) {
	cache := t.TempDir()
	started := time.Now()
	want := newSuiteRun(t).finish(cache, nil, "--workers", "1")
	whole := time.Since(started)

	t.Run("eight workers", func(t *testing.T) {
		same(t, want, newSuiteRun(t).finish(cache, nil, "--workers", "8"))
	})
	t.Run("elsewhere on Earth", func(t *testing.T) {
		env := []string{"TZ=Asia/Kathmandu", "LANG=de_DE.UTF-8", "LC_ALL=tr_TR.UTF-8"}
		same(t, want, newSuiteRun(t).finish(t.TempDir(), env))
	})
	t.Run("killed twenty times", func(t *testing.T) { killed(t, cache, whole, want) })
}

// killed ends runs with SIGKILL at random moments, resumes them, and compares
// what comes out when one gets through.
func killed(t *testing.T, cache string, whole time.Duration, want map[string]string) {
	random := rand.New(rand.NewPCG(1, 2)) // the moments still differ with the machine
	s := newSuiteRun(t)
	finished := 0
	for kills := 0; kills < 20; {
		c := s.command(cache, nil, "--workers", "2")
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(whole))), func() { _ = c.Process.Kill() })
		err := c.Wait()
		timer.Stop()
		switch {
		case err == nil:
			same(t, want, s.finish(cache, nil))
			finished++
			s = newSuiteRun(t)
		case c.ProcessState.ExitCode() != -1:
			t.Fatalf("a resumed run ended by itself: %v\n%s", err, stderr.String())
		default:
			kills++
		}
	}
	same(t, want, s.finish(cache, nil))
	t.Logf("20 kills, %d runs that got through in between", finished)
}

// same compares files by name. The command line in leaderboards names the
// suite's file only, so folders may differ.
func same(t *testing.T, want, got map[string]string) {
	t.Helper()
	for name, text := range want {
		if got[name] != text {
			if strings.HasSuffix(name, ".parquet") {
				t.Errorf("%s differs", name)
				continue
			}
			t.Errorf("%s differs (-want +got):\n%s", name, cmp.Diff(text, got[name]))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}
