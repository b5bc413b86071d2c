// Package dense holds the kernels that recommender plugins share: the sparse
// user × item matrix, its gram matrix, the inverse of a positive definite
// matrix, and model files.
//
// Its opinion: threads never change a result. Work is cut into pieces that each
// write their own output in one fixed order, so one core and sixteen give the
// same bytes. Every loop that can take long asks its context between pieces.
package dense
