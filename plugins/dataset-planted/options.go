package main

import (
	"github.com/alignuser/alignuser/sdk"
)

// Forms of the response.
const (
	formLogistic  = "logistic"
	formCascade   = "cascade"
	formThreshold = "threshold"
	formDrift     = "drift"
)

// params are the options in the model's words.
type params struct {
	seed                               uint64
	users, items, categories, sessions int
	pageSize, pageLimit                int
	response                           string
	personalisation, exploration       float64
	fameQuality, personaShare          float64
	watchBase                          float64
	taste, latent, quality, fame       float64
	conformity                         float64
	slot, repetition                   float64
	valueCentre, valueUtility          float64
	valueQuality, valuePickiness       float64
	valueNoise                         float64
	leaveBase, leavePage               float64
	leaveSatisfaction, leavePatience   float64
	attendBase, attendPatience         float64
}

// whole and real tie an option to its place in params.
type whole struct {
	name          string
	into          *int
	def, min, max int
	doc           string
}

type real struct {
	name          string
	into          *float64
	def, min, max float64
	doc           string
}

func (p *params) wholes() []whole {
	return []whole{
		{"users", &p.users, 1000, 1, 1000000, "Number of users."},
		{"items", &p.items, 800, 20, 1000000, "Number of items."},
		{"categories", &p.categories, 12, 2, len(categoryNames()), "Number of categories; each item has one to three."},
		{"sessions", &p.sessions, 30, 1, 10000, "Candidate sessions of each user; patience decides how many are attended."},
		{"page-size", &p.pageSize, 4, 1, 20, "Cards on a logged page."},
		{"page-limit", &p.pageLimit, 5, 1, 100, "Pages after which a logged session is stopped and counts as censored."},
	}
}

func (p *params) reals() []real {
	return []real{
		{"logging-personalisation", &p.personalisation, 0.3, 0, 5, "Weight of the user's utility in what the log shows, fame having 1. The knob of difficulty: at 0 offline accuracy says little of the truth, at 0.5 nearly all."},
		{"logging-exploration", &p.exploration, 0.2, 0.01, 1, "Probability that a logged slot shows any item at random."},
		{"fame-quality-correlation", &p.fameQuality, 0.3, -0.95, 0.95, "Correlation of an item's fame with its quality."},
		{"persona-share", &p.personaShare, 0.25, 0, 1, "Share of the variance of category weights that occupation and age explain."},
		{"watch-base", &p.watchBase, -2.0, -20, 20, "Constant of the watch decision."},
		{"taste", &p.taste, 1.4, -10, 10, "Weight of category taste in utility."},
		{"latent", &p.latent, 0.7, -10, 10, "Weight of the hidden factors in utility."},
		{"quality", &p.quality, 0.7, -10, 10, "Weight of quality in utility, times the user's own."},
		{"fame", &p.fame, 0.4, -10, 10, "Weight of fame in utility, times the user's conformity."},
		{"conformity", &p.conformity, 0.3, -5, 5, "Mean of the users' conformity; its deviation is 0.5."},
		{"slot", &p.slot, 0.10, -5, 5, "What each place down the page costs (not in cascade, which has its own)."},
		{"repetition", &p.repetition, 0.25, -5, 5, "What each category just watched costs."},
		{"value-centre", &p.valueCentre, 3.1, -10, 10, "Constant of the value."},
		{"value-utility", &p.valueUtility, 0.56, -5, 5, "Effect on the value of one deviation of utility."},
		{"value-quality", &p.valueQuality, 0.15, -5, 5, "Effect of quality on the value beside that through utility."},
		{"value-pickiness", &p.valuePickiness, 0.5, -5, 5, "How much one deviation of pickiness lowers values."},
		{"value-noise", &p.valueNoise, 0.9, 0.05, 10, "Deviation of the noise in the value before rounding."},
		{"leave-base", &p.leaveBase, -1.2, -20, 20, "Constant of the departure after a page."},
		{"leave-page", &p.leavePage, 0.35, -5, 5, "Effect of each page seen."},
		{"leave-satisfaction", &p.leaveSatisfaction, 0.9, -10, 10, "How much satisfaction with the page keeps people."},
		{"leave-patience", &p.leavePatience, 0.6, -10, 10, "How much one deviation of patience keeps people."},
		{"attend-base", &p.attendBase, 0.8, -20, 20, "Constant of attending a candidate session."},
		{"attend-patience", &p.attendPatience, 0.7, -10, 10, "Effect of one deviation of patience on attending."},
	}
}

// optionSpecs declares all of them with their defaults.
func optionSpecs() []sdk.OptionSpec {
	var p params
	specs := []sdk.OptionSpec{
		{
			Name: "seed", Type: sdk.OptionInt, Default: int64(1), Min: sdk.Bound(0), Max: sdk.Bound(1 << 53),
			Doc: "Which world. Independent of the suite's seed, so that repeats share one.",
		},
		{
			Name: "response", Type: sdk.OptionEnum, Default: formLogistic, Choices: []string{formLogistic, formCascade, formThreshold, formDrift},
			Doc: "Form of the watch decision; see the package documentation.",
		},
	}
	for _, w := range p.wholes() {
		specs = append(specs, sdk.OptionSpec{
			Name: w.name, Type: sdk.OptionInt, Default: int64(w.def), Min: sdk.Bound(float64(w.min)), Max: sdk.Bound(float64(w.max)), Doc: w.doc,
		})
	}
	for _, r := range p.reals() {
		specs = append(specs, sdk.OptionSpec{
			Name: r.name, Type: sdk.OptionFloat, Default: r.def, Min: sdk.Bound(r.min), Max: sdk.Bound(r.max), Doc: r.doc,
		})
	}
	return specs
}

// paramsOf reads canonical options.
func paramsOf(o sdk.Options) params {
	p := params{seed: uint64(o.Int("seed")), response: o.String("response")}
	for _, w := range p.wholes() {
		*w.into = o.Int(w.name)
	}
	for _, r := range p.reals() {
		*r.into = o.Float(r.name)
	}
	return p
}
