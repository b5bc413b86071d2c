package dense

import (
	"context"

	"github.com/alignuser/alignuser/plugins/internal/cores"
)

// A tile is what the kernel makes at once, so many rows and columns; the
// generator in avo has the same numbers.
const (
	tileRows = 6
	tileCols = 8
)

// A piece of a product is a band of so many rows, made in blocks of so many
// columns, whose packed factor stays in a second-level cache while the band
// passes over it.
const (
	band  = 16 * tileRows
	block = 32 * tileCols
)

// packed is a matrix cut into panels of so many rows, each panel column by
// column, the last one filled up with zeros: the order in which the kernel
// reads a factor.
type packed struct {
	height int // rows of a panel
	rows   int
	depth  int // columns
	data   []float64
}

// pack cuts the first depth columns of a rows × stride matrix by rows into
// panels. It keeps the memory of buf.
func pack(buf packed, height int, a []float64, rows, depth, stride int) packed {
	panels := (rows + height - 1) / height
	if need := panels * height * depth; cap(buf.data) < need {
		buf.data = make([]float64, need)
	} else {
		buf.data = buf.data[:need]
	}
	for p := range panels {
		out := buf.data[p*height*depth:][:height*depth]
		for r := range height {
			if p*height+r >= rows {
				for k := range depth {
					out[k*height+r] = 0
				}
				continue
			}
			for k, v := range a[(p*height+r)*stride:][:depth] {
				out[k*height+r] = v
			}
		}
	}
	return packed{height: height, rows: rows, depth: depth, data: buf.data}
}

// panel gives the panel that starts at row i, a multiple of the height.
func (p packed) panel(i int) []float64 { return p.data[i*p.depth:][:p.height*p.depth] }

// multiply adds a·bᵀ to the upper part of c, stride elements a row: the tiles
// that hold a place on or right of the diagonal that starts at c's first
// element, or all where whole is true. A comes in panels of tileRows, b in
// panels of tileCols.
//
// Each element of c is one sum in the order of the inner dimension, which
// starts from what c held: c, then + a_0·b_0, then + a_1·b_1, and so on, each
// product and each sum rounded to float64. That is the whole definition of the
// result, whatever the tiles, the threads and the processor.
func multiply(ctx context.Context, a, b packed, c []float64, stride int, whole bool, threads int) error {
	return cores.Each(ctx, (a.rows+band-1)/band, threads, func(_, piece int) {
		top := piece * band
		bottom := min(a.rows, top+band)
		left := 0
		if !whole {
			left = top / tileCols * tileCols
		}
		for ; left < b.rows; left += block {
			for i := top; i < bottom; i += tileRows {
				for j := left; j < min(b.rows, left+block); j += tileCols {
					if whole || i < j+tileCols {
						place(a.depth, a.panel(i), b.panel(j), c[i*stride+j:], stride, min(tileRows, a.rows-i), min(tileCols, b.rows-j))
					}
				}
			}
		}
	})
}

// place adds one tile, of which rows × cols lie within c.
func place(depth int, a, b, c []float64, stride, rows, cols int) {
	if rows == tileRows && cols == tileCols {
		tile(depth, a, b, c, stride)
		return
	}
	var edge [tileRows * tileCols]float64
	for r := range rows {
		copy(edge[r*tileCols:][:cols], c[r*stride:])
	}
	tile(depth, a, b, edge[:], tileCols)
	for r := range rows {
		copy(c[r*stride:][:cols], edge[r*tileCols:])
	}
}

// tilePortable adds the product of a panel of a and a panel of b to a whole
// tile of c.
func tilePortable(depth int, a, b, c []float64, stride int) {
	for i := range tileRows {
		row := c[i*stride:][:tileCols]
		s0, s1, s2, s3 := row[0], row[1], row[2], row[3]
		s4, s5, s6, s7 := row[4], row[5], row[6], row[7]
		for k := range depth {
			x, y := a[k*tileRows+i], b[k*tileCols:][:tileCols]
			s0 += float64(x * y[0]) // the conversion forbids fusing
			s1 += float64(x * y[1])
			s2 += float64(x * y[2])
			s3 += float64(x * y[3])
			s4 += float64(x * y[4])
			s5 += float64(x * y[5])
			s6 += float64(x * y[6])
			s7 += float64(x * y[7])
		}
		row[0], row[1], row[2], row[3] = s0, s1, s2, s3
		row[4], row[5], row[6], row[7] = s4, s5, s6, s7
	}
}
