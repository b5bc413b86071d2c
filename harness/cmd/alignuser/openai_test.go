package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// openaiStory is the server of one story, which ends with it.
type openaiStory struct{ server *openaitest.Server }

// openaiKey finds it among a story's values.
type openaiKey struct{}

const openaiUsage = "usage: openai-server start [key=K] [model=M] [latency=200ms] [rate=50] [burst=10] [headers] [structured=objects|unknown|ignored] [reasoning] [context=N] [fail=N:STATUS] [hang=N] | stop | restart [...] | paid N | reset"

// openaiServer plays a provider for a story:
//
//	openai-server start key=sk-story latency=10ms fail=3:500
//	openai-server paid 12      # so many distinct answers were delivered, none twice
//	openai-server stop         # as a crash: connections break
//	openai-server restart      # at the same address, with its books empty
//
// The base URL is $OPENAI_URL. fail and hang name the chat completion, from 1.
func openaiServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("%s", openaiUsage)
	}
	story, ok := ts.Value(openaiKey{}).(*openaiStory)
	if !ok || story.server == nil && args[0] != "start" {
		ts.Fatalf("openai-server %s: there is no server", args[0])
	}
	switch args[0] {
	case "start":
		story.start(ts, "", args[1:])
	case "restart":
		address := story.server.Address()
		story.server.Close()
		story.start(ts, address, args[1:])
	case "stop":
		story.server.Close()
	case "reset":
		story.server.Reset()
	case "paid":
		story.paid(ts, args[1:])
	default:
		ts.Fatalf("%s", openaiUsage)
	}
}

func (o *openaiStory) start(ts *testscript.TestScript, address string, args []string) {
	options, rules, err := openaiOptions(args)
	ts.Check(err)
	options.Address = address
	s, err := openaitest.New(options)
	ts.Check(err)
	ts.Defer(s.Close)
	s.Rule(rules...)
	o.server = s
	ts.Setenv("OPENAI_URL", s.URL())
}

// paid demands a number of distinct answers, each delivered once.
func (o *openaiStory) paid(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("%s", openaiUsage)
	}
	if n := len(o.server.Paid()); strconv.Itoa(n) != args[0] {
		ts.Fatalf("openai-server: %d answers were paid for, want %s", n, args[0])
	}
	if twice := o.server.PaidTwice(); len(twice) > 0 {
		ts.Fatalf("openai-server: paid for more than once: %v", twice)
	}
}

func openaiOptions(args []string) (o openaitest.Options, rules []openaitest.Rule, err error) {
	rate := openaitest.Rate{}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "key":
			o.Key = value
		case "model":
			o.Models = append(o.Models, value)
		case "latency":
			o.Latency, err = time.ParseDuration(value)
		case "rate":
			rate.PerSecond, err = strconv.ParseFloat(value, 64)
		case "burst":
			rate.Burst, err = strconv.Atoi(value)
		case "headers":
			rate.Headers = true
		case "structured":
			known := map[string]openaitest.Structured{"objects": openaitest.Objects, "unknown": openaitest.Unknown, "ignored": openaitest.Ignored}
			var ok bool
			if o.Structured, ok = known[value]; !ok {
				err = fmt.Errorf("openai-server: structured=%s: want objects, unknown or ignored", value)
			}
		case "reasoning":
			o.Reasoning = true
		case "context":
			o.Context, err = strconv.Atoi(value)
		case "fail", "hang":
			var r openaitest.Rule
			r, err = openaiRule(key, value)
			rules = append(rules, r)
		default:
			err = fmt.Errorf("openai-server: %s: %s", arg, openaiUsage)
		}
		if err != nil {
			return o, nil, err
		}
	}
	if rate.PerSecond > 0 {
		o.Rate = &rate
	}
	return o, rules, nil
}

// openaiRule reads N:STATUS or N.
func openaiRule(key, value string) (openaitest.Rule, error) {
	at, code, _ := strings.Cut(value, ":")
	n, err := strconv.Atoi(at)
	if err != nil || key == "hang" {
		return openaitest.Rule{From: n, Times: 1, Do: openaitest.Hung()}, err
	}
	status, err := strconv.Atoi(code)
	do := openaitest.Failing(status)
	if status == http.StatusTooManyRequests {
		do = openaitest.Limited()
	}
	return openaitest.Rule{From: n, Times: 1, Do: do}, err
}
