package corpus

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// digestsOf gives the digest of users, items and interactions, and that of
// everything. Without sessions, which come last, they are one.
func digestsOf(scale *sdk.Scale, tables []sdk.Table) (core, all string) {
	n := len(tableNames())
	core = digestOf(scale, tables[:n])
	if len(tables) == n {
		return core, core
	}
	return core, hash(digestFormat, core, digestOf(nil, tables[n:]))
}

// digestOf hashes scale and tables: names, types, row counts and little-endian
// contents, tables and columns in order of name.
func digestOf(scale *sdk.Scale, tables []sdk.Table) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", digestFormat)
	if scale != nil {
		fmt.Fprintf(h, "scale %v %v %v %v %v\n", scale.Min, scale.Max, scale.Step, scale.LikeAt, scale.DislikeAt)
	}
	tables = slices.Clone(tables)
	slices.SortFunc(tables, func(a, b sdk.Table) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range tables {
		fmt.Fprintf(h, "table %q %d\n", t.Name, t.Rows())
		cols := slices.DeleteFunc(slices.Clone(t.Columns), func(c sdk.Column) bool { return t.Name == sdk.TableInteractions && c.Name == partColumn })
		slices.SortFunc(cols, func(a, b sdk.Column) int { return cmp.Compare(a.Name, b.Name) })
		for _, c := range cols {
			fmt.Fprintf(h, "column %q %s %d %t\n", c.Name, c.Type(), c.Elements(), c.Lists != nil)
			if c.Lists != nil {
				hashNumbers(h, c.Lists)
			}
			hashData(h, c.Data)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashData and hashNumbers write to a hash, which cannot fail.
func hashData(w io.Writer, data any) {
	switch d := data.(type) {
	case []int32:
		hashNumbers(w, d)
	case []int64:
		hashNumbers(w, d)
	case []float32:
		hashNumbers(w, d)
	case []float64:
		hashNumbers(w, d)
	case []uint8:
		_, _ = w.Write(d)
	case []string:
		var buf []byte
		for _, s := range d {
			buf = binary.LittleEndian.AppendUint32(buf[:0], uint32(len(s)))
			_, _ = w.Write(append(buf, s...))
		}
	}
}

func hashNumbers[T int32 | int64 | uint32 | float32 | float64](w io.Writer, d []T) {
	var buf []byte
	for part := range slices.Chunk(d, 1<<14) {
		buf, _ = binary.Append(buf[:0], binary.LittleEndian, part) // cannot fail for fixed sizes
		_, _ = w.Write(buf)
	}
}
