package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/hashicorp/go-hclog"
)

const (
	ringLimit     = 64 << 10
	logFileLimit  = 16 << 20
	linesPerSec   = 1000
	tellingLines  = 6
	tellingLength = 600
)

// output takes what a plugin prints. It keeps the last 64 KiB for error
// messages, writes a log file where asked, and passes lines to the logger, at
// most a thousand a second. go-plugin never sees a plugin's stderr: a line such
// as {"@message":42} would end the host.
type output struct {
	logger hclog.Logger
	redact func(string) string

	mu      sync.Mutex
	ring    []string
	bytes   int
	file    io.WriteCloser
	written int
	second  int64
	lines   int
	dropped int
	raised  bool // a panic's trace goes on at error level
}

func newOutput(logger hclog.Logger, redact func(string) string, file io.WriteCloser) *output {
	return &output{logger: logger, redact: redact, file: file}
}

// line takes one line as splitLines emits it.
func (o *output) line(stream string, head []byte, size int) {
	text := string(bytes.TrimRight(head, "\r"))
	if size > len(head) {
		text += fmt.Sprintf(" … (%d bytes in one line)", size)
	}
	rec := parseLine(text)
	rec.message = o.redact(printable(rec.message))
	for i, kv := range rec.pairs {
		if s, ok := kv.(string); ok {
			rec.pairs[i] = o.redact(printable(s))
		}
	}
	if stream == "stdout" {
		rec.pairs = append(rec.pairs, "stream", "stdout")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if rec.plain {
		o.raised = o.raised || strings.HasPrefix(rec.message, "panic: ") || strings.HasPrefix(rec.message, "fatal error: ")
		if o.raised {
			rec.level = hclog.Error
		}
	}
	rendered := rec.String()
	if rec.plain || rec.level >= hclog.Info {
		o.remember(rendered)
	}
	o.save(rendered)
	if o.admit(time.Now().Unix()) {
		o.logger.Log(rec.level, rec.message, rec.pairs...)
	}
}

func (o *output) remember(text string) {
	o.ring = append(o.ring, text)
	o.bytes += len(text) + 1
	for o.bytes > ringLimit && len(o.ring) > 1 {
		o.bytes -= len(o.ring[0]) + 1
		o.ring = o.ring[1:]
	}
}

func (o *output) save(text string) {
	if o.file == nil || o.written > logFileLimit {
		return
	}
	n, err := fmt.Fprintln(o.file, text)
	o.written += n
	if err == nil && o.written > logFileLimit {
		_, err = fmt.Fprintln(o.file, "(the log ends here: 16 MiB)")
	}
	if err != nil {
		o.logger.Warn("plugin log file", "error", err)
		o.written = logFileLimit + 1
	}
}

// admit counts lines per second and tells how many were not passed on.
func (o *output) admit(now int64) bool {
	if now != o.second {
		if o.dropped > 0 {
			o.logger.Warn("plugin printed too much", "lines-dropped", o.dropped)
		}
		o.second, o.lines, o.dropped = now, 0, 0
	}
	o.lines++
	if o.lines > linesPerSec {
		o.dropped++
		return false
	}
	return true
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped > 0 {
		o.logger.Warn("plugin printed too much", "lines-dropped", o.dropped)
		o.dropped = 0
	}
	if o.file != nil {
		_ = o.file.Close()
		o.file = nil
	}
}

// text is all that is remembered.
func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.ring, "\n")
}

// telling picks the lines that explain an end: from the last panic or traceback
// on, or else the last ones.
func (o *output) telling() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := o.ring
	from := max(0, len(lines)-tellingLines)
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "panic: ") || strings.HasPrefix(lines[i], "fatal error: ") {
			from = i
			break
		}
	}
	var kept []string
	length := 0
	for _, l := range lines[from:min(len(lines), from+tellingLines)] {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		if room := tellingLength - length; len(l) > room {
			l = strings.ToValidUTF8(l[:max(0, room)], "") + "…"
		}
		kept = append(kept, l)
		if length += len(l); length >= tellingLength {
			break
		}
	}
	return strings.Join(kept, "\n")
}

// record is one parsed line.
type record struct {
	level   hclog.Level
	message string
	pairs   []any
	plain   bool
}

// String renders the record for people.
func (r record) String() string {
	if r.plain {
		return r.message
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[%s] %s", strings.ToUpper(r.level.String()), r.message)
	for i := 0; i+1 < len(r.pairs); i += 2 {
		fmt.Fprintf(&b, " %v=%v", r.pairs[i], r.pairs[i+1])
	}
	return b.String()
}

// parseLine reads hclog's JSON form, "[INFO] text", or plain text. Fields of the
// wrong type make the line plain text.
func parseLine(text string) record {
	plain := record{level: hclog.Debug, message: text, plain: true}
	if strings.HasPrefix(text, "{") {
		return parseJSON(text, plain)
	}
	if strings.HasPrefix(text, "[") {
		if word, rest, ok := strings.Cut(text[1:], "]"); ok {
			if l := hclog.LevelFromString(word); l != hclog.NoLevel {
				return record{level: l, message: strings.TrimSpace(rest)}
			}
		}
	}
	return plain
}

func parseJSON(text string, plain record) record {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return plain
	}
	message, ok := fields["@message"].(string)
	level, ok2 := fields["@level"].(string)
	if !ok || !ok2 {
		return plain
	}
	rec := record{level: hclog.LevelFromString(level), message: message}
	if rec.level == hclog.NoLevel || rec.level == hclog.Off {
		rec.level = hclog.Debug
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		if !strings.HasPrefix(name, "@") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		rec.pairs = append(rec.pairs, name, fmt.Sprint(fields[name]))
	}
	return rec
}

// colour finds what paints or moves a cursor on a terminal.
var colour = regexp.MustCompile(`\x1b\[[0-9;?]*[ -/]*[@-~]`)

// printable takes out what a terminal would obey: the text goes on into logs,
// errors and tables.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r': // a progress bar that begins its line anew
			return ' '
		case unicode.IsControl(r) && r != '\n' && r != '\t':
			return -1
		}
		return r
	}, colour.ReplaceAllString(text, ""))
}

// redactor hides the values of secrets. Values of fewer than four letters stay:
// hiding them would hide half of the text.
func redactor(secrets map[string]string) func(string) string {
	type hidden struct{ value, name string }
	var all []hidden
	for name, value := range secrets {
		for _, part := range strings.Split(value, "\n") {
			if part = strings.TrimSpace(part); len(part) >= 4 {
				all = append(all, hidden{part, name})
			}
		}
	}
	// Longest first: one secret may begin with another.
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		return len(a.value) > len(b.value) || len(a.value) == len(b.value) && a.value+a.name < b.value+b.name
	})
	var pairs []string
	for _, h := range all {
		pairs = append(pairs, h.value, "[secret "+h.name+"]")
	}
	if len(pairs) == 0 {
		return func(s string) string { return s }
	}
	return strings.NewReplacer(pairs...).Replace
}

// openLog makes the log file of one process; a folder of "" means none.
func openLog(dir, name string) (io.WriteCloser, error) {
	if dir == "" {
		return nil, nil
	}
	f, err := os.OpenFile(dir+string(os.PathSeparator)+name+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("plugin log: %w", err)
	}
	return f, nil
}
