package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alignuser/alignuser/harness/align"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// taughtSuite has a provider's model taught, whose address is to be filled in.
const taughtSuite = `schema = 1
name = "taught"
seed = 1
[dataset]
plugin = "planted"
options = { users = 8, items = 30, sessions = 6 }
[split]
method = "user-temporal"
test = 0.2
[[recommender]]
plugin = "basics"
component = "popular"
[[llm]]
name = "hosted"
plugin = "openai"
options = { model = "small-1", base-url = %q, poll-interval = "1ms" }
[[agent]]
kind = "aligned"
options = { examples = 12 }
[[task]]
kind = "simulate"
`

// pupil runs align tune of one suite against a provider.
type pupil struct {
	t             *testing.T
	server        *openaitest.Server
	dir, tmp      string
	cache, stderr string
}

func newPupil(t *testing.T, tuning openaitest.Tuning) *pupil {
	t.Helper()
	programs(t)
	p := &pupil{t: t, server: openaitest.Start(t, openaitest.Options{Tuning: tuning}), dir: t.TempDir(), cache: t.TempDir(), tmp: shortTemp(t)}
	if err := os.WriteFile(filepath.Join(p.dir, "taught.toml"), fmt.Appendf(nil, taughtSuite, p.server.URL()), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// look is a question for the state of the first job.
func look(r *openaitest.Request) bool {
	return r.Method == http.MethodGet && r.Path == "/fine_tuning/jobs/ftjob-1"
}

func (p *pupil) count(of func(*openaitest.Request) bool) (n int) {
	for _, r := range p.server.Requests() {
		if of(&r) {
			n++
		}
	}
	return n
}

func (p *pupil) created() int {
	return p.count(func(r *openaitest.Request) bool {
		return r.Method == http.MethodPost && r.Path == "/fine_tuning/jobs"
	})
}

// tune runs the verb, gives its exit status and what it printed. While the job is looked
// at for the hangs-th time from now, the provider hangs and end is called; 0: never.
func (p *pupil) tune(hangs int, end func(*os.Process)) (status int, stdout string) {
	p.t.Helper()
	before := p.count(look)
	c := exec.Command(filepath.Join(os.Getenv(binVariable), "alignuser"), "align", "tune", "taught.toml", "--lock")
	c.Dir = p.dir
	c.Env = append(os.Environ(), "ALIGNUSER_CACHE="+p.cache, "TMPDIR="+p.tmp)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if hangs > 0 {
		p.server.Rule(openaitest.Rule{Path: "*", Match: look, From: hangs, Times: 1, Do: openaitest.Hung()})
	}
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	if hangs > 0 {
		if !eventually(func() bool { return p.count(look) >= before+hangs }) {
			_ = c.Process.Kill()
			<-ended
			p.t.Fatalf("the job is not looked at\n%s", said.String())
		}
		end(c.Process)
	}
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	<-ended
	timer.Stop()
	p.stderr = said.String()
	return c.ProcessState.ExitCode(), out.String()
}

func (p *pupil) says(words ...string) {
	p.t.Helper()
	for _, want := range words {
		if !strings.Contains(p.stderr, want) {
			p.t.Errorf("stderr lacks %q:\n%s", want, p.stderr)
		}
	}
}

// TestTuningGoesOn: killed and interrupted while a provider tunes, the same command goes on
// watching: the job is created once, nothing is asked twice, and the model is the job's.
func TestTuningGoesOn(t *testing.T) {
	p := newPupil(t, openaitest.Tuning{})
	if status, _ := p.tune(2, func(running *os.Process) { _ = running.Kill() }); status != -1 {
		t.Fatalf("exit status %d of a process that was killed\n%s", status, p.stderr)
	}
	asked := len(p.server.Paid())
	status, _ := p.tune(2, func(running *os.Process) { _ = running.Signal(os.Interrupt) })
	if status != exitInterrupted {
		t.Errorf("exit status %d, want %d", status, exitInterrupted)
	}
	p.says("going on with job ftjob-1", "agent aligned: interrupted: job ftjob-1 goes on at the provider, and the same command goes on watching it")
	status, out := p.tune(0, nil)
	if status != 0 {
		t.Fatalf("exit status %d\n%s", status, p.stderr)
	}
	for _, want := range []string{"ft:small-1:openaitest:alignuser:1", "ftjob-1", "chat.train-loss 0.333333"} {
		if !strings.Contains(out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, out)
		}
	}
	if p.created() != 1 || len(p.server.PaidTwice()) > 0 || asked == 0 || len(p.server.Paid()) != asked {
		t.Errorf("%d jobs created; %d answers paid, %d before, %v twice", p.created(), len(p.server.Paid()), asked, p.server.PaidTwice())
	}
	lock, err := os.ReadFile(filepath.Join(p.dir, lockName))
	if err != nil || !strings.Contains(string(lock), `model = "ft:small-1:openaitest:alignuser:1"`) {
		t.Errorf("%s, %v", lock, err)
	}
	if status, again := p.tune(0, nil); status != 0 || again != out || p.created() != 1 {
		t.Errorf("again: exit status %d, %d jobs\n%s", status, p.created(), again)
	}
	nothingLeft(t, p.tmp)
}

// TestJobThatFails says the provider's reason, and the next attempt starts anew.
func TestJobThatFails(t *testing.T) {
	p := newPupil(t, openaitest.Tuning{Fail: "the file has too few examples"})
	for n := range 2 {
		if status, _ := p.tune(0, nil); status != exitFailed || p.created() != n+1 {
			t.Errorf("attempt %d: exit status %d, %d jobs created", n+1, status, p.created())
		}
		p.says(fmt.Sprintf("job ftjob-%d", n+1), "the file has too few examples", "the next attempt starts a new one")
	}
}

// TestJobThatVanishes is the same, of a job that the provider no longer knows.
func TestJobThatVanishes(t *testing.T) {
	p := newPupil(t, openaitest.Tuning{})
	p.tune(2, func(running *os.Process) { _ = running.Kill() })
	p.server.ForgetJobs()
	if status, _ := p.tune(0, nil); status != exitFailed || p.created() != 1 {
		t.Errorf("exit status %d, %d jobs created", status, p.created())
	}
	p.says("No such fine-tuning job", "the next attempt starts a new one")
	if status, _ := p.tune(0, nil); status != 0 || p.created() != 2 {
		t.Errorf("exit status %d, %d jobs created\n%s", status, p.created(), p.stderr)
	}
}

// TestSheetIsTame: whatever a data set or a backend says, a line of align inspect stays one
// and steers no terminal.
func TestSheetIsTame(t *testing.T) {
	s := &sheetOf{}
	s.line(2, "%s", "a\x1b[2Jb\u202ec\u2028d\ufffde\rf\tg \n# h")
	if got, want := s.String(), "  a[2Jbc de f g\n  # h\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s = &sheetOf{}
	d := &align.Demonstration{}
	d.Decision.Action = trace.Exit
	s.demonstration(d, "aligned", "\x1b]0;ann\x07\u202e")
	if strings.ContainsAny(s.String(), "\x1b\x07\u202e") || !strings.Contains(s.String(), `user "]0;ann"`) {
		t.Errorf("%q", s.String())
	}
}
