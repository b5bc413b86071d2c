package record

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// ArmDigest says what an arm is: plugin, component and canonical options.
type ArmDigest struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Identity is everything that a run's results depend on. Equal identities
// share a folder, which is how a second start of the same command resumes.
type Identity struct {
	Suite string      `json:"suite"` // digest of the canonical suite
	Data  string      `json:"data"`
	Split string      `json:"split"`
	Arms  []ArmDigest `json:"arms"` // in any order
	Seed  uint64      `json:"seed"`
}

// ID gives twelve hex digits: the head of SHA-256 over the identity.
func (id Identity) ID() string {
	sum := sha256.Sum256(id.encode())
	return hex.EncodeToString(sum[:6])
}

// encode gives the bytes that are hashed and kept in identity.json.
func (id Identity) encode() []byte {
	id.Arms = slices.Clone(id.Arms)
	slices.SortFunc(id.Arms, func(a, b ArmDigest) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Digest, b.Digest))
	})
	b, err := json.MarshalIndent(struct {
		Schema int `json:"schema"`
		Identity
	}{Schema, id}, "", "  ")
	if err != nil {
		panic(err) // strings and integers only
	}
	return append(b, '\n')
}

// check writes identity.json into a new run folder. In an old one it compares:
// the id in the folder's name is short, and folders can be copied.
func (id Identity) check(dir string) error {
	path := filepath.Join(dir, "identity.json")
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return WriteFile(path, func(w io.Writer) error {
			_, err := w.Write(id.encode())
			return err
		})
	case err != nil:
		return err
	case !bytes.Equal(have, id.encode()):
		return fmt.Errorf("%s: the folder holds a run of something else: move it away, or choose another --out", path)
	}
	return nil
}
