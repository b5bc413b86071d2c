package host

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// Dataset gives the component as a dataset. The value also implements
// sdk.Responder; Respond answers sdk.ErrUnsupported where the component lacks
// the feature. Nothing is retried but Respond, before which a restarted process
// prepares again.
func (p *Process) Dataset() sdk.Dataset { return &dataset{p} }

type dataset struct{ p *Process }

var (
	_ sdk.Dataset   = (*dataset)(nil)
	_ sdk.Responder = (*dataset)(nil)
)

func (d *dataset) Spec() sdk.ComponentSpec { return d.p.Spec() }

func (d *dataset) Configure(context.Context, sdk.Config) error { return d.p.configuredOnce() }

func (d *dataset) Prepare(ctx context.Context, r sdk.PrepareRequest, emit sdk.Emit) (sdk.PrepareResult, error) {
	var res sdk.PrepareResult
	prepare := func(ctx context.Context, c *launch.Client, emit sdk.Emit) (err error) {
		if res, err = c.Dataset(d.p.Spec()).Prepare(ctx, r, emit); err != nil {
			return err
		}
		return d.p.fault("prepare", checkPrepared(res))
	}
	d.p.setRestore(nil)
	err := d.p.call(ctx, ask{rpc: "prepare"}, func(ctx context.Context, c *launch.Client) error { return prepare(ctx, c, emit) })
	if err != nil {
		return sdk.PrepareResult{}, err
	}
	d.p.setRestore(func(ctx context.Context, c *launch.Client) error {
		_, err := c.Dataset(d.p.Spec()).Prepare(ctx, r, func(sdk.Event) {})
		return err
	})
	return res, nil
}

func checkPrepared(r sdk.PrepareResult) error {
	if s := r.Scale; s != nil {
		for _, v := range []float64{s.Min, s.Max, s.Step, s.LikeAt, s.DislikeAt} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("scale: %v", v)
			}
		}
		if s.Min >= s.Max {
			return fmt.Errorf("scale: from %v to %v", s.Min, s.Max)
		}
	}
	for _, f := range r.Sources {
		if f.Bytes < 0 || f.Path == "" && f.SHA256 == "" {
			return fmt.Errorf("source %q: %d bytes", f.Path, f.Bytes)
		}
	}
	return nil
}

// Read checks every chunk against the table's declaration before it is yielded.
func (d *dataset) Read(ctx context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	spec, ok := table(d.p.Spec(), r.Table)
	if !ok {
		return sdk.Invalidf("", "%s: read: no table %q", d.p.label, r.Table)
	}
	return d.p.call(ctx, ask{rpc: "read"}, func(ctx context.Context, c *launch.Client) error {
		check := chunks{spec: spec, want: r.Columns}
		err := c.Dataset(d.p.Spec()).Read(ctx, r, func(chunk sdk.Chunk) error {
			if err := d.p.fault("read", check.next(chunk)); err != nil {
				return err
			}
			return yield(chunk)
		})
		if err == nil && check.seq == 0 {
			return d.p.fault("read", fmt.Errorf("table %s: no chunk: an empty table is one of no rows", r.Table))
		}
		return err
	})
}

func table(s sdk.ComponentSpec, name string) (sdk.TableSpec, bool) {
	for _, t := range s.Tables {
		if t.Name == name {
			return t, true
		}
	}
	return sdk.TableSpec{}, false
}

// chunks checks the run of chunks that is one table.
type chunks struct {
	spec sdk.TableSpec
	want []string // columns asked for; none means all that are declared, but nullable ones may be absent
	have []string // columns of the first chunk
	seq  int64
}

func (c *chunks) next(k sdk.Chunk) error {
	if err := c.shape(k); err != nil {
		return fmt.Errorf("table %s: chunk %d: %w", c.spec.Name, c.seq, err)
	}
	c.seq++
	return nil
}

