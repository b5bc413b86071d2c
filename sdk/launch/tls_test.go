package launch

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"
)

// TestIdentity lets two identities prove themselves to each other, the way
// host and plugin do where there are no private sockets.
func TestIdentity(t *testing.T) {
	host, certificate, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	plugin, _, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	stranger, _, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM([]byte(certificate)) {
		t.Fatal("no PEM")
	}
	plugin.ClientAuth, plugin.ClientCAs = tls.RequireAndVerifyClientCert, trusted
	host.RootCAs = pool(plugin)
	stranger.RootCAs = pool(plugin)
	if err := shake(plugin, host); err != nil {
		t.Errorf("the host: %v", err)
	}
	if err := shake(plugin, stranger); err == nil {
		t.Error("a stranger was let in")
	}
}

func pool(c *tls.Config) *x509.CertPool {
	out := x509.NewCertPool()
	out.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificates[0].Certificate[0]}))
	return out
}

// shake gives the server's verdict.
func shake(server, client *tls.Config) error {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	verdict := make(chan error, 1)
	go func() {
		err := tls.Server(a, server).Handshake()
		a.Close()
		verdict <- err
	}()
	c := tls.Client(b, client)
	if err := c.Handshake(); err == nil {
		_, _ = c.Read(make([]byte, 1)) // TLS 1.3 hears of a refusal only here
	}
	return <-verdict
}
