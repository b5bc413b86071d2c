package prediction

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

func must(t testing.TB, text string) *File {
	t.Helper()
	f, err := Read("x.csv", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var rules = Rules{Outcomes: []string{"click:buy"}, Text: metric.TextExact, Seed: 1}

// numbers summarises one agent's metrics: values, and users of each.
func numbers(t testing.TB, f *File, r Rules) (values map[string]float64, n map[string]int) {
	t.Helper()
	judged := f.Judge(r)
	var keys []record.CellKey
	for _, j := range judged {
		keys = append(keys, j.Key)
	}
	_, cells, err := score.Summarize(judged, keys, 1)
	if err != nil {
		t.Fatal(err)
	}
	values, n = map[string]float64{}, map[string]int{}
	for _, c := range cells {
		values[c.Agent+" "+c.Metric], n[c.Agent+" "+c.Metric] = c.Value, c.N
	}
	return values, n
}

func holds(t *testing.T, values map[string]float64, want map[string]float64) {
	t.Helper()
	for id, w := range want {
		if v, ok := values[id]; !ok || !(math.Abs(v-w) < 1e-12 || math.IsNaN(v) && math.IsNaN(w)) {
			t.Errorf("%s is %v, want %v", id, v, w)
		}
	}
}

const decisions = `user,item,truth,p,set,agent
ann,a,WATCH,0.9,1,mine
ann,b,skip,0.4,1,mine
ann,a,watch,0.2,2,mine
ann,c,0,0.1,2,mine
bob,a,1,0.6,1,mine
bob,d,false,0.7,1,mine
cec,a,0,0.4,1,mine
bob,a,true,1,1,best
bob,d,0,0,1,best
`

// Ann's first set is decided rightly, of the second one of two: accuracy (1 + ½)/2. Of
// Bob's two one is right, of Cecilia's one one: (¾ + ½ + 1)/3. Recall of Ann (1 + 0)/2,
// of Bob 1; Cecilia has nothing to find. AUC of Ann (1 + 1)/2, of Bob 0. Nothing is
// decided yes in Ann's second set, nor for Cecilia: (½ + 0 + 1)/3.
func TestPreference(t *testing.T) {
	values, n := numbers(t, must(t, decisions), rules)
	ann := (-math.Log(0.9*0.6)/2 - math.Log(0.2*0.9)/2) / 2
	bob, cec := -math.Log(0.6*0.3)/2, -math.Log(0.6)
	holds(t, values, map[string]float64{
		"mine decision.accuracy": (0.75 + 0.5 + 1) / 3, "mine decision.recall": (0.5 + 1) / 2, "mine decision.precision": (0.5 + 0.5) / 2,
		"mine decision.f1": (0.5 + 2.0/3) / 2, "mine decision.balanced-accuracy": (0.75 + 0.5) / 2, "mine decision.auc": 0.5,
		"mine decision.log-loss": (ann + bob + cec) / 3, "mine decision.empty": (0.5 + 0 + 1) / 3,
		"best decision.accuracy": 1, "best decision.auc": 1, "best decision.log-loss": 0,
	})
	if n["mine decision.accuracy"] != 3 || n["mine decision.auc"] != 2 || n["best decision.accuracy"] != 1 {
		t.Error(n)
	}
}

// One half is yes.
func TestOneHalf(t *testing.T) {
	values, _ := numbers(t, must(t, "user,item,truth,p\nann,a,1,0.5\nann,b,0,0.49\n"), rules)
	holds(t, values, map[string]float64{"outside decision.accuracy": 1})
}

// A decision stands beside a probability and wins; without probabilities what reads
// them is undefined.
func TestDecisionsWithoutProbabilities(t *testing.T) {
	both, _ := numbers(t, must(t, "user,item,truth,p,decision\nann,a,1,0.9,SKIP\nann,b,0,0.1,SKIP\n"), rules)
	holds(t, both, map[string]float64{"outside decision.accuracy": 0.5, "outside decision.auc": 1})
	f := must(t, "user,item,truth,decision\nann,a,1,SKIP\nann,b,0,SKIP\n")
	values, _ := numbers(t, f, rules)
	holds(t, values, map[string]float64{"outside decision.accuracy": 0.5, "outside decision.auc": math.NaN(), "outside decision.log-loss": math.NaN()})
	for _, c := range f.Judge(rules)[0].Sheet.Columns {
		if c.Metric == "decision.auc" && c.Why != "undefined: the file has no probabilities" {
			t.Error(c.Why)
		}
	}
}

// Ann: errors ½ and ½; Bob: 2, and one value not predicted.
func TestRating(t *testing.T) {
	values, n := numbers(t, must(t, "user,item,value,predicted\nann,a,4,3.5\nbob,c,5,3\nbob,d,5,\nann,b,2,2.5\n"), rules)
	holds(t, values, map[string]float64{
		"outside rating.rmse.expected": (0.5 + 2) / 2, "outside rating.mae.expected": (0.5 + 2) / 2,
		"outside rating.rmse.expected.pooled": math.Sqrt((0.25 + 0.25 + 4) / 3), "outside rating.mae.expected.pooled": (0.5 + 0.5 + 2) / 3,
		"outside rating.missing": (0 + 0.5) / 2,
	})
	if len(values) != 5 || n["outside rating.rmse.expected"] != 2 {
		t.Error(values, n)
	}
}

const shopping = `{"session":"s1","step":1,"type":"input","target":"search","text":"warm winter boots","predicted_type":"input","predicted_target":"search","predicted_text":"winter boots"}
{"session":"s2","step":2,"type":"click","target":"buy"}

{"session":"s2","step":1,"type":"click","target":"item","predicted_type":"click","predicted_target":"item"}
{"session":"s1","step":2,"type":"click","target":"item","predicted_type":"click","predicted_target":"buy"}
{"session":"s1","step":3,"type":"click","target":"buy","predicted_type":"click","predicted_target":"buy","predicted_text":null}
{"session":"s3","step":1,"type":"terminate","predicted_type":"scroll"}
`

// Exact: s1 3 of 3 but for the text and one target, 1/3; s2 one of two; s3 none: 2 of
// 6. Types: click tp 3, fn 1: 6/7; input 1; terminate 0; scroll was made up. Last
// steps: s1 foreseen, s2 not answered, s3 no outcome and none foreseen.
func TestAction(t *testing.T) {
	f := must(t, shopping)
	values, n := numbers(t, f, rules)
	holds(t, values, map[string]float64{
		"outside action.acc.step": 2.0 / 6, "outside action.acc.step.session": (1.0/3 + 1.0/2 + 0) / 3, "outside action.invalid.step": 1.0 / 6,
		"outside action.type-f1.macro": (6.0/7 + 1 + 0) / 3, "outside action.type-f1.union": (6.0/7 + 1 + 0 + 0) / 4,
		"outside action.type-f1.weighted": (4*6.0/7 + 1*1 + 1*0) / 6,
		// The outcome: tp 1, fn 1: 2/3. No outcome: tp 1: 1.
		"outside action.outcome-f1.binary": 2.0 / 3, "outside action.outcome-f1.weighted": (2*2.0/3 + 1) / 3,
	})
	if n["outside action.acc.step"] != 3 {
		t.Error(n)
	}
	// Two words of three and of two: 0.8 is enough.
	values, _ = numbers(t, f, Rules{Outcomes: []string{"terminate"}, Text: metric.TextRouge, Seed: 1})
	holds(t, values, map[string]float64{
		"outside action.acc.step": 3.0 / 6,
		// Terminate is not foreseen. What else ends: s1 rightly, s2 not answered.
		"outside action.outcome-f1.binary": 0, "outside action.outcome-f1.weighted": 2 * (2.0 / (2 + 1 + 1)) / 3,
	})
}

// An interval of a metric of all sessions is that of samples of sessions: two, of which
// one is all right and one all wrong, give 0 to 1.
func TestIntervalOfClasses(t *testing.T) {
	f := must(t, "session,step,type,predicted_type\na,1,click,click\nb,1,click,input\n")
	for _, w := range f.Judge(rules)[0].Sheet.Wholes {
		if w.Metric == "action.type-f1.macro" && (w.Value != 2.0/3 || w.Interval == nil || w.Interval.Lo != 0 || w.Interval.Hi != 1) {
			t.Errorf("%+v %+v", w, w.Interval)
		}
	}
}

// The order of lines and of columns changes nothing, and JSON says the same as CSV.
func TestOrderOfLines(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(decisions), "\n")
	want := must(t, decisions).Judge(rules)
	rapid.Check(t, func(rt *rapid.T) {
		mixed := rapid.Permutation(lines[1:]).Draw(rt, "lines")
		got := must(t, lines[0]+"\n"+strings.Join(mixed, "\n")).Judge(rules)
		if d := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); d != "" {
			rt.Fatal(d)
		}
	})
	a := must(t, "\ufeffuser,item,truth,p\nann,a,1,0.5\n").Judge(rules)
	b := must(t, `{"p":0.5,"truth":true,"item":"a","user":"ann"}`).Judge(rules)
	if d := cmp.Diff(a, b, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); d != "" {
		t.Error(d)
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "x.csv: no predictions: want CSV with a header, or a line of JSON for each case"},
		{"user,item,truth,p\n", "x.csv: no predictions: want CSV with a header, or a line of JSON for each case"},
		{"user,item,trut,p\na,b,1,1\n", `x.csv:1: column "trut" is unknown (did you mean truth?): want user, item, truth, and optionally p, decision, set, agent`},
		{"user,truth,p\na,1,1\n", "x.csv:1: column item is missing: want user, item, truth, and optionally p, decision, set, agent"},
		{"user,item,item,p\na,1,1,1\n", `x.csv:1: column "item" is there twice`},
		{"session,step,typ\na,1,x\n", `x.csv:1: column "typ" is unknown (did you mean type?): want session, step, type, predicted_type, and optionally target, text, predicted_target, predicted_text, agent`},
		{"user,item,truth,p\na,b,1,0.5\na,b,2,0.5\n", `x.csv:3: truth "2": want WATCH or SKIP, or 1 or 0`},
		{"user,item,truth,p\na,b,,0.5\n", "x.csv:2: truth is missing"},
		{"user,item,truth,p\n,b,1,0.5\n", "x.csv:2: user is missing"},
		{"user,item,truth,p\na,b,1,1.5\n", `x.csv:2: p "1.5": want a probability from 0 to 1`},
		{"user,item,truth,p\na,b,1,NaN\n", `x.csv:2: p "NaN": want a probability from 0 to 1`},
		{"user,item,truth,p\na,b,1,\n", "x.csv:2: p and decision are missing: want a probability from 0 to 1, or WATCH or SKIP"},
		{"user,item,truth,p\na,b,1,1\na,b,0,1\n", `x.csv:3: item "b" of user "a" is there twice, in line 2 too`},
		{"user,item,truth,p,decision\na,b,1,1,\na,c,0,,SKIP\n", "x.csv:3: p: either all lines have a probability or none has, and line 2 differs"},
		{"user,item,truth,p,agent\na,b,1,1,My Model\n", "x.csv:2: agent: "},
		{"user,item,truth,p\na,b,1\n", "x.csv:2: wrong number of fields"},
		{"user,item,value,predicted\na,b,five,4\n", `x.csv:2: value "five": want a number`},
		{"user,item,value,predicted\na,b,5,Inf\n", `x.csv:2: predicted "Inf": want a number`},
		{"user,item,value,predicted\na,b,5,1\na,b,5,1\n", `x.csv:3: item "b" of user "a" is there twice, in line 2 too`},
		{"session,step,type,predicted_type\na,one,x,y\n", `x.csv:2: step "one": want a whole number, in the order of the session`},
		{"session,step,type,predicted_type\na,1,x,y\na,1,x,y\n", `x.csv:3: step 1 of session "a" is there twice, in line 2 too`},
		{"session,step,type,predicted_type\na,1,,y\n", "x.csv:2: type is missing"},
		{"{\"user\":\"a\",\"item\":\"b\",\"truth\":1,\"p\":1}\n{\"user\":[]}\n", "x.csv:2: user: want a text, a number, true or false"},
		{"{\"user\":\"a\"} {\n", "x.csv:1: want one JSON object a line: there is more after it"},
		{"{\"user\":\n", "x.csv:1: want one JSON object a line: unexpected EOF"},
	} {
		_, err := Read("x.csv", strings.NewReader(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\n%v\nwant %s", c.text, err, c.want)
		}
	}
}

// Whatever a file holds, reading it ends in numbers or in an error that is said.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{decisions, shopping, "user,item,value,predicted\nann,a,4,3.5\n", "{}", "{\"p\":1}\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read("x", strings.NewReader(text))
		if err != nil {
			return
		}
		if file.Cases == 0 {
			t.Fatal("no cases and no error")
		}
		for _, d := range file.decisions {
			if d.user == "" || d.item == "" || d.p != nil && !(*d.p >= 0 && *d.p <= 1) {
				t.Fatalf("%+v", d)
			}
		}
	})
}
