//go:build !amd64

package dense

// tile is tilePortable: there is assembly for amd64 only.
func tile(depth int, a, b, c []float64, stride int) { tilePortable(depth, a, b, c, stride) }
