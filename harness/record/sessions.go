package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/alignuser/alignuser/harness/trace"
)

// maxSessions bounds what a session file may unpack to at a time.
const maxSessions = 1 << 30

// WriteSessions writes the evidence of a cell of sessions: lines of JSON,
// compressed. Equal sessions give equal bytes.
func WriteSessions(w io.Writer, h trace.Header, sessions []trace.Session) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	return errors.Join(trace.Write(z, h, sessions), z.Close())
}

// ReadSessions reads what [WriteSessions] wrote.
func ReadSessions(path string) (trace.Header, []trace.Session, error) {
	f, err := os.Open(path)
	if err != nil {
		return trace.Header{}, nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(bufio.NewReader(f), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxSessions))
	if err != nil {
		return trace.Header{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	h, sessions, err := trace.Read(z)
	if err != nil {
		return h, nil, fmt.Errorf("%s: %w", path, err)
	}
	return h, sessions, nil
}
