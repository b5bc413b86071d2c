package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alignuser/alignuser/sdk"
)

// trainLimit is what providers take as one file.
const trainLimit = 512 << 20

// example is a line of a training file: a chat, or a pair of continuations of
// one.
type example struct {
	Messages []json.RawMessage `json:"messages"`
	Prompt   []json.RawMessage `json:"prompt"`
	Chosen   []json.RawMessage `json:"chosen"`
	Rejected []json.RawMessage `json:"rejected"`
}

// examples reads a training file and words it as providers want it: chats as
// they are, pairs in the terms of preference tuning.
func examples(path, format string) ([]byte, error) {
	if format != "chat" && format != "pairs" {
		return nil, sdk.Invalidf("", "format %q: want chat or pairs", format)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, sdk.Invalidf("", "training file: %v", err)
	}
	defer f.Close()
	var out bytes.Buffer
	in := bufio.NewReader(io.LimitReader(f, trainLimit+1))
	read, n := 0, 0
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("training file: %w", err)
		}
		if read += len(line); read > trainLimit {
			return nil, sdk.Invalidf("", "%s: larger than %d MiB", path, trainLimit>>20)
		}
		n++
		if line = bytes.TrimSpace(line); len(line) > 0 {
			worded, bad := wordExample(line, format)
			if bad != nil {
				return nil, sdk.Invalidf("", "%s:%d: %v", path, n, bad)
			}
			out.Write(append(worded, '\n'))
		}
		if err != nil {
			break
		}
	}
	if out.Len() == 0 {
		return nil, sdk.Invalidf("", "%s: no examples", path)
	}
	return out.Bytes(), nil
}

func wordExample(line []byte, format string) ([]byte, error) {
	var e example
	if err := json.Unmarshal(line, &e); err != nil {
		return nil, fmt.Errorf("want a line of JSON: %w", err)
	}
	if format == "chat" {
		if len(e.Messages) == 0 {
			return nil, errors.New("want messages")
		}
		return line, nil
	}
	if len(e.Prompt) == 0 || len(e.Chosen) == 0 || len(e.Rejected) == 0 {
		return nil, errors.New("want prompt, chosen and rejected, each a list of messages")
	}
	return json.Marshal(map[string]any{
		"input":            map[string]any{"messages": e.Prompt},
		"preferred_output": e.Chosen, "non_preferred_output": e.Rejected,
	})
}
