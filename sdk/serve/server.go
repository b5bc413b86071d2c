package serve

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	"github.com/alignuser/alignuser/sdk/internal/handshake"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// server holds the components and which of them has been configured.
type server struct {
	kind        sdk.Kind
	components  map[string]sdk.Component
	description sdk.Description
	pace        pace

	mu         sync.Mutex
	claimed    bool          // somebody's Configure has begun
	configured sdk.Component // nil until it has succeeded
	spec       sdk.ComponentSpec
}

// newServer checks the components and describes them.
func newServer(kind sdk.Kind, components []sdk.Component) (*server, error) {
	if len(components) == 0 {
		return nil, fmt.Errorf("serve: no components")
	}
	s := &server{kind: kind, components: map[string]sdk.Component{}, pace: defaultPace()}
	s.description.Name, s.description.Version, s.description.BuildInfo = identity(kind)
	s.description.ContractMinor = sdk.ContractMinor
	for _, c := range components {
		spec := c.Spec()
		if spec.Kind == 0 {
			spec.Kind = kind
		}
		if err := checkSpec(kind, spec, c); err != nil {
			return nil, fmt.Errorf("component %q: %w", spec.Name, err)
		}
		if s.components[spec.Name] != nil {
			return nil, fmt.Errorf("component %q: the name occurs twice", spec.Name)
		}
		s.components[spec.Name] = c
		s.description.Components = append(s.description.Components, spec)
	}
	_, err := convert.ToDescription(s.description)
	return s, err
}

// claim gives the one chance to configure this process.
func (s *server) claim() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.claimed {
		return false
	}
	s.claimed = true
	return true
}

// ready marks a component as configured.
func (s *server) ready(c sdk.Component, spec sdk.ComponentSpec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.configured, s.spec = c, spec
}

// component gives the configured component as the interface that a method
// needs. Feature is empty for methods that every component has.
func component[T any](s *server, feature string) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var none T
	if s.configured == nil {
		return none, misuse(errNotConfigured)
	}
	c, ok := s.configured.(T)
	if !ok || feature != "" && !s.spec.Has(feature) {
		return none, sdk.Unsupportedf("component %s does not have feature %q", s.spec.Name, feature)
	}
	return c, nil
}

// misuse is a call in the wrong order.
func misuse(err error) error {
	return convert.Status(codes.FailedPrecondition, err.Error(), &pb.ErrorDetail{Reason: convert.ReasonOrder})
}

// close closes the configured component and waits for it, but not for long.
func (s *server) close(patience time.Duration) {
	s.mu.Lock()
	closer, ok := s.configured.(io.Closer)
	s.mu.Unlock()
	if !ok {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := closer.Close(); err != nil {
			fmt.Fprintf(os.Stderr, "close: %v\n", err)
		}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// options of the gRPC server. Stderr is where prints go from the first call on:
// go-plugin has replaced os.Stdout and os.Stderr by pipes that block their
// writer once they are full and nobody reads.
func (s *server) options(stderr *os.File) []grpc.ServerOption {
	redirect := sync.OnceFunc(func() { os.Stdout, os.Stderr = stderr, stderr })
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(handshake.MaxMessage),
		grpc.MaxSendMsgSize(handshake.MaxSend),
		grpc.InitialWindowSize(handshake.StreamWindow),
		grpc.InitialConnWindowSize(handshake.ConnWindow),
		grpc.ReadBufferSize(handshake.IOBuffer),
		grpc.WriteBufferSize(handshake.IOBuffer),
		grpc.UnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (reply any, err error) {
			redirect()
			defer named(ctx, info.FullMethod, &err)
			return next(ctx, req)
		}),
		grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
			redirect()
			defer named(stream.Context(), info.FullMethod, &err)
			return next(srv, stream)
		}),
	}
}

// named turns a panic, or an error of our own services, into a status.
func named(ctx context.Context, method string, err *error) {
	if p := recover(); p != nil {
		stack := string(debug.Stack())
		fmt.Fprintf(os.Stderr, "panic in %s: %v\n%s", method, p, stack)
		*err = convert.Status(codes.Internal, fmt.Sprintf("panic: %v", p), &pb.ErrorDetail{Reason: convert.ReasonPanic, Traceback: stack})
		return
	}
	if strings.HasPrefix(method, "/alignuser.plugin.") {
		*err = convert.ToStatus(ctx, *err)
	}
}
