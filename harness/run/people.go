package run

import (
	"context"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/sdk"
)

// respond starts the data set's own process, once a run, so that its people can be
// asked. No recommender, backend or prompt hears of it.
func (d *desk) respond(ctx context.Context) (sdk.Responder, error) {
	d.peopleLock.Lock()
	defer d.peopleLock.Unlock()
	if d.people == nil {
		c, s := d.plan.config, d.plan.config.Suite.Dataset
		exe, err := c.Host.Resolve(sdk.KindDataset, s.Plugin)
		if err != nil {
			return nil, err
		}
		p, err := c.Host.Start(ctx, host.Instance{Executable: exe, Component: s.Component, Options: s.Options, Threads: c.Suite.Limits.Threads})
		if err != nil {
			return nil, err
		}
		if !p.Spec().Has(sdk.FeatureRespond) {
			p.Close()
			return nil, sdk.Invalidf("", "data set %s does not know how its people would respond: a planted one does (dataset plugin planted), or give results of your own with source = \"results\"", s.Plugin)
		}
		d.people = p
	}
	return d.people.Dataset().(sdk.Responder), nil // the host's data sets all are
}
