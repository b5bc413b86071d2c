// Package serve is all that a plugin's main calls:
//
//	func main() { serve.Recommenders(newPopular, newRandom) }
//
// It speaks the protocol, checks every request before the component sees it,
// turns panics and errors into statuses, sends heartbeats, and ends the process
// when the host is gone. A component therefore holds no code about processes
// or the network.
package serve

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/handshake"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// Recommenders serves the components that the functions make, until the host
// ends the process. It does not return. A component that is an io.Closer is
// closed at the end if it was configured.
func Recommenders(news ...func() sdk.Recommender) { run(sdk.KindRecommender, makers(news)) }

// Datasets is Recommenders for datasets.
func Datasets(news ...func() sdk.Dataset) { run(sdk.KindDataset, makers(news)) }

// LLMs is Recommenders for language-model backends.
func LLMs(news ...func() sdk.LLM) { run(sdk.KindLLM, makers(news)) }

func makers[T sdk.Component](news []func() T) []func() sdk.Component {
	out := make([]func() sdk.Component, len(news))
	for i, f := range news {
		out[i] = func() sdk.Component { return f() }
	}
	return out
}

// run is the life of a plugin process.
func run(kind sdk.Kind, news []func() sdk.Component) {
	if os.Getenv(handshake.CookieKey) != handshake.CookieValue {
		fmt.Fprint(os.Stderr, byHand(kind))
		os.Exit(1)
	}
	// Ctrl-C reaches every process of a terminal; what it means is the host's
	// to decide.
	signal.Ignore(os.Interrupt)
	// Standard output belongs to the handshake: what authors print goes to
	// standard error, which the host logs.
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout = stderr
	var components []sdk.Component
	for _, f := range news {
		components = append(components, f())
	}
	s, err := newServer(kind, components)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
	listening := false
	exit := sync.OnceFunc(func() {
		s.close(2 * time.Second)
		os.Exit(0)
	})
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM) // before the handshake: the host may end us as soon as it has it
	go func() {
		<-term
		exit()
	}()
	go watchStdin(os.Stdin, exit)
	os.Stdout = stdout
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  handshake.Config(),
		VersionedPlugins: map[int]plugin.PluginSet{handshake.ProtocolVersion: {handshake.Service: registrar{server: s}}},
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: stderr, JSONFormat: true}),
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			listening = true
			return grpc.NewServer(append(options, s.options(stderr)...)...)
		},
	})
	if !listening { // go-plugin has said why
		os.Exit(1)
	}
	exit()
}

// watchStdin ends the process when the host is gone: the host holds the other
// end of a pipe and never writes. Anything but a pipe means that there is no
// such host, and is left alone.
func watchStdin(stdin *os.File, exit func()) {
	info, err := stdin.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return
	}
	_, _ = io.Copy(io.Discard, stdin)
	exit()
}

// byHand is what somebody reads who starts a plugin in a shell.
func byHand(kind sdk.Kind) string {
	path, err := os.Executable()
	if err != nil {
		path = os.Args[0]
	}
	return fmt.Sprintf("%s is a %s plugin of alignuser, which starts it by itself. To see what it holds:\n\n    alignuser plugin describe %s\n",
		filepath.Base(path), kind, path)
}

// registrar hooks our services into go-plugin's server.
type registrar struct {
	plugin.NetRPCUnsupportedPlugin
	plugin.GRPCPlugin
	server *server
}

// GRPCServer implements plugin.GRPCPlugin.
func (r registrar) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	pb.RegisterPluginServiceServer(g, &baseService{server: r.server})
	switch r.server.kind {
	case sdk.KindRecommender:
		pb.RegisterRecommenderServiceServer(g, &recommenderService{server: r.server})
	case sdk.KindDataset:
		pb.RegisterDatasetServiceServer(g, &datasetService{server: r.server})
	case sdk.KindLLM:
		pb.RegisterLLMServiceServer(g, &llmService{server: r.server})
	}
	return nil
}

// identity says what this program is, from what the linker wrote into it.
func identity(kind sdk.Kind) (name, version, build string) {
	name = strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return strings.TrimPrefix(name, kind.String()+"-"), "", ""
	}
	if info.Path != "" && info.Path != "command-line-arguments" {
		name = info.Path[strings.LastIndex(info.Path, "/")+1:]
	}
	parts := []string{info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision", "vcs.modified", "GOOS", "GOARCH", "GOAMD64":
			parts = append(parts, s.Key+"="+s.Value)
		}
	}
	return strings.TrimPrefix(name, kind.String()+"-"), info.Main.Version, strings.Join(parts, " ")
}

// errNotConfigured and errConfigured are mistakes of the host's.
var (
	errNotConfigured = errors.New("called before Configure")
	errConfigured    = errors.New("already configured: one process serves one configured component")
)
