package dense

import (
	"slices"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// Matrix is a sparse matrix by rows. Each row is ordered by column and holds no
// column twice.
type Matrix struct {
	Rows, Cols int
	Offsets    []int     // Rows + 1
	Index      []int32   // columns
	Value      []float32 // nil: every stored entry is 1
}

// Read opens a training folder and gives its users × items matrix. Values says
// whether entries carry the interaction's value; without it every interaction
// counts 1. A pair that occurs twice counts once, with the value of its last
// row.
func Read(ref sdk.DataRef, values bool) (*Matrix, error) {
	folder, err := columns.Open(ref)
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }() // nothing was written
	x, err := folder.Interactions(sdk.TableInteractions)
	if err != nil {
		return nil, err
	}
	return FromInteractions(x, values)
}

// ReadMeta opens a training folder for its numbers of users and items.
func ReadMeta(ref sdk.DataRef) (columns.Meta, error) {
	folder, err := columns.Open(ref)
	if err != nil {
		return columns.Meta{}, err
	}
	defer func() { _ = folder.Close() }() // nothing was written
	return folder.Meta(), nil
}

// FromInteractions is Read for interactions at hand. The result aliases
// nothing of x.
func FromInteractions(x columns.Interactions, values bool) (*Matrix, error) {
	if values && x.Value == nil {
		return nil, sdk.Invalidf("weights", "the data has no values: use weights = \"binary\"")
	}
	// Two stable counting sorts: by item, then by user.
	byItem := order(nil, x.Item, x.Items)
	rows := order(byItem, x.User, x.Users)
	m := &Matrix{Rows: x.Users, Cols: x.Items, Offsets: make([]int, x.Users+1), Index: make([]int32, 0, len(rows))}
	if values {
		m.Value = make([]float32, 0, len(rows))
	}
	for i, r := range rows {
		last := i+1 == len(rows) || x.User[rows[i+1]] != x.User[r] || x.Item[rows[i+1]] != x.Item[r]
		if !last {
			continue // the same pair follows
		}
		m.Index = append(m.Index, x.Item[r])
		if values {
			m.Value = append(m.Value, x.Value[r])
		}
		m.Offsets[x.User[r]+1] = len(m.Index)
	}
	for u := range m.Rows { // rows without entries
		m.Offsets[u+1] = max(m.Offsets[u+1], m.Offsets[u])
	}
	return m, nil
}

// order sorts positions stably by key; keys lie in [0, n). From gives the
// positions in their present order, nil means 0, 1, 2, ….
func order(from, key []int32, n int) []int32 {
	start := make([]int, n+1)
	for _, k := range key {
		start[k+1]++
	}
	for k := range n {
		start[k+1] += start[k]
	}
	out := make([]int32, len(key))
	for i := range key {
		p := int32(i)
		if from != nil {
			p = from[i]
		}
		k := key[p]
		out[start[k]] = p
		start[k]++
	}
	return out
}

// Row gives the columns of row i in ascending order.
func (m *Matrix) Row(i int) []int32 { return m.Index[m.Offsets[i]:m.Offsets[i+1]] }

// Values gives the values of row i; nil where every entry is 1.
func (m *Matrix) Values(i int) []float32 {
	if m.Value == nil {
		return nil
	}
	return m.Value[m.Offsets[i]:m.Offsets[i+1]]
}

// Transpose gives the items × users matrix.
func (m *Matrix) Transpose() *Matrix {
	t := &Matrix{Rows: m.Cols, Cols: m.Rows, Offsets: make([]int, m.Cols+1), Index: make([]int32, len(m.Index))}
	if m.Value != nil {
		t.Value = make([]float32, len(m.Value))
	}
	for _, c := range m.Index {
		t.Offsets[c+1]++
	}
	for c := range t.Rows {
		t.Offsets[c+1] += t.Offsets[c]
	}
	next := slices.Clone(t.Offsets)
	for r := range m.Rows {
		for e := m.Offsets[r]; e < m.Offsets[r+1]; e++ {
			at := next[m.Index[e]]
			next[m.Index[e]]++
			t.Index[at] = int32(r)
			if m.Value != nil {
				t.Value[at] = m.Value[e]
			}
		}
	}
	return t
}

// AddCooccurrence adds row i of XᵀX to out, in order of users. Sums of binary
// entries are exact; products are rounded before they are added, so that no
// processor fuses the two.
func AddCooccurrence(x, byItem *Matrix, i int32, out []float64) {
	weights := byItem.Values(int(i))
	for e, u := range byItem.Row(int(i)) {
		if weights == nil {
			for _, j := range x.Row(int(u)) {
				out[j]++
			}
			continue
		}
		w, values := float64(weights[e]), x.Values(int(u))
		for f, j := range x.Row(int(u)) {
			out[j] += float64(w * float64(values[f]))
		}
	}
}

// Basket gives, in buf's memory, the items that stand for user i of a request,
// ascending and each once: the training items of a known user, and what the
// session's history says was watched or liked.
func Basket(buf []int32, train *Matrix, r *sdk.RecommendRequest, i int) []int32 {
	buf = buf[:0]
	if u := r.Users[i]; u >= 0 {
		buf = append(buf, train.Row(int(u))...)
	}
	known := len(buf)
	if len(r.History.Offsets) > 0 {
		for e := r.History.Offsets[i]; e < r.History.Offsets[i+1]; e++ {
			if k := r.HistoryKinds[e]; k == sdk.HistoryWatched || k == sdk.HistoryLiked {
				buf = append(buf, r.History.Items[e])
			}
		}
	}
	if len(buf) == known {
		return buf
	}
	slices.Sort(buf)
	return slices.Compact(buf)
}

// CheckRequest refuses a request that does not fit the fitted sizes.
func CheckRequest(r *sdk.RecommendRequest, users, items int) error {
	if r.K < 0 {
		return sdk.Invalidf("", "k is %d", r.K)
	}
	if err := CheckUsers(r.Users, users); err != nil {
		return err
	}
	if err := r.History.Check("history", len(r.Users), items); err != nil {
		return err
	}
	if len(r.HistoryKinds) != len(r.History.Items) {
		return sdk.Invalidf("", "%d history kinds for %d history items", len(r.HistoryKinds), len(r.History.Items))
	}
	if err := r.Exclude.Check("exclude", len(r.Users), items); err != nil {
		return err
	}
	if r.Candidates == nil {
		return nil
	}
	return r.Candidates.Check("candidates", len(r.Users), items)
}

// CheckUsers refuses ids outside [-1, users).
func CheckUsers(ids []int32, users int) error {
	for _, u := range ids {
		if u < -1 || int(u) >= users {
			return sdk.Invalidf("", "user %d is outside [-1, %d)", u, users)
		}
	}
	return nil
}
