package control

import (
	"math"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
)

func TestJudge(t *testing.T) {
	cell := func(arm, metric string, v float64) record.Cell {
		return record.Cell{Task: "offline", Recommender: arm, Repeat: 1, Metric: metric, Version: 1, Value: v, N: 10}
	}
	good := []record.Cell{
		cell("oracle", "ndcg@10", 1), cell("oracle", "recall@10", 0.8), cell("oracle", "coverage@10", 0.2),
		cell("ease", "ndcg@10", 0.3), cell("ease", "recall@10", 0.8), cell("ease", "coverage@10", 0.9),
	}
	for _, c := range []struct {
		name  string
		cells []record.Cell
		want  string // part of the verdict; "" holds
	}{
		{"equal recall and larger coverage are allowed", good, ""},
		{"no oracle", good[3:], "no numbers"},
		{"an arm above the oracle", append([]record.Cell{cell("leaky", "recall@10", 0.81)}, good...), "leaky exceeds"},
		{"an oracle below 1", []record.Cell{cell("oracle", "ndcg@10", 0.99)}, "not 1"},
		{"an oracle whose order is not perfect", []record.Cell{cell("oracle", "auc", 0.99)}, "auc is 0.99, not 1"},
		{"an oracle that wastes places", []record.Cell{cell("oracle", "map@5", 0.9)}, "not 1"},
		{"an oracle with too few hits", []record.Cell{cell("oracle", "recall-capped@5", 0.9)}, "not 1"},
		{"an arm that orders better", append([]record.Cell{cell("leaky", "auc", 1.1), cell("oracle", "auc", 1)}, good...), "leaky exceeds"},
		{"errors above the oracle's", append([]record.Cell{cell("mf", "rating.rmse.expected", 0.9), cell("oracle", "rating.rmse.expected", 0)}, good...), ""},
		{"an oracle that errs", append([]record.Cell{cell("oracle", "rating.mae.answer", 0.1)}, good...), "rating.mae.answer is 0.1, not 0"},
		{"an arm below the oracle", append([]record.Cell{cell("leaky", "rating.mae.expected", -0.1), cell("oracle", "rating.mae.expected", 0)}, good...), "leaky is below"},
		{"more novel than the oracle", append([]record.Cell{cell("ease", "novelty@5", 9), cell("oracle", "novelty@5", 2)}, good...), ""},
		{"an arm without scores", append([]record.Cell{cell("lists", "auc", math.NaN()), cell("oracle", "auc", 1)}, good...), ""},
		{"a metric the oracle lacks", append([]record.Cell{cell("ease", "hit@10", 0.1)}, good...), "no hit@10"},
		{"another task's arm", append([]record.Cell{{Task: "ab", Recommender: "x", Metric: "ndcg@10", Value: 2}}, good...), ""},
	} {
		got := Judge("offline", c.cells)
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
