package metric

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestGiniIsOfExposures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const items = 12
		lists := rapid.SliceOfN(rapid.SliceOfN(rapid.Int32Range(0, items-1), 1, 9), 1, 9).Draw(t, "lists")
		k := rapid.IntRange(1, 12).Draw(t, "k")
		v := Gini(lists, items, k)
		if !(v >= 0 && v <= 1) {
			t.Fatalf("%v", v)
		}
		if w := Gini(rapid.Permutation(lists).Draw(t, "users"), items, k); w != v {
			t.Fatalf("users in another order: %v, %v", v, w)
		}
		if w := Gini(append(slices.Clone(lists), lists...), items, k); !near(w, v) {
			t.Fatalf("everyone twice: %v, %v", v, w)
		}
		names := rapid.Permutation([]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}).Draw(t, "names")
		renamed := make([][]int32, len(lists))
		for i, list := range lists {
			for _, it := range list {
				renamed[i] = append(renamed[i], names[it])
			}
		}
		if w := Gini(renamed, items, k); w != v {
			t.Fatalf("items under other names: %v, %v", v, w)
		}
		if w := Gini(lists, items, 9); w != Gini(lists, items, 9+k) {
			t.Fatalf("k beyond the lists: %v", w)
		}
		all := []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
		if w := Gini(append(slices.Clone(lists), all), items, 12); w > Gini(lists, items, 12)+1e-12 {
			t.Fatalf("a list of every item makes it less even: %v", w)
		}
	})
}

// Novelty and popularity are means over places: the order of the first k does
// not matter, a rarer item is more novel and less popular.
func TestShownIsAMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const users = 50
		counts := rapid.SliceOfN(rapid.Int32Range(0, users), 1, 20).Draw(t, "counts")
		k := rapid.IntRange(1, 25).Draw(t, "k")
		novelty, popularity := Novelty(counts, users, k), Popularity(counts, users, k)
		if !(novelty >= 0 && novelty <= math.Log2(users+1)+1e-12) || !(popularity >= 0 && popularity <= users) {
			t.Fatalf("novelty %v, popularity %v", novelty, popularity)
		}
		shown := counts[:min(k, len(counts))]
		mixed := append(rapid.Permutation(shown).Draw(t, "order"), 3, 4, 5)
		if len(shown) == k && (!near(Novelty(mixed, users, k), novelty) || !near(Popularity(mixed, users, k), popularity)) {
			t.Fatal("the order within, or what is below, the first k counts")
		}
		if n := len(counts); Novelty(counts, users, n) != Novelty(counts, users, n+k) || Popularity(counts, users, n) != Popularity(counts, users, n+k) {
			t.Fatal("k beyond the list changes the value")
		}
		i := rapid.IntRange(0, len(shown)-1).Draw(t, "rarer")
		rarer := slices.Clone(counts)
		if rarer[i] == 0 {
			t.Skip("nobody has it")
		}
		rarer[i]--
		if Novelty(rarer, users, k) <= novelty || Popularity(rarer, users, k) >= popularity {
			t.Fatal("a rarer item is not more novel and less popular")
		}
	})
}

func TestDiversityIsOfPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.Custom(func(t *rapid.T) []int32 {
			s := rapid.SliceOfNDistinct(rapid.Int32Range(0, 7), 1, 4, rapid.ID[int32]).Draw(t, "set")
			slices.Sort(s)
			return s
		})
		items := rapid.SliceOfN(set, 2, 10).Draw(t, "items")
		n := len(items)
		v := Diversity(items, n)
		if !(v >= 0 && v <= 1) {
			t.Fatalf("%v", v)
		}
		if w := Diversity(rapid.Permutation(items).Draw(t, "order"), n); !near(v, w) {
			t.Fatalf("in another order: %v, %v", v, w)
		}
		if w := Diversity(items, n+5); w != v {
			t.Fatalf("k beyond the list: %v, %v", v, w)
		}
		unknown := slices.Insert(slices.Clone(items), rapid.IntRange(0, n).Draw(t, "place"), nil)
		if w := Diversity(unknown, n+1); w != v {
			t.Fatalf("with an item of no category: %v, %v", v, w)
		}
		stranger := append(slices.Clone(items), []int32{90})
		if w := Diversity(stranger, n+1); w < v-1e-12 {
			t.Fatalf("an item unlike all others lowers it: %v, %v", v, w)
		}
	})
}

// AUC agrees with its definition on scores, pair by pair, and turns round with
// them.
func TestAUCIsOfPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		score := rapid.IntRange(0, 6) // with ties
		relevant := rapid.SliceOfN(score, 1, 8).Draw(t, "relevant")
		others := rapid.SliceOfN(score, 1, 20).Draw(t, "others")
		judge := func(sign int) float64 {
			above, equal := make([]int32, len(relevant)), make([]int32, len(relevant))
			for i, r := range relevant {
				for _, o := range others {
					switch cmp.Compare(sign*o, sign*r) {
					case 1:
						above[i]++
					case 0:
						equal[i]++
					}
				}
			}
			return AUC(above, equal, len(others))
		}
		won := 0.0
		for _, r := range relevant {
			for _, o := range others {
				switch cmp.Compare(r, o) {
				case 1:
					won++
				case 0:
					won += 0.5
				}
			}
		}
		v := judge(1)
		if want := won / float64(len(relevant)*len(others)); !near(v, want) {
			t.Fatalf("%v, want %v", v, want)
		}
		if w := judge(-1); !near(v+w, 1) {
			t.Fatalf("turned round: %v and %v", v, w)
		}
	})
}
