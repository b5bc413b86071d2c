package main

import (
	"strconv"
	"strings"
)

func categoryNames() []string {
	return []string{
		"Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy", "History", "Mystery", "Romance", "Thriller",
		"Biography", "Horror", "Music", "Nature", "Noir", "Satire", "Science fiction", "Sport", "Spy", "Travel", "War", "Western",
	}
}

func occupationNames() []string {
	return []string{
		"baker", "carpenter", "clerk", "driver", "engineer", "farmer", "lawyer", "librarian", "musician", "nurse", "shopkeeper", "teacher",
	}
}

func adjectives() []string {
	return strings.Fields(`Amber Ashen Borrowed Brazen Broken Burning Copper Crooked Distant Drowsy Eager Empty Endless Faded Feathered
		Foreign Forgotten Frozen Gentle Gilded Golden Hidden Hollow Humble Idle Iron Ivory Lonely Lost Loud Marble Midnight Narrow Northern
		Paper Patient Quiet Restless Rusty Salt Scarlet Second Secret Silent Silver Sleepless Small Southern Stubborn Sudden Tender Thirsty
		Twelfth Unsent Velvet Wandering Wild Winter Wooden Younger`)
}

func nouns() []string {
	return strings.Fields(`Almanac Anchor Apprentice Arcade Archive Balcony Bargain Bicycle Bridge Caravan Ceremony Chimney Clock Compass
		Corridor Cousin Daughter Dialect Engine Errand Falcon Ferry Garden Glacier Guest Harbour Harvest Hotel Inheritance Island Janitor
		Juggler Kingdom Lantern Ledger Letter Lighthouse Locksmith Map Market Meadow Migration Mirror Monsoon Neighbour Notebook Orchard
		Orchestra Parade Passenger Piano Pilgrim Promise Quarry Railway Rehearsal River Rumour Sailor Season Shadow Signal Staircase Station
		Stranger Suitcase Tailor Theatre Tide Tower Umbrella Valley Verdict Village Violin Voyage Waltz Weather Widow Window`)
}

// title makes a title that was not taken before.
func title(s *stream, taken map[string]bool) string {
	pick := func(words []string) string { return words[s.below(len(words))] }
	first := pick(nouns())
	second := pick(nouns())
	for second == first {
		second = pick(nouns())
	}
	var t string
	switch s.below(4) {
	case 0:
		t = "The " + pick(adjectives()) + " " + first
	case 1:
		t = pick(adjectives()) + " " + first
	case 2:
		t = "The " + first + " and the " + second
	default:
		t = "A " + first + " for the " + second
		if strings.ContainsRune("AEIOU", rune(t[2])) {
			t = "An" + t[1:]
		}
	}
	for n := 1; taken[t]; n++ {
		base, _, _ := strings.Cut(t, ", part ")
		t = base + ", part " + strconv.Itoa(n+1)
	}
	taken[t] = true
	return t
}

// summary says an item's categories and, in a word, its quality.
func summary(categories []string, quality float64) string {
	word := "An outstanding"
	for _, w := range []struct {
		below float64
		word  string
	}{{-1.2, "A poorly made"}, {-0.4, "An uneven"}, {0.4, "A decent"}, {1.2, "A well made"}} {
		if quality < w.below {
			word = w.word
			break
		}
	}
	text := word + " work of " + strings.ToLower(categories[0])
	if rest := categories[1:]; len(rest) > 0 {
		text += ", with touches of " + strings.ToLower(strings.Join(rest, " and "))
	}
	return text + "."
}
