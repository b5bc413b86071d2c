package corpus

// Origin says which rows of the data set's own tables the users and items of a
// corpus are. A [Corpus.Filter] numbers them anew; the data set itself, where it
// is asked about people, knows the old numbers only. The zero value is a corpus
// that was not filtered.
type Origin struct {
	users, items []int32 // nil: every row is itself
}

// Origin gives the rows of the data set's tables.
func (c *Corpus) Origin() Origin { return c.origin }

// User gives the row of a user in the data set's own table.
func (o Origin) User(id int32) int32 { return at(o.users, id) }

// Item gives the row of an item in the data set's own table.
func (o Origin) Item(id int32) int32 { return at(o.items, id) }

func at(rows []int32, id int32) int32 {
	if rows == nil {
		return id
	}
	return rows[id]
}

// pick is the origin of those that are left, given as ids of now.
func (o Origin) pick(users, items []int32) Origin {
	out := Origin{make([]int32, len(users)), make([]int32, len(items))}
	for i, id := range users {
		out.users[i] = o.User(id)
	}
	for i, id := range items {
		out.items[i] = o.Item(id)
	}
	return out
}

// Origin gives the rows of the data set's tables.
func (s *Split) Origin() Origin { return s.corpus.origin }
