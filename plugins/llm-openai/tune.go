package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"

	"github.com/sashabaranov/go-openai"

	"github.com/alignuser/alignuser/sdk"
)

// tuneOptions are what TuneRequest.Options may hold.
func tuneOptions() []sdk.OptionSpec {
	return []sdk.OptionSpec{
		{Name: "epochs", Type: sdk.OptionInt, Min: sdk.Bound(1), Max: sdk.Bound(50), Doc: "passes over the data (default: the provider's)"},
		{Name: "batch-size", Type: sdk.OptionInt, Min: sdk.Bound(1), Max: sdk.Bound(1024), Doc: "examples per step (default: the provider's)"},
		{Name: "learning-rate-multiplier", Type: sdk.OptionFloat, Min: sdk.Bound(1e-6), Max: sdk.Bound(1000), Doc: "of the provider's learning rate"},
		{Name: "beta", Type: sdk.OptionFloat, Default: 0.1, Min: sdk.Bound(0), Max: sdk.Bound(2), Doc: "pairs: weight of staying near the base model"},
		{Name: "suffix", Type: sdk.OptionString, Default: "alignuser", Doc: "part of the tuned model's name"},
	}
}

// StartTune implements sdk.Tuner: it uploads the files and starts a job, whose
// name is the provider's, so any later process can watch or cancel it.
func (c *chat) StartTune(ctx context.Context, r sdk.TuneRequest) (string, error) {
	options, ds := sdk.Canonical(tuneOptions(), r.Options)
	for _, d := range ds {
		if d.Severity == sdk.SeverityError {
			return "", sdk.Invalidf(d.Option, "%s", d.Summary)
		}
	}
	// Both files are read before anything is sent.
	train, err := examples(r.TrainFile, r.Format)
	if err != nil {
		return "", err
	}
	var valid []byte
	if r.ValidFile != "" {
		if valid, err = examples(r.ValidFile, r.Format); err != nil {
			return "", err
		}
	}
	q := openai.FineTuningJobRequest{Model: r.BaseModel, Suffix: options.String("suffix")}
	if q.Model == "" {
		q.Model = c.set.model
	}
	if q.TrainingFile, err = c.upload(ctx, r.TrainFile, train); err != nil {
		return "", err
	}
	if valid != nil {
		if q.ValidationFile, err = c.upload(ctx, r.ValidFile, valid); err != nil {
			return "", err
		}
	}
	job, err := c.create(ctx, q, r, options)
	if err != nil {
		return "", fmt.Errorf("%w (the training data is uploaded as %s)", err, q.TrainingFile)
	}
	return job, nil
}

// create starts the job. The library knows neither seeds nor methods.
func (c *chat) create(ctx context.Context, q openai.FineTuningJobRequest, r sdk.TuneRequest, o sdk.Options) (string, error) {
	hyper := map[string]any{}
	for option, field := range map[string]string{"epochs": "n_epochs", "batch-size": "batch_size", "learning-rate-multiplier": "learning_rate_multiplier"} {
		if v, ok := o[option]; ok {
			hyper[field] = v
		}
	}
	method := "supervised"
	if r.Format == "pairs" {
		method, hyper["beta"] = "dpo", o.Float("beta")
	}
	x := &exchange{fields: map[string]any{"seed": wireSeed(r.Seed)}}
	if len(hyper) > 0 {
		x.fields["method"] = map[string]any{"type": method, method: map[string]any{"hyperparameters": hyper}}
	}
	limited, cancel := context.WithTimeout(ctx, c.set.timeout)
	defer cancel()
	job, err := c.client.CreateFineTuningJob(x.with(limited), q)
	if err == nil && !jobName.MatchString(job.ID) {
		err = fmt.Errorf("a job named %q", job.ID)
	}
	if err != nil {
		return "", c.tuneFault(ctx, "start tuning", x, err)
	}
	return job.ID, nil
}

func (c *chat) upload(ctx context.Context, path string, content []byte) (string, error) {
	limited, cancel := context.WithTimeout(ctx, c.set.timeout)
	defer cancel()
	x := &exchange{}
	f, err := c.client.CreateFileBytes(x.with(limited), openai.FileBytesRequest{Name: filepath.Base(path), Bytes: content, Purpose: openai.PurposeFineTune})
	if err == nil && f.ID == "" {
		err = fmt.Errorf("the file has no name")
	}
	if err != nil {
		return "", c.tuneFault(ctx, "upload "+filepath.Base(path), x, err)
	}
	return f.ID, nil
}

// tuneFault is fault, but for a call that was cancelled.
func (c *chat) tuneFault(ctx context.Context, what string, x *exchange, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return c.fault(what, x, err)
}

// jobName is what a job's name may look like: it becomes part of a path.
var jobName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$`)

func checkJob(job string) error {
	if !jobName.MatchString(job) {
		return sdk.Invalidf("", "tuning job %q: not a name of a job", job)
	}
	return nil
}

// CancelTune implements sdk.Tuner. A job that has ended stays as it is.
func (c *chat) CancelTune(ctx context.Context, job string) error {
	if err := checkJob(job); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, c.set.timeout)
	defer cancel()
	x := &exchange{}
	_, err := c.client.CancelFineTuningJob(x.with(limited), job)
	if err == nil {
		return nil
	}
	if x.status == http.StatusBadRequest || x.status == http.StatusConflict {
		if state, lookErr := c.look(ctx, job); lookErr == nil && state.ended() {
			return nil
		}
	}
	return c.tuneFault(ctx, "cancel tuning job "+job, x, err)
}
