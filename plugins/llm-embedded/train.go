package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/sdk"
)

// message is a turn of the chat fine-tuning format.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// example is a line of a training file: a chat whose last turn is the answer, or a
// prompt with a chosen and a rejected answer. The schema of the answer may stand
// beside it, as providers take it in requests.
type example struct {
	Messages []message `json:"messages"`
	Prompt   []message `json:"prompt"`
	Chosen   []message `json:"chosen"`
	Rejected []message `json:"rejected"`
	Weight   *float64  `json:"weight"`
	Format   struct {
		Schema struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
}

// maxLine bounds one example, and maxExamples a file.
const (
	maxLine     = 4 << 20
	maxExamples = 2_000_000
)

// read gives the examples of a file; errors name the line.
func readExamples(ctx context.Context, path, format string, each func(n int, e example) error) error {
	f, err := os.Open(path)
	if err != nil {
		return sdk.Invalidf("", "training file: %v", err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 1<<16), maxLine)
	n, found := 0, 0
	for in.Scan() {
		n++
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		if found++; found > maxExamples {
			return sdk.Invalidf("", "%s: more than %d examples", path, maxExamples)
		}
		var e example
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			return sdk.Invalidf("", "%s:%d: want a line of JSON: %v", path, n, err)
		}
		if err := e.check(format); err != nil {
			return sdk.Invalidf("", "%s:%d: %v", path, n, err)
		}
		if err := each(n, e); err != nil {
			return sdk.Invalidf("", "%s:%d: %v", path, n, err)
		}
	}
	if err := in.Err(); err != nil {
		return sdk.Invalidf("", "%s:%d: %v", path, n+1, err)
	}
	if found == 0 {
		return sdk.Invalidf("", "%s: no examples", path)
	}
	return nil
}

func (e example) check(format string) error {
	switch {
	case e.Weight != nil && !(*e.Weight >= 0 && *e.Weight < 1e6):
		return fmt.Errorf("weight %v: want at least 0", *e.Weight)
	case format == "chat" && (len(e.Messages) < 2 || e.Messages[len(e.Messages)-1].Role != "assistant"):
		return errors.New("want messages that end with one of role assistant")
	case format == "pairs" && (len(e.Prompt) == 0 || len(e.Chosen) != 1 || len(e.Rejected) != 1):
		return errors.New("want prompt, chosen and rejected, the last two of one message each")
	}
	return nil
}

// leaf is one choice of an answer.
type leaf struct {
	path, word string
}

// leaves lists the scalars of a JSON answer in the order in which they stand.
func leaves(answer string) ([]leaf, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(answer)))
	d.UseNumber()
	var out []leaf
	if err := walk(d, "", &out, 0); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the answer is more than one JSON value")
	}
	return out, nil
}

func walk(d *json.Decoder, path string, out *[]leaf, depth int) error {
	if depth > maxDepth || len(*out) > maxChoices {
		return errors.New("too large")
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		for i := 0; d.More(); i++ {
			name := strconv.Itoa(i)
			if t == '{' {
				key, err := d.Token()
				if err != nil {
					return err
				}
				name, _ = key.(string)
			}
			if err := walk(d, join(path, name), out, depth+1); err != nil {
				return err
			}
		}
		_, err := d.Token() // the closing one
		return err
	case string:
		*out = append(*out, leaf{path, t})
	case json.Number:
		*out = append(*out, leaf{path, t.String()})
	case bool:
		*out = append(*out, leaf{path, strconv.FormatBool(t)})
	case nil:
		*out = append(*out, leaf{path, "null"})
	}
	return nil
}

// maxSeen is how many different words a field may have in a training file and still
// be a choice; beyond it is free text.
const maxSeen = 64

// vocabulary is the values of each field, as the file shows them.
type vocabulary map[string][]string

// learn adds the answer's values.
func (v vocabulary) learn(answer string) error {
	all, err := leaves(answer)
	if err != nil {
		return err
	}
	for _, l := range all {
		field, _, _ := fieldOf(l.path)
		if seen := v[field]; len(seen) <= maxSeen && !slices.Contains(seen, l.word) {
			v[field] = append(seen, l.word)
		}
	}
	return nil
}

// close sorts the values, so that their order does not depend on the file's, fills
// the gaps of small whole numbers, and drops fields of free text.
func (v vocabulary) close() {
	for field, seen := range v {
		lo, hi, whole := math.MaxInt, math.MinInt, true
		for _, w := range seen {
			n, err := strconv.Atoi(w)
			whole = whole && err == nil
			lo, hi = min(lo, n), max(hi, n)
		}
		if whole && hi-lo < maxSeen {
			v[field] = nil
			for n := lo; n <= hi; n++ {
				v[field] = append(v[field], strconv.Itoa(n))
			}
			continue
		}
		if len(seen) > maxSeen {
			delete(v, field)
			continue
		}
		slices.Sort(seen)
	}
}

