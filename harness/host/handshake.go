package host

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// Limits on what is kept of one line of output.
const (
	lineLimit = 64 << 10
	tailLimit = 4 << 10
)

// handshakeLine finds "core|app|network|address|protocol…" at the end of a
// line, so that a progress bar without a newline in front of it does no harm.
var handshakeLine = regexp.MustCompile(`1\|\d+\|(?:unix|tcp)\|[^|]+\|(?:grpc|netrpc)(?:\|[^\n]*)?$`)

// splitLines reads until r ends and emits each line without its newline. Of a
// long line, head holds the first lineLimit bytes and tail the last tailLimit.
// Neither may be kept. Reading never stops for a line that is too long, because
// a plugin blocks in its write when nobody reads.
func splitLines(r io.Reader, emit func(head, tail []byte, size int)) {
	buf := make([]byte, 32<<10)
	var head, tail []byte
	size := 0
	flush := func() {
		emit(head, tail, size)
		head, tail, size = head[:0], tail[:0], 0
	}
	for {
		n, err := r.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			piece, after, newline := bytes.Cut(rest, []byte{'\n'})
			head = append(head, piece[:min(len(piece), lineLimit-len(head))]...)
			tail = append(tail, piece...)
			if over := len(tail) - tailLimit; over > 0 {
				tail = append(tail[:0], tail[over:]...)
			}
			size += len(piece)
			rest = after
			if newline {
				flush()
			}
		}
		if err != nil {
			if size > 0 {
				flush()
			}
			return
		}
	}
}

// filterStdout passes the one handshake line on to go-plugin and everything
// else to the log. Field 6, a certificate, is cut off where there is no TLS,
// which is on unix sockets: go-plugin dereferences a nil TLS configuration on
// it. Handed is called when a handshake was seen.
func filterStdout(r io.Reader, w *io.PipeWriter, log *output, handed func()) {
	done := false
	splitLines(r, func(head, tail []byte, size int) {
		if !done {
			if line := handshakeLine.Find(bytes.TrimRight(tail, "\r \t")); line != nil {
				done = true
				fields := strings.Split(string(line), "|")
				handed()
				if fields[2] == "unix" {
					fields = fields[:5]
				}
				_, _ = io.WriteString(w, strings.Join(fields, "|")+"\n")
				_ = w.Close()
				if extra := size - len(line); extra <= 0 {
					return
				}
			}
		}
		log.line("stdout", head, size)
	})
	_ = w.Close()
}
