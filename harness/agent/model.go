package agent

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/alignuser/alignuser/harness/trace"
)

// Example is a page that a person saw and what the person did with it. The view
// rests on what was known before the page (METHOD 2, leakage rule).
type Example struct {
	View     View
	Decision trace.Decision
	// Reconstructed pages were not logged: one card that the person had among cards
	// never touched. They say nothing of leaving.
	Reconstructed bool
	// From and To are the times of the first and the last thing that the person did here;
	// sdk.MissingTime: unknown, or nothing.
	From, To int64
}

// Prior is what is declared where the data cannot say it.
type Prior struct {
	WatchRate float64   // of cards, where all pages are reconstructed
	Leave     []float64 // probability of leaving by page, where no page was logged
	Keep      bool      // keeps the rate of the examples instead of WatchRate
}

// Model is what the arms that learn have learned: logistic models of watching and
// leaving, a linear one of values with normal noise.
type Model struct {
	Names []string
	Pages int // examples

	center, spread []float64
	watch          []float64 // the constant first
	value          []float64 // empty: the data has no values
	noise          float64
	leave          []float64 // empty: leaving is declared
	leaving        Leaving
}

// ridge keeps weights of features that never vary at 0.
const ridge = 1.0

// Fit learns from examples, in their order. The prior stands in for what they
// cannot say.
func Fit(ctx context.Context, examples iter.Seq[Example], names []string, prior Prior) (*Model, error) {
	m := &Model{Names: names}
	var x, values, leaving table
	reconstructed := 0
	for e := range examples {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.Pages++
		for i, c := range e.Decision.Cards {
			row := vector(append(x.rows, 1), &e.View, i, names)[len(x.rows):]
			x.add(row, indicator(c.Watch))
			if c.Watch && c.Value != nil {
				values.add(row, *c.Value)
			}
		}
		if e.Reconstructed {
			reconstructed++
			continue
		}
		leaving.add(departure(&e.View, &e.Decision), indicator(e.Decision.Action == trace.Exit))
	}
	if x.n() == 0 {
		return nil, errors.New("no page to learn from: the training part has neither sessions nor interactions")
	}
	m.center, m.spread = x.standardise()
	values.apply(m.center, m.spread)
	var err error
	if m.watch, err = x.logistic(); err != nil {
		return nil, fmt.Errorf("watching: %w", err)
	}
	if values.n() > 0 {
		if m.value, m.noise, err = values.linear(); err != nil {
			return nil, fmt.Errorf("values: %w", err)
		}
	}
	m.leaving = Leaving{Source: ExitPrior, Hazard: prior.Leave}
	if reconstructed == m.Pages {
		if !prior.Keep {
			m.recalibrate(&x, prior.WatchRate)
		}
		return m, nil
	}
	m.leaving = Leaving{Source: ExitSessions}
	if m.leave, err = leaving.logistic(); err != nil {
		return nil, fmt.Errorf("leaving: %w", err)
	}
	return m, nil
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// departure describes a page that was decided: what leaving may depend on.
func departure(v *View, d *trace.Decision) []float64 {
	watched, sum, n := 0.0, 0.0, 0.0
	for _, c := range d.Cards {
		if c.Watch {
			watched++
			if c.Value != nil {
				sum += *c.Value - v.Profile.All
				n++
			}
		}
	}
	share := 0.0
	if len(d.Cards) > 0 {
		share = watched / float64(len(d.Cards))
	}
	strict := 0.0
	if !math.IsNaN(v.Profile.Mean) {
		strict = v.Profile.Mean - v.Profile.All
	}
	number := float64(v.State.Page)
	return []float64{1, number, number * number, share, sum / math.Max(1, float64(len(d.Cards))), math.Log1p(float64(v.Profile.Items)), strict}
}

// recalibrate moves the constant until the mean probability over reconstructed
// cards is the declared rate (METHOD 4).
func (m *Model) recalibrate(x *table, rate float64) {
	lo, hi := -30.0, 30.0
	start := m.watch[0]
	for range 60 {
		mid := (lo + hi) / 2
		m.watch[0] = start + mid
		sum := 0.0
		for i := range x.n() {
			sum += sigmoid(dot(m.watch, x.row(i)))
		}
		if sum/float64(x.n()) < rate {
			lo = mid
		} else {
			hi = mid
		}
	}
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// table is a design matrix, row after row, with what is to be explained.
type table struct {
	rows  []float64
	wants []float64
	width int
}

func (t *table) n() int { return len(t.wants) }

func (t *table) row(i int) []float64 { return t.rows[i*t.width : (i+1)*t.width] }

func (t *table) add(row []float64, want float64) {
	t.width = len(row)
	t.rows = append(t.rows, row...)
	t.wants = append(t.wants, want)
}

// standardise brings every column but the constant to mean 0 and deviation 1.
func (t *table) standardise() (center, spread []float64) {
	center, spread = make([]float64, t.width), make([]float64, t.width)
	n := float64(t.n())
	for i := range t.n() {
		for k, v := range t.row(i) {
			center[k] += v / n
		}
	}
	for i := range t.n() {
		for k, v := range t.row(i) {
			spread[k] += (v - center[k]) * (v - center[k]) / n
		}
	}
	center[0], spread[0] = 0, 1
	for k := range spread {
		if spread[k] = math.Sqrt(spread[k]); spread[k] < 1e-9 {
			spread[k] = 1
		}
	}
	t.apply(center, spread)
	return center, spread
}

func (t *table) apply(center, spread []float64) {
	for i := range t.n() {
		row := t.row(i)
		for k := range row {
			row[k] = (row[k] - center[k]) / spread[k]
		}
	}
}

// logistic fits by Newton's method with a small ridge on all but the constant
// (Hastie, Tibshirani and Friedman 2009, 4.4.1).
func (t *table) logistic() ([]float64, error) {
	w := make([]float64, t.width)
	const steps, close = 25, 1e-8
	for range steps {
		grad, hess := make([]float64, t.width), mat.NewSymDense(t.width, nil)
		for k := 1; k < t.width; k++ {
			grad[k] = -ridge * w[k]
			hess.SetSym(k, k, ridge)
		}
		hess.SetSym(0, 0, 1e-9)
		for i, want := range t.wants {
			row := t.row(i)
			p := sigmoid(dot(w, row))
			for k, v := range row {
				grad[k] += (want - p) * v
			}
			t.outer(hess, row, p*(1-p))
		}
		step, err := solve(hess, grad)
		if err != nil {
			return nil, err
		}
		most := 0.0
		for k := range w {
			w[k] += step[k]
			most = math.Max(most, math.Abs(step[k]))
		}
		if most < close {
			break
		}
	}
	return w, nil
}

// linear fits by least squares with the same ridge, and gives the deviation of
// what is left.
func (t *table) linear() (w []float64, noise float64, err error) {
	right, gram := make([]float64, t.width), mat.NewSymDense(t.width, nil)
	for k := 1; k < t.width; k++ {
		gram.SetSym(k, k, ridge)
	}
	for i, want := range t.wants {
		row := t.row(i)
		for k, v := range row {
			right[k] += want * v
		}
		t.outer(gram, row, 1)
	}
	if w, err = solve(gram, right); err != nil {
		return nil, 0, err
	}
	for i, want := range t.wants {
		d := want - dot(w, t.row(i))
		noise += d * d / float64(t.n())
	}
	return w, math.Sqrt(noise), nil
}

// outer adds weight·row·rowᵀ to the upper triangle.
func (t *table) outer(to *mat.SymDense, row []float64, weight float64) {
	raw := to.RawSymmetric()
	for a, x := range row {
		if x == 0 {
			continue
		}
		x *= weight
		line := raw.Data[a*raw.Stride : a*raw.Stride+len(row)]
		for b := a; b < len(row); b++ {
			line[b] += x * row[b]
		}
	}
}

func solve(a *mat.SymDense, b []float64) ([]float64, error) {
	var c mat.Cholesky
	if !c.Factorize(a) {
		return nil, errors.New("the examples do not determine the weights")
	}
	var x mat.VecDense
	if err := c.SolveVecTo(&x, mat.NewVecDense(len(b), b)); err != nil {
		return nil, err
	}
	return x.RawVector().Data, nil
}
