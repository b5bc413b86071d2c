package dense

import "golang.org/x/sys/cpu"

// tile is tilePortable in the fastest form that the processor has, with the
// same bits.
func tile(depth int, a, b, c []float64, stride int) {
	if !cpu.X86.HasAVX {
		tilePortable(depth, a, b, c, stride)
		return
	}
	if depth == 0 {
		return
	}
	_, _, _ = a[depth*tileRows-1], b[depth*tileCols-1], c[(tileRows-1)*stride+tileCols-1] // the assembly checks nothing
	tileAVX(depth, &a[0], &b[0], &c[0], stride)
}
