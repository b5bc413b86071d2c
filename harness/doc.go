// Package harness is the host: everything that runs in the alignuser process.
// Its packages import sdk and each other by the rules in imports_test.go;
// plugins never import them. docs/architecture.md draws the map.
package harness
