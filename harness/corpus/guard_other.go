//go:build !unix

package corpus

// guard has nothing to do where temporary folders are a user's own.
func guard(string, int) error { return nil }
