package compare

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestPageExamples computes every example of docs/statistics.md, as exactly as it is printed.
func TestPageExamples(t *testing.T) {
	b, err := os.ReadFile("../../docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, block := range strings.Split(string(b), "\n```statistic\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```")
		for line := range strings.Lines(block) {
			call, want, ok := strings.Cut(strings.TrimSpace(line), " = ")
			name, words, _ := strings.Cut(call, " ")
			if !ok {
				t.Fatalf("%s: want a name, numbers, = and values", line)
			}
			got, printed := example(t, name, numbers(t, words)), strings.Fields(want)
			if len(got) != len(printed) {
				t.Fatalf("%s: got %v", line, got)
			}
			for i, p := range printed {
				_, decimals, _ := strings.Cut(p, ".")
				if s := strconv.FormatFloat(got[i], 'f', len(decimals), 64); s != p {
					t.Errorf("%s: got %s", strings.TrimSpace(line), s)
				}
			}
			shown++
		}
	}
	if shown < 12 {
		t.Errorf("%d examples", shown)
	}
}

func numbers(t *testing.T, words string) (out []float64) {
	t.Helper()
	for _, w := range strings.Fields(words) {
		v, err := strconv.ParseFloat(w, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// example calls the function that a name stands for.
func example(t *testing.T, name string, x []float64) []float64 {
	t.Helper()
	switch name {
	case "percentile-lo":
		p, _ := Bootstrap(x, Alpha)
		return []float64{p.Lo}
	case "bca-hi":
		_, b := Bootstrap(x, Alpha)
		return []float64{b.Hi}
	case "sign-flip":
		return []float64{SignFlip(x, TwoSided)}
	case "wilcoxon":
		return []float64{Wilcoxon(x, Pratt, TwoSided).P}
	case "holm":
		return Holm(x)
	case "bh":
		return BenjaminiHochberg(x)
	case "effect":
		return []float64{Effects(x).DZ}
	case "rank-biserial":
		return []float64{Effects(x).RankBiserial}
	case "wins":
		return []float64{Effects(x).Wins}
	case "critical-difference":
		return []float64{CriticalDifference(int(x[0]), int(x[1]), Alpha)}
	case "users-for":
		return []float64{float64(UsersFor(x[0], x[1], Alpha, Power))}
	case "detectable":
		return []float64{Detectable(x[0], int(x[1]), Alpha, Power)}
	}
	t.Fatalf("%s: no such statistic", name)
	return nil
}
