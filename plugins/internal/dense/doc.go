// Package dense holds the kernels that recommender plugins share: the sparse
// user × item matrix, its counts of common users, the product and the inverse
// of dense matrices, and model files.
//
// Its opinion: neither threads nor processors change a result. Work is cut into
// pieces that each write their own output in one fixed order, so one core and
// sixteen give the same bytes; a product is rounded before it is added, so that
// the assembly and plain Go give the same bytes. Every loop that can take long
// asks its context between pieces.
package dense

//go:generate ./avo/generate.sh
