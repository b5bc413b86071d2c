package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// sessionSuite has agents that ask a backend, agents that learned, and the truth.
const sessionSuite = `schema = 1
name = "browsed"
seed = 7
[dataset]
plugin = "planted"
options = { users = 30, items = 60, sessions = 20 }
[split]
method = "user-temporal"
test = 0.4
[[recommender]]
plugin = "basics"
component = "popular"
[[recommender]]
plugin = "neighbors"
component = "userknn"
[[llm]]
plugin = "embedded"
[[agent]]
kind = "logistic"
[[agent]]
kind = "simuser"
options = { mode = "fused", memory = "graph", interview = false }
[[task]]
kind = "simulate"
options = { sessions = 9, navigation = "full", page-limit = 2 }
[[task]]
kind = "truth"
options = { sessions = 2 }
[[task]]
kind = "ab"
[[task]]
kind = "distribution"
[[task]]
kind = "action"
[[task]]
kind = "world"
[[task]]
kind = "rating-agents"
[[task]]
kind = "preference"
options = { negatives = [3], draws = 2 }
`

// suiteRun runs a suite in a folder of its own.
type suiteRun struct {
	t                *testing.T
	suite, out, text string
}

func newSuiteRun(t *testing.T, text string) suiteRun {
	t.Helper()
	dir := t.TempDir()
	suite := filepath.Join(dir, "small.toml")
	if err := os.WriteFile(suite, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return suiteRun{t, suite, filepath.Join(dir, "runs"), text}
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
	return s.files()
}

func (s suiteRun) files() map[string]string {
	s.t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{"cells.csv", "summary.csv", "failures.csv", "leaderboard.*", "evidence/*/*/*", "evidence/*/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(s.out, "*", "*", filepath.FromSlash(pattern)))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, f := range found {
			if info, err := os.Stat(f); err != nil || info.IsDir() {
				continue
			}
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
	programs(t)
	cache := t.TempDir()
	started := time.Now()
	want := newSuiteRun(t, smallSuite).finish(cache, nil, "--workers", "1")
	whole := time.Since(started)

	t.Run("eight workers", func(t *testing.T) {
		same(t, want, newSuiteRun(t, smallSuite).finish(cache, nil, "--workers", "8"))
	})
	t.Run("elsewhere on Earth", func(t *testing.T) {
		env := []string{"TZ=Asia/Kathmandu", "LANG=de_DE.UTF-8", "LC_ALL=tr_TR.UTF-8"}
		same(t, want, newSuiteRun(t, smallSuite).finish(t.TempDir(), env))
	})
	t.Run("killed twenty times", func(t *testing.T) { killed(t, smallSuite, 20, whole, want) })
}

// TestSameSessions holds it of simulated users: sessions, with the answers of a
// backend, and what is computed from them.
func TestSameSessions(t *testing.T) {
	programs(t)
	cache := t.TempDir()
	started := time.Now()
	want := newSuiteRun(t, sessionSuite).finish(cache, nil, "--workers", "1")
	whole := time.Since(started)
	for _, workers := range []string{"8", "64"} {
		t.Run(workers+" workers", func(t *testing.T) {
			same(t, want, newSuiteRun(t, sessionSuite).finish(cache, nil, "--workers", workers))
		})
	}
	t.Run("killed ten times", func(t *testing.T) { killed(t, sessionSuite, 10, whole, want) })
	t.Run("plugins killed ten times", func(t *testing.T) { pluginsKilled(t, whole, want) })
}

// pluginsKilled ends plugin processes with SIGKILL at random moments: whatever that
// does to a run, repeating the command gives the same bytes.
func pluginsKilled(t *testing.T, whole time.Duration, want map[string]string) {
	const kills = 10
	random := rand.New(rand.NewPCG(3, 4))
	tmp, cache := shortTemp(t), t.TempDir()
	env := []string{"TMPDIR=" + tmp}
	s := newSuiteRun(t, sessionSuite)
	for done := 0; done < kills; {
		c := s.command(cache, env, "--workers", "2")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		when, which := time.Duration(random.Int64N(int64(whole))), random.IntN(1<<20)
		timer := time.AfterFunc(when, func() {
			if alive := pidsOf(tmp); len(alive) > 0 {
				if p, err := os.FindProcess(alive[which%len(alive)]); err == nil {
					_ = p.Kill()
				}
			}
		})
		err := c.Wait()
		if !timer.Stop() {
			done++
		}
		if err == nil {
			same(t, want, s.files())
			s = newSuiteRun(t, sessionSuite)
		}
	}
	same(t, want, s.finish(cache, env))
}

// killed ends runs with SIGKILL at random moments, resumes them, and compares
// what comes out when one gets through. Each series begins with an empty cache,
// so that kills meet the reading of data too.
func killed(t *testing.T, suite string, kills int, whole time.Duration, want map[string]string) {
	random := rand.New(rand.NewPCG(1, 2)) // the moments still differ with the machine
	tmp := shortTemp(t)
	env := []string{"TMPDIR=" + tmp}
	s, cache := newSuiteRun(t, suite), t.TempDir()
	finished, sealed := 0, 0
	for killed := 0; killed < kills; {
		c := s.command(cache, env, "--workers", "2")
		var stderr bytes.Buffer
		c.Stderr = &stderr
		started := time.Now()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(whole))), func() { _ = c.Process.Kill() })
		err := c.Wait()
		timer.Stop()
		switch {
		case err == nil:
			same(t, want, s.files())
			finished++
			whole = min(whole, time.Since(started)) // so that kills outnumber those that get through
			s, cache, sealed = newSuiteRun(t, suite), t.TempDir(), 0
			continue
		case c.ProcessState.ExitCode() != -1:
			t.Fatalf("a resumed run ended by itself: %v\n%s", err, stderr.String())
		}
		killed++
		now := s.sealed()
		if now < sealed {
			t.Errorf("kill %d: %d cells are sealed, %d were before", killed, now, sealed)
		}
		sealed = now
	}
	same(t, want, s.finish(cache, env))
	nothingLeft(t, tmp)
	t.Logf("%d kills, %d runs that got through in between", kills, finished)
}

