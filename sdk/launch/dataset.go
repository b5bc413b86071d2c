package launch

import (
	"context"
	"errors"
	"fmt"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// Dataset is a component on the other side of the wire.
type Dataset struct {
	client *Client
	spec   sdk.ComponentSpec
	rpc    pb.DatasetServiceClient
}

var (
	_ sdk.Dataset   = (*Dataset)(nil)
	_ sdk.Responder = (*Dataset)(nil)
)

// Dataset gives a client for a component out of the plugin's description.
func (c *Client) Dataset(spec sdk.ComponentSpec) *Dataset {
	return &Dataset{client: c, spec: spec, rpc: pb.NewDatasetServiceClient(c.conn)}
}

// Spec gives what the plugin declared.
func (d *Dataset) Spec() sdk.ComponentSpec { return d.spec }

// Configure configures the process.
func (d *Dataset) Configure(ctx context.Context, c sdk.Config) error {
	return d.client.Configure(ctx, c)
}

// Prepare implements sdk.Dataset.
func (d *Dataset) Prepare(ctx context.Context, req sdk.PrepareRequest, emit sdk.Emit) (sdk.PrepareResult, error) {
	w := d.client.watch(ctx)
	defer w.stop()
	stream, err := d.rpc.Prepare(w.ctx, convert.ToPrepareRequest(req))
	if err != nil {
		return sdk.PrepareResult{}, w.err(err)
	}
	return collect(w, "prepare", stream,
		func(m *pb.PrepareResponse) { tell(emit, m.GetEvent()) },
		func(m *pb.PrepareResponse) (sdk.PrepareResult, bool) {
			return convert.FromPrepareResult(m.GetDone()), m.GetDone() != nil
		})
}

// Read implements sdk.Dataset. Chunks arrive in order, verified, all with the
// same columns, and there is at least one. The error of yield ends the read and
// is returned as it is.
func (d *Dataset) Read(ctx context.Context, req sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	w := d.client.watch(ctx)
	defer w.stop()
	stream, err := d.rpc.Read(w.ctx, &pb.ReadRequest{Table: req.Table, Columns: req.Columns})
	if err != nil {
		return w.err(err)
	}
	var first *sdk.Chunk
	next := int64(0)
	err = receive(w, stream, func(m *pb.ReadResponse) error {
		if m.GetChunk() == nil {
			return nil // a heartbeat
		}
		chunk, err := convert.FromChunk(m.GetChunk())
		if err == nil {
			err = follows(req, first, chunk, next)
		}
		if err != nil {
			return fault("read", err)
		}
		if first == nil {
			first = &chunk
		}
		next++
		return yield(chunk)
	})
	if err == nil && first == nil {
		err = fault("read", errors.New("no chunk: an empty table is one chunk of no rows"))
	}
	return err
}

// follows checks a chunk against the request and the first chunk.
func follows(req sdk.ReadRequest, first *sdk.Chunk, c sdk.Chunk, seq int64) error {
	if c.Name != req.Table || c.Seq != seq {
		return fmt.Errorf("chunk %d of table %q, want %d of %q", c.Seq, c.Name, seq, req.Table)
	}
	if first == nil {
		if len(req.Columns) > 0 && len(c.Columns) != len(req.Columns) {
			return fmt.Errorf("table %s: %d columns, want %d", c.Name, len(c.Columns), len(req.Columns))
		}
		for i, name := range req.Columns {
			if c.Columns[i].Name != name {
				return fmt.Errorf("table %s: column %d is %s, want %s", c.Name, i, c.Columns[i].Name, name)
			}
		}
		return nil
	}
	if len(c.Columns) != len(first.Columns) {
		return fmt.Errorf("table %s: chunk %d has %d columns, the first had %d", c.Name, seq, len(c.Columns), len(first.Columns))
	}
	for i, col := range c.Columns {
		if f := first.Columns[i]; col.Name != f.Name || col.Type() != f.Type() || (col.Lists == nil) != (f.Lists == nil) {
			return fmt.Errorf("table %s: chunk %d: column %s of %v, the first had %s of %v", c.Name, seq, col.Name, col.Type(), f.Name, f.Type())
		}
	}
	return nil
}

// Respond implements sdk.Responder.
func (d *Dataset) Respond(ctx context.Context, req sdk.RespondRequest) (sdk.RespondReply, error) {
	if err := need(d.spec, sdk.FeatureRespond); err != nil {
		return sdk.RespondReply{}, err
	}
	m, err := convert.ToRespondRequest(req)
	if err != nil {
		return sdk.RespondReply{}, err
	}
	reply, err := d.rpc.Respond(ctx, m)
	if err != nil {
		return sdk.RespondReply{}, convert.FromStatus(ctx, err)
	}
	out, err := convert.FromRespondReply(reply, len(req.Users), len(req.Slates.Items))
	return out, fault("respond", err)
}
