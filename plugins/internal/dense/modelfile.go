package dense

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alignuser/alignuser/sdk"
)

// magic opens every model file; its last byte is the version of the layout.
const magic = "ALNUMDL\x01"

// Header says what a model file holds and what it was made from.
type Header struct {
	Format  string // component and version of its arrays, such as "ease/1"
	Options string // canonical options that shaped the model
	Data    string // manifest hash of the training part; empty where unknown
	Users   int
	Items   int
}

// WriteModel writes a model file: magic, length and JSON of the header, then
// for each array its length and its little-endian elements, then the SHA-256
// of all before. Equal models give equal bytes. Arrays are slices of
// fixed-size numbers.
func WriteModel(dir, name string, h Header, arrays ...any) (sdk.File, error) {
	head, err := json.Marshal(h)
	if err != nil {
		return sdk.File{}, err
	}
	raw := binary.LittleEndian.AppendUint64([]byte(magic), uint64(len(head)))
	raw = append(raw, head...)
	for _, a := range arrays {
		size := binary.Size(a)
		if size < 0 {
			return sdk.File{}, fmt.Errorf("model file %s: cannot write %T", name, a)
		}
		raw = binary.LittleEndian.AppendUint64(raw, uint64(size))
		if raw, err = binary.Append(raw, binary.LittleEndian, a); err != nil {
			return sdk.File{}, fmt.Errorf("model file %s: %w", name, err)
		}
	}
	sum := sha256.Sum256(raw)
	raw = append(raw, sum[:]...)
	if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
		return sdk.File{}, err
	}
	whole := sha256.Sum256(raw)
	return sdk.File{Path: name, Bytes: int64(len(raw)), SHA256: hex.EncodeToString(whole[:])}, nil
}

// ReadModel reads a file of WriteModel into pointers to slices. It refuses,
// with ErrInvalid, a file that is cut short, changed or foreign, and one whose
// header differs from want; a Data that either side does not know is not
// compared.
func ReadModel(dir, name string, want Header, arrays ...any) error {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if os.IsNotExist(err) {
		return sdk.Invalidf("", "model file %s: there is none in the folder", name)
	}
	if err != nil {
		return err
	}
	body, ok := intact(raw)
	if !ok {
		return sdk.Invalidf("", "model file %s: not a model file, or damaged: fit and save it again", name)
	}
	head, rest, ok := cut(body)
	if !ok {
		return sdk.Invalidf("", "model file %s: the header is cut short", name)
	}
	if err := compare(name, head, want); err != nil {
		return err
	}
	for _, a := range arrays {
		var part []byte
		if part, rest, ok = cut(rest); !ok {
			return sdk.Invalidf("", "model file %s: an array is cut short", name)
		}
		if err := decode(part, a); err != nil {
			return sdk.Invalidf("", "model file %s: %v", name, err)
		}
	}
	if len(rest) != 0 {
		return sdk.Invalidf("", "model file %s: %d bytes too many", name, len(rest))
	}
	return nil
}

// intact gives what lies between magic and checksum.
func intact(raw []byte) ([]byte, bool) {
	if len(raw) < len(magic)+sha256.Size || string(raw[:len(magic)]) != magic {
		return nil, false
	}
	at := len(raw) - sha256.Size
	sum := sha256.Sum256(raw[:at])
	return raw[len(magic):at], bytes.Equal(sum[:], raw[at:])
}

// cut takes a length and as many bytes from the front.
func cut(raw []byte) (part, rest []byte, ok bool) {
	if len(raw) < 8 {
		return nil, nil, false
	}
	size := binary.LittleEndian.Uint64(raw)
	if size > uint64(len(raw)-8) {
		return nil, nil, false
	}
	return raw[8 : 8+size], raw[8+size:], true
}

func compare(name string, head []byte, want Header) error {
	var have Header
	if err := json.Unmarshal(head, &have); err != nil {
		return sdk.Invalidf("", "model file %s: header: %v", name, err)
	}
	if have.Data == "" || want.Data == "" {
		have.Data, want.Data = "", ""
	}
	for _, f := range []struct{ what, have, want string }{
		{"format", have.Format, want.Format},
		{"options", have.Options, want.Options},
		{"training data", have.Data, want.Data},
		{"size", fmt.Sprintf("%d users, %d items", have.Users, have.Items), fmt.Sprintf("%d users, %d items", want.Users, want.Items)},
	} {
		if f.have != f.want {
			return sdk.Invalidf("", "model file %s: saved with %s %s, wanted %s", name, f.what, f.have, f.want)
		}
	}
	return nil
}

func decode(part []byte, into any) (err error) {
	switch p := into.(type) {
	case *[]float32:
		*p, err = numbers[float32](part, 4)
	case *[]int32:
		*p, err = numbers[int32](part, 4)
	case *[]int64:
		*p, err = numbers[int64](part, 8)
	default:
		err = fmt.Errorf("cannot read %T", into)
	}
	return err
}

func numbers[T float32 | int32 | int64](part []byte, size int) ([]T, error) {
	if len(part)%size != 0 {
		return nil, fmt.Errorf("an array of %d bytes does not divide into elements of %d", len(part), size)
	}
	out := make([]T, len(part)/size)
	_, err := binary.Decode(part, binary.LittleEndian, out)
	return out, err
}