// sealed counts the cells that have their evidence.
func (s suiteRun) sealed() int {
	s.t.Helper()
	n := 0
	for _, pattern := range []string{"*/*.parquet", "*/*.zst", "*/*/*.parquet", "*/*/*.zst"} {
		found, err := filepath.Glob(filepath.Join(s.out, "*", "*", "evidence", "*", filepath.FromSlash(pattern)))
		if err != nil {
			s.t.Fatal(err)
		}
		n += len(found)
	}
	return n
}

// shortTemp is a folder for the private folders of hosts, whose sockets need a
// short path.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "k-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// nothingLeft checks that killed hosts have left no plugin process, and that the
// next start has removed their folders.
func nothingLeft(t *testing.T, tmp string) {
	t.Helper()
	if !eventually(func() bool { return len(processesOf(tmp)) == 0 }) {
		t.Errorf("plugins of killed hosts live on: %q", processesOf(tmp))
	}
	// The last start may have swept while a plugin was still ending.
	c := exec.Command(filepath.Join(os.Getenv(binVariable), "alignuser"), "plugin", "list")
	c.Env = append(os.Environ(), "TMPDIR="+tmp)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("private folders of killed hosts are left: %v %v", left, err)
	}
}

// processesOf finds the plugins of hosts whose private folders lie in tmp.
// Without /proc it finds none.
func processesOf(tmp string) []string {
	var out []string
	for _, pid := range pidsOf(tmp) {
		command, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		out = append(out, strings.ReplaceAll(string(command), "\x00", " "))
	}
	return out
}

func pidsOf(tmp string) []int {
	var out []int
	environments, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is good
	for _, path := range environments {
		env, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(env), "HOME="+tmp+"/") {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				out = append(out, pid)
			}
		}
	}
	return out
}

// same compares files by name. The command line in leaderboards names the
// suite's file only, so folders may differ.
func same(t *testing.T, want, got map[string]string) {
	t.Helper()
	for name, text := range want {
		if got[name] != text {
			if strings.HasSuffix(name, ".parquet") || strings.HasSuffix(name, ".zst") {
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
