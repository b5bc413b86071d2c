package tabular

// What to do where a pair of user and item occurs more than once. A missing
// time is earlier than all others.
const (
	Refuse = "refuse" // the file is refused
	Last   = "last"   // the latest in time counts; of equal times, or without any, the later line
	First  = "first"  // the earliest in time counts; of equal times, or without any, the earlier line
)

// events are interactions as read, one slice each; nil for what is not mapped.
type events struct {
	user, item []int32
	value      []float32
	time       []int64
	kind, part []uint8
	line       []int32
}

// repeated finds the rows that the policy drops, or under Refuse the first
// repeated pair it meets: the row before and the row itself.
func (e *events) repeated(users, items int, policy string) (drop []bool, dropped int, twice [2]int) {
	byUser := sortByUser(e.user, users)
	owner, row := make([]int32, items), make([]int32, items) // who was last seen with an item, and where
	for i := range owner {
		owner[i] = -1
	}
	drop = make([]bool, len(e.user))
	for _, r := range byUser {
		u, i := e.user[r], e.item[r]
		if owner[i] != u {
			owner[i], row[i] = u, r
			continue
		}
		if policy == Refuse {
			return nil, 1, [2]int{int(row[i]), int(r)}
		}
		loser := r
		if e.replaces(int(r), int(row[i]), policy) {
			loser, row[i] = row[i], r
		}
		drop[loser] = true
		dropped++
	}
	return drop, dropped, twice
}

// replaces reports whether a later row counts instead of an earlier one.
func (e *events) replaces(later, earlier int, policy string) bool {
	if e.time == nil {
		return policy == Last
	}
	if policy == Last {
		return e.time[later] >= e.time[earlier]
	}
	return e.time[later] < e.time[earlier]
}

// sortByUser gives row numbers by user, ascending inside each: a counting sort.
func sortByUser(user []int32, users int) []int32 {
	next := make([]int32, users+1)
	for _, u := range user {
		next[u+1]++
	}
	for u := range users {
		next[u+1] += next[u]
	}
	rows := make([]int32, len(user))
	for r, u := range user {
		rows[next[u]] = int32(r)
		next[u]++
	}
	return rows
}

// keep removes dropped rows; order stays.
func (e *events) keep(drop []bool) {
	e.user, e.item = kept(e.user, drop), kept(e.item, drop)
	e.value, e.time = kept(e.value, drop), kept(e.time, drop)
	e.kind, e.part = kept(e.kind, drop), kept(e.part, drop)
}

func kept[T any](from []T, drop []bool) []T {
	if from == nil {
		return nil
	}
	out := from[:0]
	for i, v := range from {
		if !drop[i] {
			out = append(out, v)
		}
	}
	return out
}
