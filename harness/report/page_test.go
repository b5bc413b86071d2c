package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// costly is a board with timings, whose texts pass through rename.
func costly(rename func(string) string) *Board {
	s := nasty()
	for _, text := range []*string{
		&s.board.Suite, &s.board.Title, &s.board.Run, &s.board.Signature, &s.board.Command, &s.board.Data.Name, &s.board.Data.Version,
		&s.board.Data.License, &s.board.Data.Citation, &s.board.Data.Digest, &s.board.Notes[0], &s.board.Facts[0].Name, &s.board.Facts[0].Value,
		&s.tasks[0].Facts[0].Name, &s.tasks[0].Facts[0].Value,
	} {
		*text = rename(*text)
	}
	s.tasks[0].Name, s.tasks[0].Invalid, s.tasks[0].Primary = rename("offline"), rename("no reason"), rename("ndcg")+"@10"
	for i := range s.arms {
		s.arms[i].Name, s.arms[i].Component, s.arms[i].Version = rename(s.arms[i].Name), rename(s.arms[i].Component), rename("v1")
	}
	for i := range s.values {
		v := &s.values[i]
		metric, k, _ := strings.Cut(v.Metric, "@")
		v.Task, v.Recommender, v.Agent, v.Metric = rename(v.Task), rename(v.Recommender), rename("agent"), rename(metric)+"@"+k
		for j := range v.Warnings {
			v.Warnings[j] = rename(v.Warnings[j])
		}
		if v.Value == 0.31 {
			s.board.Timings = append(s.board.Timings, Timing{Task: v.Task, Recommender: v.Recommender, Agent: v.Agent, FitMS: 1500, RecommendMS: 20, UsersPerSecond: 12345, CPUMS: 1400, RSSMB: 40})
		}
	}
	for i := range s.failures {
		f := &s.failures[i]
		f.Task, f.Recommender, f.Agent, f.Reason = rename(f.Task), rename(f.Recommender), rename("agent"), rename(f.Reason)
	}
	s.describe = func(id string) (Column, bool) {
		return Column{Version: 1, Direction: "higher", Doc: rename("doc")}, true
	}
	return build(s)
}

func htmlOf(t *testing.T, write func(io.Writer, *Board) error, b *Board) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// tags lists the elements of a page in order, with the names of their attributes.
func tags(t *testing.T, page string) []string {
	t.Helper()
	var out []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			return out
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken, html.CommentToken:
			token := z.Token()
			text := fmt.Sprint(token.Type, " ", token.Data)
			for _, a := range token.Attr {
				text += " " + a.Key
			}
			out = append(out, text)
		}
	}
}

// injections try to end whatever a name can stand in: text, title, style,
// script, attributes in either quotes, a comment, a template.
var injections = []string{
	`<script>alert(1)</script>`, `</title></style></script><img src=x onerror=alert(1)>`, `" onmouseover="alert(1)" x="`,
	`' autofocus onfocus='alert(1)`, `--><svg/onload=alert(1)><!--`, `javascript:alert(1)`, `&lt;script&gt;`, `{{.Script}}`, "`${alert(1)}`", `#"><base href=//x>`,
}

// TestPageIsInert: whatever the names hold, the page has the elements and the
// attributes that it has for harmless names, and shows the names as they are.
func TestPageIsInert(t *testing.T) {
	for _, evil := range injections {
		// Hashes keep names different; equal lengths keep them where they fit a plot.
		with := func(end string) string {
			rename := func(s string) string {
				sum := sha256.Sum256([]byte(s))
				return fmt.Sprintf("%x", sum[:3]) + end
			}
			return htmlOf(t, HTMLWithCost, costly(rename))
		}
		page := with(evil)
		if diff := cmp.Diff(tags(t, with(strings.Repeat("z", len(evil)))), tags(t, page)); diff != "" {
			t.Errorf("%s changes the page (-want +got):\n%s", evil, diff)
		}
		node, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		if title := textOf(find(node, "title")[0]); !strings.HasSuffix(title, evil) {
			t.Errorf("the title is %q, and should end in %q", title, evil)
		}
		if names := find(node, "th"); !slices.ContainsFunc(names, func(n *html.Node) bool { return strings.Contains(textOf(n), evil) }) {
			t.Errorf("no head of a row says %q", evil)
		}
	}
}

