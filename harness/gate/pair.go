package gate

import "math"

// paired holds the users whom both runs judged.
type paired struct {
	users    []int
	old, new []float64
	single   []int // who has a value in one of the runs
	leftOut  int   // judged in one of the runs only, or undefined in one
}

func pair(t BaselineTask, was Series, u BaselineTask, is Series) (p paired) {
	at := make(map[float64]int, len(u.Users))
	for i, user := range u.Users {
		at[user] = i
	}
	both := 0
	for i, user := range t.Users {
		old, now := was.Values[i], math.NaN()
		j, ok := at[user]
		if ok {
			both++
			now = is.Values[j]
			delete(at, user)
		}
		switch {
		case !math.IsNaN(old) && !math.IsNaN(now):
			p.users, p.old, p.new = append(p.users, int(user)), append(p.old, old), append(p.new, now)
			continue
		case !math.IsNaN(old) || !math.IsNaN(now):
			p.single = append(p.single, int(user))
		}
		p.leftOut++
	}
	for user, j := range at {
		if !math.IsNaN(is.Values[j]) {
			p.single = append(p.single, int(user))
		}
	}
	p.leftOut += len(u.Users) - both
	return p
}

// judge fills in a check's numbers from the users of a group.
func (p paired) judge(k *Check, in func(int) bool, g Margin, alpha float64, s Statistics) {
	var old, now, d []float64
	for i, u := range p.users {
		if in(u) {
			old, now, d = append(old, p.old[i]), append(now, p.new[i]), append(d, p.new[i]-p.old[i])
		}
	}
	k.P, k.Within = 1, 1
	if k.N, k.LeftOut = len(d), p.leftOut; k.N == 0 {
		return
	}
	k.Old, _ = mean(old)
	k.New, _ = mean(now)
	k.Difference, _ = mean(d)
	if g.Relative != nil {
		k.Margin = *g.Relative * math.Abs(k.Old)
	} else {
		k.Margin = *g.Absolute
	}
	if k.N < 2 {
		return // one user has no spread
	}
	k.Lo, k.Hi = s.Bounds(d, alpha)
	beyond, within := make([]float64, len(d)), make([]float64, len(d)) // each user's loss beyond the margin, and what is left of it
	for i, v := range d {
		if !k.lower {
			v = -v
		}
		beyond[i], within[i] = v-k.Margin, k.Margin-v
	}
	k.sd = spread(d)
	k.Within = s.Greater(within)
	k.P = s.Greater(beyond)
}
