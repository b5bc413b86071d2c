package align

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alignuser/alignuser/sdk"
)

// turn is a message of the chat fine-tuning format.
type turn struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// chat is a line of a training file: a question and the answer that is taught.
type chat struct {
	Messages []turn `json:"messages"`
}

// pair is a line of a preference file: what was done, and what was not.
type pair struct {
	Prompt   []turn   `json:"prompt"`
	Chosen   []turn   `json:"chosen"`
	Rejected []turn   `json:"rejected"`
	Weight   *float64 `json:"weight,omitempty"` // nil: 1
}

var roles = map[sdk.Role]string{sdk.RoleSystem: "system", sdk.RoleUser: "user", sdk.RoleAssistant: "assistant"}

func turns(messages []sdk.Message) []turn {
	out := make([]turn, len(messages))
	for i, m := range messages {
		out[i] = turn{roles[m.Role], m.Content}
	}
	return out
}

func says(answer string) turn { return turn{roles[sdk.RoleAssistant], answer} }

// lines is a file under way. It gets its name when it is whole.
type lines struct {
	path string
	file *os.File
	buf  *bufio.Writer
	enc  *json.Encoder
	n    int
}

func create(dir, name string) (*lines, error) {
	path := filepath.Join(dir, name)
	f, err := os.Create(path + ".part")
	if err != nil {
		return nil, err
	}
	l := &lines{path: path, file: f, buf: bufio.NewWriterSize(f, 1<<20)}
	l.enc = json.NewEncoder(l.buf)
	l.enc.SetEscapeHTML(false)
	return l, nil
}

func (l *lines) add(v any) error {
	l.n++
	return l.enc.Encode(v)
}

// finish names the file.
func (l *lines) finish() error {
	if err := l.buf.Flush(); err != nil {
		l.drop()
		return fmt.Errorf("%s: %w", l.path, err)
	}
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("%s: %w", l.path, err)
	}
	return os.Rename(l.path+".part", l.path)
}

// drop removes what was not finished.
func (l *lines) drop() {
	_ = l.file.Close()              // nothing of it is kept
	_ = os.Remove(l.path + ".part") // or is made anew
}
