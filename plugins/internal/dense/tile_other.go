//go:build !amd64

package dense

// Add adds row to out, element by element. Both must have one length.
func Add(out, row []float32) { addPortable(out, row[:len(out)]) }

// tile is tilePortable: there is assembly for amd64 only.
func tile(depth int, a, b, c []float64, stride int) { tilePortable(depth, a, b, c, stride) }
