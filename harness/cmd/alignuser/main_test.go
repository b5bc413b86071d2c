package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the goldens inside the stories")

// binVariable names the folder of built programs, from TestMain to the stories.
const binVariable = "ALIGNUSER_TEST_BIN"

// TestMain builds the program and every plugin into one folder, because
// built-ins are what lies beside the program. Stories run these real processes.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(m.Run())
	}
	os.Exit(buildAndRun(m))
}

// programs leaves a test of the built programs out of -short, with which races are looked
// for: the detector sees the test's own process, and they are others, built without it.
func programs(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the built programs, which have no race detector: make test runs it")
	}
}

func buildAndRun(m *testing.M) int {
	bin, err := os.MkdirTemp("", "alignuser-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(bin)
	if err := build(bin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Setenv(binVariable, bin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build compiles as the README says. Packages that are no programs are checked
// and leave nothing.
func build(bin string) error {
	for _, packages := range []string{"./harness/cmd/alignuser", "./plugins/..."} {
		if _, err := os.Stat(filepath.Join(repository, "plugins")); errors.Is(err, fs.ErrNotExist) && packages == "./plugins/..." {
			continue
		}
		c := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin+string(filepath.Separator), packages)
		c.Dir = repository
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", packages, err, out)
		}
	}
	return buildTestPlugins(bin)
}

// repository is the module's root, seen from this package.
const repository = "../../.."

// TestStories runs testdata/script/*.txtar. In a story
//
//	status 2 alignuser run x.toml
//
// runs a program and demands that exit status; story_test.go has more such
// commands. $REPO is the module's root, $BIN the folder of programs, and
// $BIN/test that of plugins made for stories.
func TestStories(t *testing.T) {
	programs(t)
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", os.Getenv(binVariable)+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("BIN", os.Getenv(binVariable))
			env.Setenv("REPO", root)
			env.Setenv("HOME", filepath.Join(env.WorkDir, ".home"))
			env.Setenv("ALIGNUSER_CACHE", filepath.Join(env.WorkDir, ".cache"))
			env.Setenv("COLUMNS", "100")
			env.Values[openaiKey{}] = &openaiStory{}
			return goEnvironment(env)
		},
		Cmds: storyCommands(),
		Condition: func(cond string) (bool, error) {
			if cond == "mount" {
				return canMount(), nil
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
	})
}

// goEnvironment lets stories build plugins with the caches of this machine, and
// without its network.
func goEnvironment(env *testscript.Env) error {
	env.Setenv("GOPROXY", "off")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOROOT"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return fmt.Errorf("go env %s: %w", name, err)
		}
		env.Setenv(name, string(out[:len(out)-1]))
	}
	return nil
}

// status runs a program and compares its exit status.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status code program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("%v: exit status %d, want %d", args[1:], got, want)
	}
}
