package dense

import "golang.org/x/sys/cpu"

// Add adds row to out, element by element. Both must have one length.
func Add(out, row []float32) {
	row = row[:len(out)]
	whole := 0
	if cpu.X86.HasAVX {
		if steps := len(out) / addStep; steps > 0 {
			addAVX(steps, &out[0], &row[0])
			whole = steps * addStep
		}
	}
	addPortable(out[whole:], row[whole:])
}

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
