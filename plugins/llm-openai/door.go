package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// answerLimit is more than any answer that fits a message of the contract.
const answerLimit = 64 << 20

// exchange is one request: what is to be sent beside what the library writes,
// and what is known of the answer even where the library gives an error.
type exchange struct {
	fields map[string]any // of the JSON body; they win over the library's

	status int // 0: no answer came
	header http.Header
	body   []byte
	wait   time.Duration
}

type exchangeKey struct{}

// with puts the exchange where the door finds it.
func (x *exchange) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// redirected is an answer that sends us elsewhere.
type redirected struct{ to string }

func (r *redirected) Error() string { return "redirect to " + r.to }

// errTooLong is an answer beyond all measure.
var errTooLong = errors.New("the answer is longer than 64 MiB")

// door is what the library takes for its HTTP client. The library leaves out
// zeros (temperature 0 among them), refuses parameters by the model's name,
// and keeps neither the headers nor the body of an error; so what depends on
// that is written and read here.
type door struct {
	client *http.Client
	header http.Header // of every request
}

func newDoor(header http.Header) *door {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	return &door{header: header, client: &http.Client{
		// A redirect would carry the question, and for Azure the key, to a
		// host that nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 15 * time.Second,
			MaxIdleConns: 256, MaxIdleConnsPerHost: 256, IdleConnTimeout: 30 * time.Second,
		},
	}}
}

// Do implements openai.HTTPDoer. It sends once: without GetBody no transport
// can send a body again after a connection broke.
func (d *door) Do(r *http.Request) (*http.Response, error) {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		x = &exchange{}
	}
	if err := x.edit(r); err != nil {
		return nil, err
	}
	r.GetBody = nil
	for k, v := range d.header {
		r.Header[k] = v
	}
	began := time.Now()
	defer func() { x.wait = time.Since(began) }()
	resp, err := d.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	x.status, x.header = resp.StatusCode, resp.Header
	x.body, err = io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", len(x.body), err)
	case len(x.body) > answerLimit:
		return nil, errTooLong
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, &redirected{to: target(resp)}
	}
	resp.Body = io.NopCloser(bytes.NewReader(x.body))
	return resp, nil
}

// target is where a redirect leads, without what might be secret in it.
func target(resp *http.Response) string {
	u, err := resp.Location()
	if err != nil {
		return "an unknown place"
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}

// edit puts the fields into the body that the library wrote.
func (x *exchange) edit(r *http.Request) error {
	if len(x.fields) == 0 || r.Body == nil {
		return nil
	}
	var body map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	for k, v := range x.fields {
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("request: %s: %w", k, err)
		}
		body[k] = raw
	}
	out, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(out)), int64(len(out))
	return nil
}

func (d *door) close() { d.client.CloseIdleConnections() }
