// Package handshake holds what both ends must agree on before the first call.
// The values are part of contract v1 and cannot change.
package handshake

import (
	"math"

	"github.com/hashicorp/go-plugin"
)

// ProtocolVersion is the major version of the proto package alignuser.plugin.v1.
const ProtocolVersion = 1

// The magic cookie keeps people from starting a plugin by hand. It is no secret
// and protects nothing.
const (
	CookieKey   = "ALIGNUSER_PLUGIN"
	CookieValue = "alignuser.plugin.v1"
)

// Limits of the transport, the same on both sides.
const (
	MaxMessage   = 64 << 20 // what a receiver accepts
	StreamWindow = 4 << 20  // static HTTP/2 windows and larger buffers give a third more bandwidth
	ConnWindow   = 16 << 20
	IOBuffer     = 256 << 10
)

// Service is the one name in go-plugin's plugin set; nothing is dispensed by
// it, since the services are called directly.
const Service = "alignuser"

// Config is go-plugin's form of the above.
func Config() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{ProtocolVersion: ProtocolVersion, MagicCookieKey: CookieKey, MagicCookieValue: CookieValue}
}

// MaxSend leaves sending unbounded: the receiver's limit is the one that counts.
const MaxSend = math.MaxInt32