// choice is a question with its answer, as training keeps it.
type choice struct {
	field  uint64
	values []uint64
	common []input
	own    [][]input
	prior  []float64
	truth  int
	other  int     // pairs: the rejected value; -1: none
	weight float64 // of the example
}

// input is a feature without words.
type input struct {
	hash  uint64
	value float32
}

func inputs(fs []feature) []input {
	out := make([]input, len(fs))
	for i, f := range fs {
		out[i] = input{f.hash, float32(f.value)}
	}
	return out
}

// chosen makes the choices of one answer. Other is a second answer to the same
// prompt, for pairs: only where the two differ is there something to learn.
func (m *model) chosen(v vocabulary, prompt []message, raw json.RawMessage, answer, other string, weight float64) ([]choice, error) {
	messages := make([]sdk.Message, len(prompt))
	for i, t := range prompt {
		messages[i] = sdk.Message{Role: map[string]sdk.Role{"system": sdk.RoleSystem, "assistant": sdk.RoleAssistant}[t.Role], Content: t.Content}
		if messages[i].Role == 0 {
			messages[i].Role = sdk.RoleUser
		}
	}
	all, err := leaves(answer)
	if err != nil {
		return nil, err
	}
	against := map[string]string{}
	if other != "" {
		rejected, err := leaves(other)
		if err != nil {
			return nil, err
		}
		for _, l := range rejected {
			against[l.path] = l.word
		}
	}
	given := map[string]*shape{}
	if raw != nil {
		s := m.schema(raw)
		if s.err != nil {
			return nil, fmt.Errorf("response_format: %w", s.err)
		}
		s.shape.choices("", given)
	}
	p := m.read(messages)
	var out []choice
	var before []taken
	for _, l := range all {
		field, _, _ := fieldOf(l.path)
		s := given[l.path]
		if s == nil && raw == nil {
			if words := v[field]; len(words) > 1 {
				s = &shape{kind: "choice", words: words}
			}
		}
		if s != nil && len(s.words) > 1 {
			truth := slices.Index(s.words, l.word)
			if truth < 0 {
				return nil, fmt.Errorf("%s: %q is none of the schema's values", l.path, l.word)
			}
			rejected := -1
			if other != "" {
				rejected = slices.Index(s.words, against[l.path])
			}
			if other == "" || rejected >= 0 && rejected != truth {
				out = append(out, keep(p.ask(l.path, s, before), truth, rejected, weight))
			}
		}
		if s != nil {
			before = append(before, taken{field, l.word})
		}
	}
	return out, nil
}

func keep(q question, truth, rejected int, weight float64) choice {
	c := choice{field: q.field, values: q.values, common: inputs(q.common), prior: q.lean, truth: truth, other: rejected, weight: weight}
	for i, own := range q.own {
		c.own = append(c.own, inputs(own))
		for _, f := range own {
			c.prior[i] += float64(f.prior * f.value)
		}
	}
	return c
}

// choices lists the open choices of a shape by path.
func (s *shape) choices(path string, out map[string]*shape) {
	switch s.kind {
	case "choice":
		out[path] = s
	case "object":
		for _, f := range s.fields {
			f.shape.choices(join(path, f.name), out)
		}
	case "array":
		for i, item := range s.items {
			item.choices(join(path, strconv.Itoa(i)), out)
		}
	}
}

// settings are the options of a job.
type settings struct {
	epochs   int
	rate, l2 float64
	beta     float64
	seed     uint64
}

// trainer fits weights.
type trainer struct {
	settings
	w     *weights
	grads []float32 // sums of squared gradients, by slot
	prior float64   // the same of the prior's weight
}

// fit goes through the choices in an order from the seed, as often as there are
// epochs, with steps of AdaGrad (Duchi, Hazan and Singer 2011): rate over the root
// of the sum of squares. One thread: the sums depend on the order.
func (t *trainer) fit(ctx context.Context, cs []choice, progress func(epoch int, loss float64)) error {
	t.w.table, t.grads = make([]float32, 1<<tableBits), make([]float32, 1<<tableBits)
	order := make([]int, len(cs))
	for i := range order {
		order[i] = i
	}
	for epoch := range t.epochs {
		for i := len(order) - 1; i > 0; i-- {
			j := int(combine(combine(t.seed, uint64(epoch)), uint64(i)) % uint64(i+1))
			order[i], order[j] = order[j], order[i]
		}
		sum := 0.0
		for n, i := range order {
			if n%4096 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			sum += t.step(&cs[i])
		}
		progress(epoch+1, sum/float64(len(cs)))
	}
	return nil
}

