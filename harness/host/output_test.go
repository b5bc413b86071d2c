package host

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hashicorp/go-hclog"
)

// spoken runs text through the stdout filter and gives what go-plugin would
// see and what is logged.
func spoken(t *testing.T, text string) (handshake, log string) {
	t.Helper()
	r, w := io.Pipe()
	out := newOutput(hclog.NewNullLogger(), redactor(nil), nil)
	handed := false
	go filterStdout(iotest.HalfReader(strings.NewReader(text)), w, out, func() { handed = true })
	got, err := io.ReadAll(r)
	if err != nil || handed != (len(got) > 0) {
		t.Fatalf("read: %v, handed over %t, have %q", err, handed, got)
	}
	return string(got), out.text()
}

func TestHandshakeFilter(t *testing.T) {
	const line = "1|1|unix|/tmp/s/plugin1|grpc|"
	const want = "1|1|unix|/tmp/s/plugin1|grpc\n"
	long := strings.Repeat("#", 70<<10)
	for name, text := range map[string]string{
		"alone":               line + "\n",
		"no newline":          line,
		"carriage return":     line + "\r\n",
		"noise before":        "Loading…\n\n1|2\n1|x|unix|y|grpc|\n" + line + "\n",
		"long line before":    long + "\n" + line + "\n",
		"on the long line":    long + line + "\n",
		"certificate":         line + strings.Repeat("QUJD", 99) + "\n",
		"multiplexing":        line + "|true\n",
		"noise after":         line + "\n" + long + "\n" + line + "\n",
		"noise without end":   line + "\n" + long + long + long,
		"control bytes":       "\x00\xff\x1b[2K\r" + line + "\n",
		"another core before": "2" + line + "\n",
	} {
		if got, _ := spoken(t, text); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	const tcp = "1|1|tcp|127.0.0.1:99|grpc|QUJD\n"
	if got, _ := spoken(t, tcp); got != tcp {
		t.Errorf("TCP, where TLS needs the certificate: %q", got)
	}
	for name, text := range map[string]string{"nothing": "", "noise": long + "\nhello\n", "no protocol": "1|1|unix|/tmp/x\n"} {
		if got, _ := spoken(t, text); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, log := spoken(t, "hello\n"+line+"\nworld\n"); log != "hello\nworld" {
		t.Errorf("logged %q", log)
	}
}

func TestSplitLines(t *testing.T) {
	long := strings.Repeat("a", lineLimit+10)
	var got []string
	splitLines(iotest.OneByteReader(strings.NewReader("x\n\n"+long+"b\ny")), func(head, tail []byte, size int) {
		got = append(got, fmt.Sprintf("%d %d %d %s", len(head), len(tail), size, tail[max(0, len(tail)-1):]))
	})
	want := fmt.Sprintf("[1 1 1 x 0 0 0  %d %d %d b 1 1 1 y]", lineLimit, tailLimit, lineLimit+11)
	if fmt.Sprint(got) != want {
		t.Fatalf("have %v\nwant %s", got, want)
	}
}

// TestLogLevels: what plugins write comes out at their level; fields of the
// wrong type make a line plain text and never a panic.
func TestLogLevels(t *testing.T) {
	for text, want := range map[string]string{
		`plain`:                        "debug plain",
		`[WARN] careful`:               "warn [WARN] careful",
		`[odd] careful`:                "debug [odd] careful",
		`{"@message":42}`:              `debug {"@message":42}`,
		`{"@level":7,"@message":"x"}`:  `debug {"@level":7,"@message":"x"}`,
		`{"@message":"x"}`:             `debug {"@message":"x"}`,
		`{"@level":"info","@message":`: `debug {"@level":"info","@message":`,
		`{"@level":"info","@message":"m","b":[1],"a":"z","@timestamp":{}}`: "info [INFO] m a=z b=[1]",
		`{"@level":"off","@message":"m"}`:                                  "debug [DEBUG] m",
		"[]":                                                               "debug []",
		"":                                                                 "debug ",
	} {
		r := parseLine(text)
		if got := r.level.String() + " " + r.String(); got != want {
			t.Errorf("%s: have %s, want %s", text, got, want)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add(`{"@level":"info","@message":"m","k":{"x":[null]}}`)
	f.Add("[ERROR] x")
	f.Fuzz(func(t *testing.T, line string) {
		if r := parseLine(line); r.level == hclog.NoLevel || len(r.pairs)%2 != 0 {
			t.Fatalf("%q: %+v", line, r)
		}
	})
}

func say(o *output, lines ...string) {
	for _, l := range lines {
		o.line("stderr", []byte(l), len(l))
	}
}

// closer is a log file in memory.
type closer struct{ bytes.Buffer }

func (*closer) Close() error { return nil }

func TestOutputIsBounded(t *testing.T) {
	var log bytes.Buffer
	file := &closer{}
	o := newOutput(hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Debug}), redactor(nil), file)
	line := strings.Repeat("x", 99)
	for i := range logFileLimit/100 + 500 {
		say(o, fmt.Sprintf("%06d %s", i, line))
	}
	o.close()
	if n := len(o.text()); n > ringLimit || n < ringLimit-200 {
		t.Errorf("%d bytes are remembered", n)
	}
	if n := file.Len(); n > logFileLimit+300 || !strings.Contains(file.String(), "the log ends here") {
		t.Errorf("the log file has %d bytes", n)
	}
	if !strings.Contains(log.String(), "lines-dropped=") {
		t.Error("the logger was not told of dropped lines")
	}
}

func TestRate(t *testing.T) {
	o := newOutput(hclog.NewNullLogger(), redactor(nil), nil)
	passed := 0
	for range 3 * linesPerSec {
		if o.admit(1) {
			passed++
		}
	}
	if passed != linesPerSec || !o.admit(2) {
		t.Fatalf("%d lines passed in a second", passed)
	}
}

// TestTelling: of a trace its head explains most, of anything else its end.
func TestTelling(t *testing.T) {
	o := newOutput(hclog.NewNullLogger(), redactor(nil), nil)
	say(o, "starting", "a", "b", "c", "d", "e", "ImportError: no numpy")
	if got := o.telling(); !strings.HasSuffix(got, "\nImportError: no numpy") || strings.Contains(got, "starting") {
		t.Errorf("the end: %q", got)
	}
	say(o, "panic: teapot", "", "goroutine 1 [running]:")
	for i := range 50 {
		say(o, fmt.Sprintf("main.f%d()", i))
	}
	if got := o.telling(); !strings.HasPrefix(got, "panic: teapot\ngoroutine 1") || strings.Contains(got, "f20") {
		t.Errorf("a panic: %q", got)
	}
	o = newOutput(hclog.NewNullLogger(), redactor(nil), nil)
	say(o, `{"@level":"debug","@message":"chatter"}`, `{"@level":"error","@message":"bad","why":"x"}`, strings.Repeat("é", 2000))
	if got := o.telling(); strings.Contains(got, "chatter") || !strings.HasPrefix(got, "[ERROR] bad why=x\nééé") || len(got) > tellingLength+50 {
		t.Errorf("mixed: %q", got)
	}
}

func TestRedaction(t *testing.T) {
	var log bytes.Buffer
	hide := redactor(map[string]string{"A": "sk-123", "AB": "sk-1234567", "PEM": "BEGIN\nline-one\n", "PIN": "12"})
	o := newOutput(hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Debug}), hide, nil)
	say(o, "key sk-1234567 and sk-123", `{"@level":"info","@message":"m sk-123","k":"line-one","n":12}`)
	want := "key [secret AB] and [secret A]\n[INFO] m [secret A] k=[secret PEM] n=12"
	if got := o.text(); got != want {
		t.Errorf("have %s\nwant %s", got, want)
	}
	if strings.Contains(log.String(), "sk-1") || strings.Contains(log.String(), "line-one") {
		t.Errorf("logged %s", log.String())
	}
}