func find(n *html.Node, name string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			out = append(out, d)
		}
	}
	return out
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// TestPageStandsAlone: no attribute leads out of the page, no style loads
// anything, and the policy allows the page's own script and style and no other.
func TestPageStandsAlone(t *testing.T) {
	page := htmlOf(t, HTMLWithCost, costly(func(s string) string { return s + " https://example.org/x.js //y url(z)" }))
	node, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids, links := map[string]int{}, []string{}
	for d := range node.Descendants() {
		if slices.Contains([]string{"link", "img", "iframe", "object", "embed", "base", "form", "use", "image", "audio", "video", "foreignobject"}, d.Data) && d.Type == html.ElementNode {
			t.Errorf("the page has an element %s", d.Data)
		}
		for _, a := range d.Attr {
			switch {
			case a.Key == "id":
				ids[a.Val]++
			case a.Key == "href":
				links = append(links, a.Val)
			case slices.Contains([]string{"src", "srcset", "action", "style", "background", "data", "poster", "ping"}, a.Key) || strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s has an attribute %s=%q", d.Data, a.Key, a.Val)
			case a.Key == "aria-labelledby":
				links = append(links, "#"+a.Val)
			}
		}
	}
	for _, link := range links {
		if strings.HasPrefix(link, SessionsFile+"#") {
			continue // beside the page with costs, in a run folder
		}
		if id, ok := strings.CutPrefix(link, "#"); !ok || ids[id] != 1 {
			t.Errorf("link %q: %d such places in the page", link, ids[id])
		}
	}
	style, script := textOf(find(node, "style")[0]), textOf(find(node, "script")[0])
	if bad := regexp.MustCompile(`(?i)url\(|@import|image-set|https?:`).FindString(style); bad != "" {
		t.Errorf("the style holds %s", bad)
	}
	if bad := regexp.MustCompile(`(?i)fetch|import|https?:|XMLHttp|eval|innerHTML|\.src`).FindString(script); bad != "" {
		t.Errorf("the script holds %s", bad)
	}
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) + "; base-uri 'none'; form-action 'none'"
	for _, meta := range find(node, "meta") {
		if meta.Attr[0].Val == "Content-Security-Policy" {
			if got := meta.Attr[1].Val; got != want {
				t.Errorf("policy\n got %s\nwant %s", got, want)
			}
			want = ""
		}
	}
	if want != "" {
		t.Error("the page has no content policy")
	}
}

// Every table says what its heads are heads of, and every row is as wide.
func TestPageTables(t *testing.T) {
	node, err := html.Parse(strings.NewReader(htmlOf(t, HTMLWithCost, costly(func(s string) string { return s }))))
	if err != nil {
		t.Fatal(err)
	}
	for i, table := range find(node, "table") {
		widths := map[int]bool{}
		for _, tr := range find(table, "tr") {
			width := 0
			for c := range tr.ChildNodes() {
				if c.Type != html.ElementNode {
					continue
				}
				n, scope := 1, ""
				for _, a := range c.Attr {
					switch a.Key {
					case "colspan":
						fmt.Sscan(a.Val, &n)
					case "scope":
						scope = a.Val
					}
				}
				if c.Data == "th" && scope == "" {
					t.Errorf("table %d: a head without a scope: %s", i, textOf(c))
				}
				width += n
			}
			widths[width] = true
		}
		if len(widths) != 1 || len(find(table, "caption")) != 1 {
			t.Errorf("table %d: rows of %v cells, %d captions", i, widths, len(find(table, "caption")))
		}
	}
}

// The page that is promised to be the same holds no cost; the other says that
// it does.
func TestCostIsApart(t *testing.T) {
	b := costly(func(s string) string { return s })
	with, without := htmlOf(t, HTMLWithCost, b), htmlOf(t, HTML, b)
	if !strings.Contains(with, costSentence[:40]) || !strings.Contains(with, "12,345") {
		t.Error("the page with costs holds none")
	}
	b.Timings[0].FitMS *= 2
	if again := htmlOf(t, HTML, b); again != without {
		t.Error("a timing changes the page without costs")
	}
}

