package report

import (
	"math"
	"strconv"
	"strings"
)

// decimals chooses one number of decimals for a whole column, so that its
// numbers can be compared by eye: four below 2, two below 100, else none.
func decimals(t Table, column int) int {
	largest := 0.0
	for _, r := range t.Rows {
		if len(r.Cells) > 0 && r.Cells[column].Value != nil {
			largest = max(largest, math.Abs(*r.Cells[column].Value))
		}
	}
	return decimalsOf(largest)
}

func decimalsOf(largest float64) int {
	switch {
	case largest < 2:
		return 4
	case largest < 100:
		return 2
	case largest < 1000:
		return 1
	}
	return 0
}

// number prints a value with a decimal point whatever the locale.
func number(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-") // never -0.00
	}
	return s
}

// exact prints the shortest text that reads back as the same float64.
func exact(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

// Count prints an integer in groups of three: 100,000.
func Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// marks prints footnote numbers as superscripts: ¹ ².
func marks(notes []int) string {
	parts := make([]string, len(notes))
	for i, n := range notes {
		parts[i] = superscript(n)
	}
	return strings.Join(parts, " ")
}

func superscript(n int) string {
	digits := []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")
	var b strings.Builder
	for _, d := range strconv.Itoa(n) {
		b.WriteRune(digits[d-'0'])
	}
	return b.String()
}

// groups splits columns by cutoff, the primary's first: [ndcg@10 recall@10]
// [ndcg@5 recall@5]. Columns without a cutoff end the first group.
func groups(columns []Column) [][]int {
	if len(columns) == 0 {
		return nil
	}
	first := cutoff(columns[0].Metric)
	order := []string{first}
	members := map[string][]int{}
	var without []int
	for i, c := range columns {
		k := cutoff(c.Metric)
		if k == "" && i > 0 {
			without = append(without, i)
			continue
		}
		if _, seen := members[k]; !seen && k != first {
			order = append(order, k)
		}
		members[k] = append(members[k], i)
	}
	members[first] = append(members[first], without...)
	out := make([][]int, len(order))
	for i, k := range order {
		out[i] = members[k]
	}
	return out
}

func cutoff(metric string) string {
	_, k, _ := strings.Cut(metric, "@")
	return k
}
