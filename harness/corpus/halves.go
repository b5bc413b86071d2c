package corpus

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// Kinds of evidence: on whose training interactions rests what agents know of items and
// people in general (METHOD 6). Agents overrate a recommender that is fitted on the very
// counts that they see; how much, disjoint evidence tells. In the kinds other than shared,
// users are cut into two seeded halves. One half is judged, and recommenders are fitted
// on its interactions alone.
const (
	EvidenceShared   = "shared"    // on everybody's, as recommenders are fitted on everybody's
	EvidenceDisjoint = "disjoint"  // on those of the other half
	EvidenceSameHalf = "same-half" // on those of the judged half: shared evidence, as much of it as disjoint has
)

// EvidenceKinds lists them.
func EvidenceKinds() []string {
	return []string{EvidenceShared, EvidenceDisjoint, EvidenceSameHalf}
}

func checkEvidence(kind string) error {
	if kind != "" && !slices.Contains(EvidenceKinds(), kind) {
		return sdk.Invalidf("split.evidence", "unknown kind of evidence %q (known: %s)", kind, quote(EvidenceKinds()))
	}
	return nil
}

// halves says who is judged, and on whom evidence rests.
type halves struct {
	kind  string
	first []bool // by user: in the half that is judged; nil: users are not cut
}

// halfStream keeps halves apart from other uses of a split's seed.
const halfStream = 0x68616c66 // "half"

// cut halves users by hash of their number. Of an odd number one more is judged.
func cut(kind string, users int, seed uint64) halves {
	h := halves{kind: kind}
	if kind == "" || kind == EvidenceShared {
		return h
	}
	order := make([]int32, users)
	for u := range order {
		order[u] = int32(u)
	}
	hash := func(u int32) uint64 { return sdk.Mix(seed, halfStream, uint64(uint32(u))) }
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b)) })
	h.first = make([]bool, users)
	for _, u := range order[:(users+1)/2] {
		h.first[u] = true
	}
	return h
}

// digest adds what is cut to the digest of a split; nothing where nothing is.
func (h halves) digest(to io.Writer) {
	if h.first == nil {
		return
	}
	fmt.Fprintf(to, "halves/1 %s\n", h.kind)
	raw := make([]byte, len(h.first))
	for u, first := range h.first {
		if first {
			raw[u] = 1
		}
	}
	_, _ = to.Write(raw) // a hash, which cannot fail
}

// Judged reports whether a user is of those whom tasks ask about and recommenders are
// fitted on: everybody, unless users are cut into halves.
func (s *Split) Judged(user int32) bool { return s.halves.first == nil || s.halves.first[user] }

// Attests reports whether agents' evidence rests on a user.
func (s *Split) Attests(user int32) bool {
	return s.halves.first == nil || s.halves.first[user] == (s.halves.kind == EvidenceSameHalf)
}

// Evidence is the part that agents' knowledge of items and people in general is computed
// from, and what they are taught by: [Split.Train], or with disjoint evidence the training
// interactions of the other half. Who is judged has none there, so that nothing of a
// user's own is to be left out of its counts.
func (s *Split) Evidence() *Training { return s.evidence }

// Own gives a user's own training items, of whichever half, ascending, and their values;
// nil for implicit data. The caller must not change them.
func (s *Split) Own(user int32) ([]int32, []float32) {
	part := s.train
	if !s.Judged(user) {
		part = s.evidence
	}
	return part.Of(user), part.ValuesOf(user)
}

// checkHalves refuses halves of which nothing can be learned or judged.
func (s *Split) checkHalves() error {
	if s.halves.first == nil {
		return nil
	}
	const remedy = `too few users for halves: set split.evidence = "shared", or another split.seed`
	switch {
	case s.train.Rows() == 0:
		return sdk.Invalidf("split.evidence", "%s: no training interaction is in the half that recommenders are fitted on: %s", s.halves.kind, remedy)
	case s.evidence.Rows() == 0:
		return sdk.Invalidf("split.evidence", "%s: no training interaction is in the half that agents' evidence rests on: %s", s.halves.kind, remedy)
	case s.test.Rows() == 0 && slices.Contains(s.parts, partTest):
		return sdk.Invalidf("split.evidence", "%s: no test interaction is in the half that is judged: %s", s.halves.kind, remedy)
	case s.sessions != nil && s.sessions.Len() == 0 && s.past.Len() > 0:
		return sdk.Invalidf("split.evidence", "%s: no training session is in the half that agents' evidence rests on: %s", s.halves.kind, remedy)
	}
	return nil
}