func (t *trainer) scores(c *choice) []float64 {
	out := make([]float64, len(c.values))
	for i := range out {
		s := float64(c.prior[i] * t.w.prior)
		for _, f := range c.own[i] {
			s += float64(float64(t.w.table[slot(combine(c.field, f.hash))]) * float64(f.value))
		}
		under := combine(c.field, c.values[i])
		for _, f := range c.common {
			s += float64(float64(t.w.table[slot(combine(under, f.hash))]) * float64(f.value))
		}
		out[i] = s
	}
	return out
}

// step goes down the gradient of one choice's loss and gives the loss before. Chats
// have cross-entropy. Pairs have -log σ(β·(margin - margin of the prior)), the
// preference loss of METHOD 4 with the prior as reference.
func (t *trainer) step(c *choice) float64 {
	s := t.scores(c)
	if c.other >= 0 {
		margin := s[c.truth] - s[c.other] - float64((c.prior[c.truth]-c.prior[c.other])*t.w.prior)
		up := 1 / (1 + exp(float64(t.beta*margin)))
		g := float64(t.beta*up) * c.weight
		t.push(c, c.truth, -g)
		t.push(c, c.other, g)
		return -ln(math.Max(1-up, 1e-300))
	}
	p := softmax(s)
	lean := 0.0
	for i, v := range p {
		g := v
		if i == c.truth {
			g--
		}
		g = float64(g * c.weight)
		t.push(c, i, g)
		lean += float64(g * c.prior[i])
	}
	t.prior += float64(lean * lean)
	if t.prior > 0 {
		t.w.prior -= float64(t.rate*lean) / math.Sqrt(t.prior+1)
	}
	return -ln(math.Max(p[c.truth], 1e-300))
}

// push moves the weights of one value.
func (t *trainer) push(c *choice, i int, g float64) {
	move := func(h uint64, v float64) {
		at := slot(h)
		w := float64(t.w.table[at])
		d := float64(g*v) + float64(t.l2*w)
		if d == 0 {
			return
		}
		sum := float64(t.grads[at]) + float64(d*d)
		t.grads[at] = float32(sum)
		t.w.table[at] = float32(w - float64(t.rate*d)/math.Sqrt(sum+1e-6))
	}
	for _, f := range c.own[i] {
		move(combine(c.field, f.hash), float64(f.value))
	}
	under := combine(c.field, c.values[i])
	for _, f := range c.common {
		move(combine(under, f.hash), float64(f.value))
	}
}

// judge gives mean log-loss and share of right answers, of choices that were not
// trained on.
func (t *trainer) judge(cs []choice) (loss, accuracy float64) {
	for i := range cs {
		p := softmax(t.scores(&cs[i]))
		best := 0
		for j, v := range p {
			if v > p[best] {
				best = j
			}
		}
		loss -= ln(math.Max(p[cs[i].truth], 1e-300))
		if best == cs[i].truth {
			accuracy++
		}
	}
	n := float64(max(1, len(cs)))
	return loss / n, accuracy / n
}

// batch is how many examples are described at a time.
const batch = 4096

// gather reads a file into choices. Examples are described on all threads and kept
// in the order of the file.
func (m *model) gather(ctx context.Context, v vocabulary, path, format string, progress func(examples int)) ([]choice, int, error) {
	var out []choice
	var waiting []example
	total := 0
	flush := func() error {
		made, errs := make([][]choice, len(waiting)), make([]error, len(waiting))
		err := cores.Each(ctx, len(waiting), m.threads, func(_, i int) {
			made[i], errs[i] = m.describeExample(v, waiting[i], format)
		})
		if err != nil {
			return err
		}
		for i := range made {
			if errs[i] != nil {
				return fmt.Errorf("example %d of the file: %w", total+i+1, errs[i])
			}
			out = append(out, made[i]...)
		}
		total += len(waiting)
		waiting = waiting[:0]
		progress(total)
		return nil
	}
	err := readExamples(ctx, path, format, func(_ int, e example) error {
		if waiting = append(waiting, e); len(waiting) == batch {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	return out, total, err
}

func (m *model) describeExample(v vocabulary, e example, format string) ([]choice, error) {
	weight := 1.0
	if e.Weight != nil {
		weight = *e.Weight
	}
	if format == "pairs" {
		return m.chosen(v, e.Prompt, e.Format.Schema.Schema, e.Chosen[0].Content, e.Rejected[0].Content, weight)
	}
	last := len(e.Messages) - 1
	return m.chosen(v, e.Messages[:last], e.Format.Schema.Schema, e.Messages[last].Content, "", weight)
}
