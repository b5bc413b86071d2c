// Command avo writes the assembly of package dense. It is a module of its own,
// so that nothing but regenerating needs it; generate.sh beside this file runs
// it.
//
// Its opinion: the kernel multiplies and adds in two instructions, not in one
// fused one. Every result is then rounded as Go's own float64 arithmetic rounds
// it, so that portable code gives the same bits on any processor.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A tile is rows × cols of float64: its twelve registers, two of b, one of a
// and one for the product are the sixteen that there are.
const (
	rows    = 6
	vectors = 2
	lanes   = 4
	cols    = vectors * lanes
	size    = 8 // bytes of a float64
)

// An add takes step float32 at a time, in registers of wide.
const (
	wide  = 8
	steps = 4
	step  = steps * wide
	half  = 4 // bytes of a float32
)

func main() {
	ConstraintExpr("amd64")
	tile()
	add()
	Generate()
}

func tile() {
	TEXT("tileAVX", NOSPLIT, "func(depth int, a, b, c *float64, stride int)")
	Pragma("noescape")
	Doc("tileAVX is tilePortable in AVX: c is the first element of a tile whose",
		"rows lie stride elements apart.")
	depth := Load(Param("depth"), GP64())
	a, b, c := Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("c"), GP64())
	stride := Load(Param("stride"), GP64())
	SHLQ(Imm(3), stride) // elements to bytes

	var sum [rows][vectors]reg.VecVirtual
	at := GP64()
	MOVQ(c, at)
	for i := range rows {
		for v := range vectors {
			sum[i][v] = YMM()
			VMOVUPD(Mem{Base: at, Disp: v * lanes * size}, sum[i][v])
		}
		ADDQ(stride, at)
	}

	Label("next")
	TESTQ(depth, depth)
	JZ(LabelRef("done"))
	var right [vectors]reg.VecVirtual
	for v := range vectors {
		right[v] = YMM()
		VMOVUPD(Mem{Base: b, Disp: v * lanes * size}, right[v])
	}
	left, product := YMM(), YMM()
	for i := range rows {
		VBROADCASTSD(Mem{Base: a, Disp: i * size}, left)
		for v := range vectors {
			VMULPD(right[v], left, product)
			VADDPD(product, sum[i][v], sum[i][v])
		}
	}
	ADDQ(Imm(rows*size), a)
	ADDQ(Imm(cols*size), b)
	DECQ(depth)
	JMP(LabelRef("next"))

	Label("done")
	for i := range rows {
		for v := range vectors {
			VMOVUPD(sum[i][v], Mem{Base: c, Disp: v * lanes * size})
		}
		if i+1 < rows {
			ADDQ(stride, c)
		}
	}
	VZEROUPPER()
	RET()
}

func add() {
	TEXT("addAVX", NOSPLIT, "func(steps int, out, row *float32)")
	Pragma("noescape")
	Doc("addAVX adds steps times 32 elements of row to out.")
	n := Load(Param("steps"), GP64())
	out, row := Load(Param("out"), GP64()), Load(Param("row"), GP64())
	Label("more")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	for i := range steps {
		sum := YMM()
		VMOVUPS(Mem{Base: out, Disp: i * wide * half}, sum)
		VADDPS(Mem{Base: row, Disp: i * wide * half}, sum, sum)
		VMOVUPS(sum, Mem{Base: out, Disp: i * wide * half})
	}
	ADDQ(Imm(step*half), out)
	ADDQ(Imm(step*half), row)
	DECQ(n)
	JMP(LabelRef("more"))
	Label("end")
	VZEROUPPER()
	RET()
}
