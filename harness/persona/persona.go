// Package persona describes who a simulated user is: the data set's own attributes,
// and habits read off the training part (METHOD 3, after SimUSER, arXiv 2504.12722).
//
// Its opinion: a persona says what is known and leaves out what is not. Nothing of it
// rests on what was held out.
package persona

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/page"
)

// Level is low, medium or high; the zero Level is unknown.
type Level uint8

// The levels.
const (
	Low Level = iota + 1
	Medium
	High
)

// String gives the word, "" for an unknown level.
func (l Level) String() string {
	return [...]string{"", "low", "medium", "high"}[min(l, High)]
}

// Traits are the Big Five, in the order of [Persona.Traits].
func Traits() []string {
	return []string{"openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"}
}

// Persona is what a prompt says of a person.
type Persona struct {
	Occupation string
	Age        string // a range of years, or what the data set says
	Traits     [5]Level
	Other      []Attribute // further attributes of the data set

	Pickiness  Level // how high a value the person asks for before giving one: high is picky
	Engagement Level // number of interactions
	Conformity Level // low where values are close to everybody's (METHOD 3)
	Variety    Level // distinct categories
	Taste      string
}

// Attribute is a named property of a user.
type Attribute struct{ Name, Value string }

// Text gives the persona as lines of a prompt. What comes from data stands in double
// quotes.
func (p Persona) Text() string {
	var lines []string
	add := func(name, value string, data bool) {
		if value == "" {
			return
		}
		if data {
			value = page.Quote(value)
		}
		lines = append(lines, name+": "+value)
	}
	add("occupation", p.Occupation, true)
	add("age", p.Age, true)
	for _, a := range p.Other {
		add(word(a.Name), a.Value, true)
	}
	for i, name := range Traits() {
		add(name, p.Traits[i].String(), false)
	}
	add("pickiness", [...]string{"", "not picky", "moderately picky", "extremely picky"}[min(p.Pickiness, High)], false)
	add("engagement", p.Engagement.String(), false)
	add("conformity", [...]string{"", "values close to everybody's", "values apart from everybody's at times", "values far from everybody's"}[min(p.Conformity, High)], false)
	add("variety", p.Variety.String(), false)
	add("taste", p.Taste, false)
	return strings.Join(lines, "\n")
}

// word makes a column's name safe for a prompt.
func word(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == ' ' {
			return r
		}
		return -1
	}, name)
}

// Attributes gives personas of mode attributes, by user: what the data set says of
// people, and nothing of their past. It needs the corpus open.
func Attributes(split *corpus.Split) []Persona {
	out := make([]Persona, split.Train().Users())
	traits := Traits()
	for _, c := range split.UserTable().Columns {
		if c.Name == "uid" || c.Lists != nil {
			continue
		}
		at := slices.Index(traits, c.Name)
		for u := range out {
			value := text(c.Data, u)
			switch {
			case value == "":
			case at >= 0 && (value == "1" || value == "2" || value == "3"):
				out[u].Traits[at] = Level(value[0] - '0')
			case c.Name == "occupation":
				out[u].Occupation = value
			case c.Name == "age":
				out[u].Age = years(value)
			default:
				out[u].Other = append(out[u].Other, Attribute{c.Name, value})
			}
		}
	}
	return out
}

// maxAttribute is the length beyond which an attribute is no property but prose.
const maxAttribute = 60

// text gives a cell as text; "" where it is missing.
func text(data any, row int) string {
	switch d := data.(type) {
	case []string:
		if len(d[row]) > maxAttribute {
			return ""
		}
		return d[row]
	case []uint8:
		return strconv.Itoa(int(d[row]))
	case []int32:
		if d[row] >= 0 {
			return strconv.Itoa(int(d[row]))
		}
	case []float32:
		if !math.IsNaN(float64(d[row])) {
			return page.Number(float64(d[row]))
		}
	case []float64:
		if !math.IsNaN(d[row]) {
			return page.Number(d[row])
		}
	}
	return ""
}

// years gives the range that an age falls into: two people of 31 and 33 are not told
// apart.
func years(value string) string {
	age, err := strconv.Atoi(value)
	if err != nil {
		return value
	}
	bounds := []int{18, 25, 35, 45, 55, 65}
	at, exact := slices.BinarySearch(bounds, age)
	if exact {
		at++
	}
	switch at {
	case 0:
		return "under 18"
	case len(bounds):
		return "65 or more"
	}
	return fmt.Sprintf("%d-%d", bounds[at-1], bounds[at]-1)
}

// Template gives personas of mode matched as a backend that is no language model has
// them: attributes, habits, and a summary of taste by template. It needs the corpus
// open.
func Template(split *corpus.Split) []Persona {
	out := Attributes(split)
	Habits(split, out)
	kinds, of := split.CategoryNames(), split.Categories()
	for u := range out {
		out[u].Taste = taste(split, int32(u), kinds, of)
	}
	return out
}

// named is how many kinds a summary of taste names.
const named = 3

// taste tells the kinds that a user had most of, and how they were valued.
func taste(split *corpus.Split, u int32, kinds []string, of [][]int32) string {
	items, values := split.Own(u)
	if len(items) == 0 || of == nil {
		return ""
	}
	count, sum, rated := make([]float64, len(kinds)), make([]float64, len(kinds)), make([]float64, len(kinds))
	for i, it := range items {
		for _, k := range of[it] {
			count[k]++
			if values != nil && !math.IsNaN(float64(values[i])) {
				sum[k] += float64(values[i])
				rated[k]++
			}
		}
	}
	order := make([]int, len(kinds))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(count[b], count[a]) })
	var parts []string
	for _, k := range order[:min(named, len(order))] {
		if count[k] == 0 {
			break
		}
		part := fmt.Sprintf("%s (%.0f watched", page.Quote(kinds[k]), count[k])
		if rated[k] > 0 {
			part += ", mean " + page.Number(sum[k]/rated[k])
		}
		parts = append(parts, part+")")
	}
	return "mostly " + strings.Join(parts, ", ")
}
