package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// crowd is a diagram of many arms at almost the same rank, whose names are hostile and long.
func crowd(arms int) Diagram {
	d := Diagram{Title: `offline: <ndcg@10>`, CD: 0.7, Blocks: 6040, Friedman: 0.00001}
	for i := range arms {
		name := fmt.Sprintf("arm-%d", i)
		if i == 1 {
			name = `<script>"&'` + strings.Repeat("x", 60)
		}
		d.Arms = append(d.Arms, DiagramArm{name, 1 + float64(i)*0.3})
	}
	return d
}

// texts gives every text element with its place; the picture must be XML.
func texts(t *testing.T, svg []byte) (labels []string, places map[string]int) {
	t.Helper()
	places = map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(svg))
	depth, x, y := 0, "", ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return labels, places
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "script" {
				t.Error("a name became an element")
			}
			if e.Name.Local == "text" {
				depth = 1
				for _, a := range e.Attr {
					switch a.Name.Local {
					case "x":
						x = a.Value
					case "y":
						y = a.Value
					}
				}
				places[x+","+y]++
			} else if depth > 0 {
				depth++
			}
		case xml.EndElement:
			if depth > 0 {
				depth--
			}
		case xml.CharData:
			if depth == 1 {
				labels = append(labels, string(e))
			}
		}
	}
}

// However close the ranks, no two texts share a line on one side, and every arm is there.
func TestDiagramLabelsDoNotMeet(t *testing.T) {
	for _, arms := range []int{2, 3, 10, 20} {
		var out bytes.Buffer
		if err := crowd(arms).SVG(&out); err != nil {
			t.Fatal(err)
		}
		labels, places := texts(t, out.Bytes())
		for place, n := range places {
			if n > 1 {
				t.Errorf("%d arms: %d texts at %s", arms, n, place)
			}
		}
		all := strings.Join(labels, "\n")
		for i := range arms {
			if i != 1 && !strings.Contains(all, fmt.Sprintf("arm-%d ", i)) {
				t.Errorf("%d arms: no label of arm-%d", arms, i)
			}
		}
	}
}

// Ranks 1, 1.3, 1.6, ... with a critical difference of 0.7: arms up to two apart are joined.
func TestDiagramBars(t *testing.T) {
	if diff := cmp.Diff([][2]int{{0, 2}, {1, 3}, {2, 4}}, crowd(5).bars()); diff != "" {
		t.Error(diff)
	}
	wide := crowd(3)
	wide.CD = 9
	if diff := cmp.Diff([][2]int{{0, 2}}, wide.bars()); diff != "" {
		t.Error(diff)
	}
	apart := crowd(3)
	apart.CD = 0.1
	if len(apart.bars()) != 0 {
		t.Error("rows that differ are joined")
	}
}

func TestGroupNames(t *testing.T) {
	for group, want := range map[int]string{1: "a", 26: "z", 27: "aa", 52: "az", 53: "ba"} {
		if got := groupName(group); got != want {
			t.Errorf("group %d: %s, want %s", group, got, want)
		}
	}
}

// What a run says of its ranks decides ties, not whether intervals meet.
func TestPlaces(t *testing.T) {
	tab := build(placed()).Tables[0]
	got := map[string]string{}
	for _, r := range tab.Rows {
		got[r.Recommender] = r.rankText() + " " + r.Place.groupText() + " " + r.Place.ranksText()
	}
	want := map[string]string{"e_a_s_e": "1 a 1", "pop|ular": "2 b 2–3", "x<&>%": "~3 b 2–3", "oracle": "–  ", "gone": "–  ", `q"uo,te`: "–  "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(tab.Diagrams) != 1 || len(tab.Diagrams[0].Arms) != 3 {
		t.Errorf("diagrams: %+v", tab.Diagrams)
	}
	if !strings.Contains(tab.Reading, "power 0.8 (median over rows): 0.0123") {
		t.Errorf("reading: %s", tab.Reading)
	}
}
