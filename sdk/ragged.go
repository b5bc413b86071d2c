package sdk

// Ragged is a list of ids per row: row i owns Items[Offsets[i]:Offsets[i+1]].
// The zero value is "nothing for any row".
type Ragged struct {
	Offsets []uint32 // rows + 1, or nil
	Items   []int32
}

// Row gives the ids of row i; nil for the zero value.
func (r Ragged) Row(i int) []int32 {
	if len(r.Offsets) == 0 {
		return nil
	}
	return r.Items[r.Offsets[i]:r.Offsets[i+1]]
}

// Append adds a row.
func (r *Ragged) Append(row ...int32) {
	if len(r.Offsets) == 0 {
		r.Offsets = append(r.Offsets, 0)
	}
	r.Items = append(r.Items, row...)
	r.Offsets = append(r.Offsets, uint32(len(r.Items)))
}

// Check reports what is wrong with the shape for a number of rows. Ids must
// lie in [0, limit); limit < 0 leaves them unchecked.
func (r Ragged) Check(what string, rows, limit int) error {
	if len(r.Offsets) == 0 {
		if len(r.Items) != 0 {
			return Invalidf("", "%s: %d items without offsets", what, len(r.Items))
		}
		return nil
	}
	if len(r.Offsets) != rows+1 || r.Offsets[0] != 0 || int(r.Offsets[rows]) != len(r.Items) {
		return Invalidf("", "%s: %d offsets for %d rows and %d items", what, len(r.Offsets), rows, len(r.Items))
	}
	for i := range rows {
		if r.Offsets[i] > r.Offsets[i+1] {
			return Invalidf("", "%s: offsets decrease at row %d", what, i)
		}
	}
	if limit >= 0 {
		for _, id := range r.Items {
			if id < 0 || int(id) >= limit {
				return Invalidf("", "%s: id %d is outside [0, %d)", what, id, limit)
			}
		}
	}
	return nil
}
