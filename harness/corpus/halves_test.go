package corpus

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

func unchanged(e event, _ bool) (event, bool) { return e, true }

// cutWorld splits 20 users, of whose interactions the later half is held out.
func cutWorld(t *testing.T, kind string, change func(e event, held bool) (event, bool)) *Split {
	t.Helper()
	return mustSplit(t, mustOpen(t, Config{}, shownWorld(change)), SplitParams{Method: "user-temporal", Test: 0.5, Seed: 3, Evidence: kind})
}

// TestHalves: the halves are disjoint and together everybody; all that is judged or fitted
// is of one, evidence of the other; and nobody's own past is lost.
func TestHalves(t *testing.T) {
	whole, disjoint, same := cutWorld(t, "", unchanged), cutWorld(t, EvidenceDisjoint, unchanged), cutWorld(t, EvidenceSameHalf, unchanged)
	judged := 0
	for u := range int32(20) {
		if disjoint.Judged(u) == disjoint.Attests(u) || same.Judged(u) != same.Attests(u) || same.Judged(u) != disjoint.Judged(u) || !whole.Judged(u) || !whole.Attests(u) {
			t.Fatalf("user %d is in both halves, or in neither", u)
		}
		mine, other := disjoint.Train().Of(u), disjoint.Evidence().Of(u)
		if !disjoint.Judged(u) {
			mine, other = other, mine
			if len(disjoint.Test().Of(u)) > 0 || len(disjoint.HeldOutSessions().Of(u)) > 0 {
				t.Errorf("user %d is not judged and has a test", u)
			}
		} else {
			judged++
			if !slices.Equal(disjoint.Test().Of(u), whole.Test().Of(u)) || len(disjoint.HeldOutSessions().Of(u)) == 0 || len(disjoint.Sessions().Of(u)) > 0 {
				t.Errorf("user %d: another test, or sessions in evidence", u)
			}
		}
		own, values := disjoint.Own(u)
		if !slices.Equal(mine, whole.Train().Of(u)) || len(other) > 0 || !slices.Equal(own, mine) || !slices.Equal(values, whole.Train().ValuesOf(u)) || fmt.Sprint(disjoint.Past(u)) != fmt.Sprint(whole.Sessions().Of(u)) {
			t.Errorf("user %d: %v and %v, own %v", u, mine, other, own)
		}
	}
	for it := range int32(31) {
		if n := disjoint.Train().Count(it) + disjoint.Evidence().Count(it); n != whole.Train().Count(it) || same.Train().Count(it) != disjoint.Train().Count(it) || same.Evidence() != same.Train() {
			t.Errorf("item %d: %d of %d interactions", it, n, whole.Train().Count(it))
		}
	}
	if st := disjoint.Stats(); judged != 10 || st.UsersJudged != 10 || st.UsersEvidence != 10 || st.TrainRows+st.EvidenceRows != whole.Stats().TrainRows || st.Evidence != EvidenceDisjoint {
		t.Errorf("%d judged, %+v", judged, st)
	}
	for _, seg := range disjoint.Segments() {
		for u, group := range seg.Of {
			if seg.Name == "start" && (group >= 0) != disjoint.Judged(int32(u)) {
				t.Errorf("user %d is in group %d of %s", u, group, seg.Name)
			}
		}
	}
	odd := cut(EvidenceDisjoint, 7, 1)
	n := 0
	for _, first := range odd.first {
		if first {
			n++
		}
	}
	if n != 4 || slices.Equal(cut(EvidenceDisjoint, 20, 1).first, cut(EvidenceDisjoint, 20, 2).first) {
		t.Errorf("%d of 7 are judged, or the seed decides nothing", n)
	}
}

// TestSharedIsAsItWas: splits and training folders of suites that say nothing of evidence
// are those of before it could be said.
func TestSharedIsAsItWas(t *testing.T) {
	digests := map[string]bool{}
	for _, kind := range []string{"", EvidenceShared, EvidenceDisjoint, EvidenceSameHalf} {
		s := mustSplit(t, mustOpen(t, Config{}, browsed()), SplitParams{Method: "user-temporal", Test: 0.5, Seed: 3, Evidence: kind})
		digests[s.Digest()] = true
		if s.halves.first != nil {
			continue
		}
		ref, err := s.TrainingFolder(nil)
		if err != nil || s.Digest() != "4729a7347db0c3735252d925724f48016ab0a92b292358ff4682e71fcf72d3b2" || ref.ManifestSHA256 != "6c5db827dc9392bc087b1ec4d66d5a59a647917fc19c9903e55934c570ead196" {
			t.Errorf("%q: split %s, folder %s, %v", kind, s.Digest(), ref.ManifestSHA256, err)
		}
	}
	if len(digests) != 3 {
		t.Errorf("%d digests, want one of shared and one of each other kind", len(digests))
	}
}