func TestBarsKeepTheirScale(t *testing.T) {
	s := &barScale{-1, 4} // 178 wide: 35.6 for 1, zero at 36.6
	v, a, z := 3.0, 2.0, 3.5
	if diff := cmp.Diff(&pageBar{X: "36.6", Width: "106.8", Zero: "36.6", Lo: "107.8", Hi: "161.2"}, s.bar(Cell{Value: &v, Lo: &a, Hi: &z})); diff != "" {
		t.Error(diff)
	}
	v = -0.5
	if diff := cmp.Diff(&pageBar{X: "18.8", Width: "17.8", Zero: "36.6"}, s.bar(Cell{Value: &v})); diff != "" {
		t.Error(diff)
	}
	v = 9
	if got := s.bar(Cell{Value: &v}); !got.Cut || got.Width != "142.4" {
		t.Errorf("a bar beyond the scale: %+v", got)
	}
	b := build(nasty())
	if s := newBarScale(b.Tables[0], 0); s.hi != 0.32 {
		t.Errorf("the scale ends at %v, want 0.32, the largest bound of a ranked row", s.hi)
	}
}

func TestTicks(t *testing.T) {
	got, decimals := linearTicks(0, 0.358, 3)
	if diff := cmp.Diff([]float64{0, 0.1, 0.2, 0.30000000000000004}, got); diff != "" || decimals != 1 {
		t.Error(diff, decimals)
	}
	if got, _ := linearTicks(-3, 7, 4); !cmp.Equal(got, []float64{-2, 0, 2, 4, 6}) {
		t.Error(got)
	}
	if got, _ := linearTicks(1, 1, 3); got != nil {
		t.Error(got)
	}
	if got := logTicks(0.03, 1.1); !cmp.Equal(got, []float64{0.05, 0.1, 0.2, 0.5, 1}) {
		t.Error(got)
	}
	if got := logTicks(0.5, 2000); !cmp.Equal(got, []float64{1, 10, 100, 1000}) {
		t.Error(got)
	}
	for v, want := range map[float64]string{0.05: "0.05", 0.30000000000000004: "0.3", 2000: "2000", 20000: "20k", 3e6: "3M"} {
		if got := plainAmount(v); got != want {
			t.Errorf("plainAmount(%v) = %s, want %s", v, got, want)
		}
	}
}

// A row is on the front when none is better in both; of equal costs the better.
func TestFront(t *testing.T) {
	s := scatter{Dots: []dot{
		{Name: "slow-good", cost: 9, quality: 3},
		{Name: "fast-bad", cost: 1, quality: 1},
		{Name: "slow-bad", cost: 9, quality: 2},
		{Name: "dominated", cost: 5, quality: 1},
	}}
	on := func(higher, lower bool) []string {
		var out []string
		for i := range s.Dots {
			s.Dots[i].On = false
		}
		s.Front = ""
		s.drawFront(higher, lower)
		for _, d := range s.Dots {
			if d.On {
				out = append(out, d.Name)
			}
		}
		return out
	}
	if got := on(true, true); !cmp.Equal(got, []string{"slow-good", "fast-bad"}) {
		t.Error(got)
	}
	if got := on(true, false); !cmp.Equal(got, []string{"slow-good"}) {
		t.Error(got)
	}
	if got := on(false, true); !cmp.Equal(got, []string{"fast-bad"}) {
		t.Error(got)
	}
}

// Names cover neither dots nor each other; the front's names come first.
func TestNamesFindRoom(t *testing.T) {
	s := scatter{}
	for i := range 60 {
		s.Dots = append(s.Dots, dot{Name: "recommender", cost: 1 + float64(i%10), quality: float64(i)})
	}
	s.lay("higher", true)
	var boxes []box
	for _, d := range s.Dots {
		if d.Anchor == "" {
			continue
		}
		x0, width := mustParse(d.TextX), 6.4*float64(len(d.Name))
		switch d.Anchor {
		case "end":
			x0 -= width
		case "middle":
			x0 -= width / 2
		}
		b := box{x0 + 0.1, mustParse(d.TextY) - 9.8, x0 + width - 0.1, mustParse(d.TextY) + 1.8}
		if slices.ContainsFunc(boxes, b.meets) {
			t.Errorf("a name at %s, %s covers another", d.TextX, d.TextY)
		}
		for _, o := range s.Dots {
			if b.meets(box{o.x - 5, o.y - 5, o.x + 5, o.y + 5}) {
				t.Errorf("a name at %s, %s covers a dot", d.TextX, d.TextY)
			}
		}
		boxes = append(boxes, b)
	}
	if len(boxes) == 0 || len(boxes) == len(s.Dots) {
		t.Errorf("%d of %d names stand: the case tests nothing", len(boxes), len(s.Dots))
	}
}
