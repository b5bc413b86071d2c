//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// early misbehaves before the handshake. It reports whether that was all.
func early(mode string) bool {
	dir := os.Getenv("PLUGIN_UNIX_SOCKET_DIR")
	switch mode {
	case "garbage":
		fmt.Println("Loading weights... done")
		return false
	case "long-line":
		fmt.Print(strings.Repeat("#", 70<<10))
		return false
	case "exit-early":
		fmt.Fprintln(os.Stderr, "ImportError: no module named numpy")
		os.Exit(7)
	case "silent":
		forever()
	case "dead-socket":
		fmt.Printf("1|1|unix|%s|grpc|\n", filepath.Join(dir, "nobody"))
		forever()
	case "foreign-socket":
		fmt.Println("1|1|unix|/tmp/of-somebody-else|grpc|")
		forever()
	case "wrong-version":
		fmt.Printf("1|9|unix|%s|grpc|\n", filepath.Join(dir, "socket"))
		forever()
	case "no-http2":
		mute(dir)
	case "certificate":
		raw(dir, strings.Repeat("QUJD", 40), grpc_health_v1.HealthCheckResponse_SERVING)
	case "wrong-lengths":
		raw(dir, "", grpc_health_v1.HealthCheckResponse_SERVING)
	case "not-serving":
		raw(dir, "", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	default:
		return false
	}
	return true
}

func listen(dir, certificate string) net.Listener {
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("1|1|unix|%s|grpc|%s\n", l.Addr(), certificate)
	return l
}

// mute accepts connections and keeps them, in silence.
func mute(dir string) {
	var kept []net.Conn
	for l := listen(dir, ""); ; {
		c, err := l.Accept()
		if err != nil {
			return
		}
		kept = append(kept, c)
		_ = kept
	}
}

// raw serves just enough of the contract to be configured, encoded by hand: one
// recommender component named good.
func raw(dir, certificate string, status grpc_health_v1.HealthCheckResponse_ServingStatus) {
	component := protowire.AppendTag(nil, 1, protowire.VarintType) // kind
	component = protowire.AppendVarint(component, 1)
	component = protowire.AppendTag(component, 2, protowire.BytesType) // id
	component = protowire.AppendString(component, "good")
	component = protowire.AppendTag(component, 3, protowire.BytesType) // doc
	component = protowire.AppendString(component, "answers as it should")
	component = protowire.AppendTag(component, 6, protowire.VarintType) // determinism
	component = protowire.AppendVarint(component, 1)
	describe := protowire.AppendTag(nil, 1, protowire.BytesType) // name
	describe = protowire.AppendString(describe, "bad")
	describe = protowire.AppendTag(describe, 2, protowire.BytesType) // version
	describe = protowire.AppendString(describe, "0.0.0")
	describe = protowire.AppendTag(describe, 4, protowire.BytesType) // components
	describe = protowire.AppendBytes(describe, component)

	s := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		if err := stream.RecvMsg(&emptypb.Empty{}); err != nil {
			return err
		}
		reply := &emptypb.Empty{}
		switch filepath.Base(method) {
		case "Describe":
			reply.ProtoReflect().SetUnknown(describe)
		case "Fit": // done, and nothing in it
			reply.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), nil))
		case "Recommend": // counts of three bytes
			reply.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte{1, 2, 3}))
		case "Shutdown":
			defer os.Exit(0)
		}
		return stream.SendMsg(reply)
	}))
	h := health.NewServer()
	h.SetServingStatus("plugin", status)
	grpc_health_v1.RegisterHealthServer(s, h)
	_ = s.Serve(listen(dir, certificate))
}

// forever outlasts any test. The runtime of a program without cgo would call
// an empty select a deadlock and end it.
func forever() { time.Sleep(time.Hour) }