func (c *chunks) shape(k sdk.Chunk) error {
	switch {
	case k.Name != c.spec.Name:
		return fmt.Errorf("is of table %q", k.Name)
	case k.Seq != c.seq:
		return fmt.Errorf("has number %d", k.Seq)
	case k.Rows() > sdk.MaxChunkRows:
		return fmt.Errorf("%d rows: want at most %d", k.Rows(), sdk.MaxChunkRows)
	}
	if err := k.Check(); err != nil {
		return err
	}
	names := make([]string, len(k.Columns))
	for i, col := range k.Columns {
		names[i] = col.Name
		if err := c.column(col); err != nil {
			return fmt.Errorf("column %s: %w", col.Name, err)
		}
	}
	if c.seq > 0 {
		if !slices.Equal(names, c.have) {
			return fmt.Errorf("columns %v after %v", names, c.have)
		}
		return nil
	}
	c.have = names
	want := c.want
	if len(want) == 0 {
		for _, col := range c.spec.Columns {
			if !col.Nullable {
				want = append(want, col.Name)
			}
		}
	}
	for _, name := range want {
		if !slices.Contains(names, name) {
			return fmt.Errorf("no column %s", name)
		}
	}
	return nil
}

func (c *chunks) column(col sdk.Column) error {
	i := slices.IndexFunc(c.spec.Columns, func(s sdk.ColumnSpec) bool { return s.Name == col.Name })
	spec := sdk.ColumnSpec{Type: col.Type(), Nullable: true} // of an attribute that only the options name
	switch {
	case i >= 0:
		spec = c.spec.Columns[i]
	case c.spec.Name != sdk.TableUsers && c.spec.Name != sdk.TableItems:
		return fmt.Errorf("not declared")
	case col.Lists != nil:
		return fmt.Errorf("a list, and not declared")
	}
	// A chunk of no rows may lack the offsets of a list column.
	if col.Type() != spec.Type || col.Elements() > 0 && (col.Lists != nil) != spec.List {
		return fmt.Errorf("%s, list %t: declared %s, list %t", col.Type(), col.Lists != nil, spec.Type, spec.List)
	}
	switch data := col.Data.(type) {
	case []float32:
		for row, v := range data {
			if !finite(v) && !(spec.Nullable && v != v) {
				return fmt.Errorf("element %d is %v", row, v)
			}
		}
	case []float64:
		for row, v := range data {
			if (math.IsNaN(v) && !spec.Nullable) || math.IsInf(v, 0) {
				return fmt.Errorf("element %d is %v", row, v)
			}
		}
	}
	return nil
}

func (d *dataset) Respond(ctx context.Context, r sdk.RespondRequest) (sdk.RespondReply, error) {
	if err := d.p.needs(sdk.FeatureRespond); err != nil {
		return sdk.RespondReply{}, err
	}
	var reply sdk.RespondReply
	a := ask{rpc: "respond", limit: d.p.host.cfg.Timing.rows(len(r.Users)), retry: true}
	err := d.p.call(ctx, a, func(ctx context.Context, c *launch.Client) (err error) {
		if reply, err = c.Dataset(d.p.Spec()).Respond(ctx, r); err != nil {
			return err
		}
		return d.p.fault("respond", checkResponses(r, reply))
	})
	if err != nil {
		return sdk.RespondReply{}, err
	}
	return reply, nil
}

// checkResponses holds a reply to lengths, ranges, and to a value exactly where
// something was watched.
func checkResponses(r sdk.RespondRequest, a sdk.RespondReply) error {
	rows, cards := len(r.Users), len(r.Slates.Items)
	for _, l := range []struct {
		name       string
		have, want int
	}{
		{"watched", len(a.Watched), cards},
		{"watch probabilities", len(a.WatchProbability), cards},
		{"values", len(a.Values), cards},
		{"expected values", len(a.ExpectedValues), cards},
		{"left", len(a.Left), rows},
		{"leave probabilities", len(a.LeaveProbability), rows},
	} {
		if l.have != l.want {
			return fmt.Errorf("%d %s, want %d", l.have, l.name, l.want)
		}
	}
	for i := range cards {
		switch {
		case a.Watched[i] > 1:
			return fmt.Errorf("card %d: watched is %d", i, a.Watched[i])
		case !probability(a.WatchProbability[i]):
			return fmt.Errorf("card %d: watch probability %v", i, a.WatchProbability[i])
		case (a.Watched[i] == 1) != finite(a.Values[i]) || math.IsInf(float64(a.Values[i]), 0):
			return fmt.Errorf("card %d: watched %d with value %v", i, a.Watched[i], a.Values[i])
		case !finite(a.ExpectedValues[i]):
			return fmt.Errorf("card %d: expected value %v", i, a.ExpectedValues[i])
		}
	}
	for i := range rows {
		if a.Left[i] > 1 || !probability(a.LeaveProbability[i]) {
			return fmt.Errorf("row %d: left %d with probability %v", i, a.Left[i], a.LeaveProbability[i])
		}
	}
	return nil
}
