package dense

// addStep is how many elements the assembly adds at a time.
const addStep = 32

// addPortable adds row to out. No sum depends on another, so any order and any
// width of register gives the same bits.
func addPortable(out, row []float32) {
	for i, v := range row {
		out[i] += v
	}
}