// folderRows gives what a recommender is told, table by table.
func folderRows(t *testing.T, s *Split) map[string]columns.Interactions {
	t.Helper()
	ref, err := s.TrainingFolder([]string{sdk.TableValid})
	if err != nil {
		t.Fatal(err)
	}
	f, err := columns.Open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]columns.Interactions{}
	for _, name := range []string{sdk.TableInteractions, sdk.TableValid} {
		x, err := f.Interactions(name)
		if err != nil {
			t.Fatal(err)
		}
		x.User, x.Item, x.Value, x.Time = slices.Clone(x.User), slices.Clone(x.Item), slices.Clone(x.Value), slices.Clone(x.Time)
		out[name] = x
	}
	return out
}

// general prints what agents may know of items and people in general.
func general(s *Split) string {
	out := fmt.Sprint(s.Evidence().Rows(), s.Sessions().Len(), s.Sessions().LeaveRates())
	for it := range int32(31) {
		sum, n := s.Evidence().Values(it)
		out += fmt.Sprintf("item %d: %d had, %v of %d, shown %d, watched %d\n", it, s.Evidence().Count(it), sum, n, s.Sessions().ShownCount(it), s.Sessions().WatchedCount(it))
	}
	return out
}

// TestHalvesLeaveNoTrace: whatever the judged half does, evidence stays as it is; whatever
// the other half does, so does what recommenders are fitted on.
func TestHalvesLeaveNoTrace(t *testing.T) {
	plain := cutWorld(t, EvidenceDisjoint, unchanged)
	who := map[string]func(u int32) bool{"judged": plain.Judged, "evidence": plain.Attests}
	for name, change := range map[string]func(e event) (event, bool){
		"values": func(e event) (event, bool) { e.value = 6 - e.value; return e, true },
		"fewer":  func(e event) (event, bool) { return e, e.item%3 > 0 },
		"items": func(e event) (event, bool) {
			if e.item == 3 {
				e.item = 30
			}
			return e, true
		},
	} {
		for half, in := range who {
			s := cutWorld(t, EvidenceDisjoint, func(e event, _ bool) (event, bool) {
				if in(e.user) {
					return change(e)
				}
				return e, true
			})
			if changed := general(s) != general(plain); changed != (half == "evidence") {
				t.Errorf("%s of the half %s: evidence changed: %v", name, half, changed)
			}
			if changed := !cmp.Equal(folderRows(t, s), folderRows(t, plain)); changed != (half == "judged") {
				t.Errorf("%s of the half %s: the training folder changed: %v", name, half, changed)
			}
		}
	}
	valid := mustSplit(t, mustOpen(t, Config{}, shownWorld(unchanged)), SplitParams{Method: "user-temporal", Test: 0.3, Valid: 0.3, Seed: 3, Evidence: EvidenceDisjoint})
	for u := range int32(20) {
		if n := len(valid.Valid().Of(u)); (n > 0) != valid.Judged(u) {
			t.Errorf("user %d validates by %d items", u, n)
		}
	}
	for name, x := range folderRows(t, valid) {
		if x.Rows() == 0 || slices.ContainsFunc(x.User, valid.Attests) {
			t.Errorf("table %s has rows of the other half, or none", name)
		}
	}
}

// TestHalvesRefused: halves of which nothing can be learned or judged are refused, and so
// are kinds that nobody knows.
func TestHalvesRefused(t *testing.T) {
	two := func(train, test []int32) *fake { // of two users, some have training, some a test
		var events []event
		var parts []uint8
		for part, users := range [][]int32{train, test} {
			for _, u := range users {
				events, parts = append(events, event{u, int32(part), 3, int64(part)}), append(parts, uint8(2*part))
			}
		}
		f := newFake(2, 2, events)
		f.set(sdk.TableInteractions, "part", parts)
		return f
	}
	p := SplitParams{Method: given, Seed: 1, Evidence: EvidenceDisjoint}
	first, second := int32(0), int32(1) // judged, and the other
	if !cut(p.Evidence, 2, p.Seed).first[0] {
		first, second = second, first
	}
	both := []int32{first, second}
	for want, f := range map[string]*fake{
		"no training interaction is in the half that recommenders are fitted on":     two([]int32{second}, both),
		"no training interaction is in the half that agents' evidence rests on":      two([]int32{first}, both),
		"no test interaction is in the half that is judged":                          two(both, []int32{second}),
		"disjoint: no training interaction is in the half that agents' evidence res": withParts(0, 2),
		"no training session is in the half that agents' evidence rests on": two(both, both).show(
			shownCard{first, 0, 0, 0, 0, 1, 3, 0, 0}),
	} {
		_, err := mustOpen(t, Config{}, f).Split(p)
		var wrong *sdk.Error
		if !errors.As(err, &wrong) || wrong.Option != "split.evidence" || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `set split.evidence = "shared"`) {
			t.Errorf("%v, want %s", err, want)
		}
		shared := p
		shared.Evidence = EvidenceShared
		if _, err := mustOpen(t, Config{}, f).Split(shared); err != nil {
			t.Errorf("%s: shared evidence: %v", want, err)
		}
	}
	if _, err := mustOpen(t, Config{}, two(both, both)).Split(p); err != nil {
		t.Error(err)
	}
	p.Evidence = "disjont"
	if _, err := mustOpen(t, Config{}, small()).Split(p); err == nil || !strings.Contains(err.Error(), `unknown kind of evidence "disjont" (known: shared, disjoint, same-half)`) {
		t.Errorf("%v", err)
	}
}
