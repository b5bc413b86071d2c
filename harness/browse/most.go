package browse

// MostPages is how many pages [Stage.Demonstrations] yields at most, and whether people were
// shown them: it counts and makes none. Only interactions of one time may make them fewer.
func (s *Stage) MostPages(t Teaching) (n int, logged bool) {
	for _, u := range s.teachers() {
		switch {
		case s.sessions != nil:
			for _, v := range s.sessions.Of(u) {
				n += len(v.Pages)
			}
		case len(s.evidence.Of(u))+ReconstructedCards > s.evidence.Items():
		case t.Ratio > 0:
			n += mixedPages(u, len(s.split.History(u)), t.Ratio)
		default:
			past := len(s.split.History(u))
			n += past - past/reconstructedFrom
		}
	}
	if t.Pages > 0 {
		n = min(n, t.Pages)
	}
	return n, s.sessions != nil
}

// mixedPages is how many pages the interactions of a user fill among others.
func mixedPages(user int32, past, ratio int) (n int) {
	for next := past / reconstructedFrom; next < past; n++ {
		r := mixedSeed(user, uint64(n), ratio)
		for i := range ReconstructedCards {
			if next < past && isHad(r, i, ratio) {
				next++
			}
		}
	}
	return n
}
