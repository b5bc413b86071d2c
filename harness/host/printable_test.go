package host

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

// TestOutputIsPrintable: colours and worse in what a plugin prints stay out of
// everything that shows it again.
func TestOutputIsPrintable(t *testing.T) {
	var log bytes.Buffer
	file := &closer{}
	o := newOutput(hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Debug}), redactor(nil), file)
	say(o, "10 %\r20 %", "panic: \x1b[1;31mteapot\x1b[0m\x1b]0;owned\x07", `{"@level":"error","@message":"a\u001b[2Jb","k":"\u009bc"}`)
	o.close()
	if got, want := o.text(), "10 % 20 %\npanic: teapot]0;owned\n[ERROR] ab k=c"; got != want {
		t.Errorf("have %q\nwant %q", got, want)
	}
	for what, text := range map[string]string{"file": file.String(), "log": log.String(), "error": o.telling()} {
		if strings.ContainsAny(text, "\x1b\x07\r\u009b") {
			t.Errorf("%s: %q", what, text)
		}
	}
}
