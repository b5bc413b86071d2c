package trace

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func written(t interface{ Fatal(args ...any) }, h Header, sessions []Session) []byte {
	var b bytes.Buffer
	if err := Write(&b, h, sessions); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func header() Header {
	return Header{
		PageSize: 2, PageLimit: 5, LikeAt: 4, Users: 7, Items: 9, Exit: "answered", Notes: []string{"a caveat"}, Runs: 2, Categories: []string{"a <b> & c", "d"},
		Shown: []ItemFacts{{Item: 5, Title: "line\nbreak", Count: 7, Categories: []int32{0, 1}}, {Item: 8}},
	}
}

// everything is a session with all of its fields.
func everything() Session {
	s := backAndForth()
	s.Name, s.Exposure, s.Persona, s.Usage = "ann", 2, "likes: films\n", Usage{9, 90, 30}
	s.Closing = &Interview{Satisfaction: 7, Reason: "fine", Usage: Usage{1, 10, 5}}
	stranger := int32(4)
	s.Placebo, s.Matching = &stranger, &Matching{Score: -0.5, Invalid: 2}
	d := &s.Pages[0].Decision
	d.Leave, d.Feeling, d.Reason = value(0.25), &Feeling{4, 2}, "one \u2028 line"
	d.Cards[0].P, d.Cards[0].Expected, d.Cards[0].Reason = value(1), value(4.75), "<liked>"
	s.Pages[1].Decision.Invalid, s.Pages[1].Decision.Usage, s.Pages[1].Decision.Clicked = "too long", Usage{3, 30, 10}, 1
	return s
}

// TestRoundTrip: what is written is read, and written again to the same bytes.
func TestRoundTrip(t *testing.T) {
	in, sessions := header(), []Session{everything(), {User: 1, End: EndEmpty}}
	file := written(t, in, sessions)
	if n := bytes.Count(file, []byte("\n")); n != 3 {
		t.Errorf("%d lines of a header and two sessions", n)
	}
	h, got, err := Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	in.Schema = Schema
	if diff := cmp.Diff(in, h) + cmp.Diff(sessions, got); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(written(t, h, got), file) {
		t.Error("written again, the bytes differ")
	}
}

// TestRoundTripOfNumbers: results from elsewhere have no sessions.
func TestRoundTripOfNumbers(t *testing.T) {
	in := Header{Schema: Schema, Given: []Measured{{Metric: "sim.n-like", Value: 2.5, N: 40, Lo: value(0)}}}
	h, sessions, err := Read(bytes.NewReader(written(t, in, nil)))
	if err != nil || len(sessions) != 0 {
		t.Fatalf("%v, %d sessions", err, len(sessions))
	}
	if diff := cmp.Diff(in, h); diff != "" {
		t.Error(diff)
	}
}

func TestRoundTripProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sessions []Session
		for range rapid.IntRange(0, 3).Draw(t, "sessions") {
			sessions = append(sessions, draw(t, 12))
		}
		file := written(t, Header{Items: 12}, sessions)
		h, got, err := Read(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(written(t, h, got), file) {
			t.Fatal("written again, the bytes differ")
		}
	})
}

func TestWriteRefusesNaN(t *testing.T) {
	s := backAndForth()
	s.Pages[0].Decision.Cards[0].Value = value(math.NaN())
	if err := Write(&bytes.Buffer{}, header(), []Session{s}); err == nil {
		t.Error("a value that is no number was written")
	}
}

// TestRefusals: the error names the line and what is wrong with it.
func TestRefusals(t *testing.T) {
	const ok = `{"schema":1,"page_size":2,"page_limit":5,"users":7,"items":9}` + "\n"
	page := func(fields string) string {
		return ok + `{"user":0,"exposure":0,"end":"exit","usage":{},"pages":[{"page":0,"items":[3],"decision":{"cards":[{}],"action":"NEXT_PAGE","usage":{}}},` + fields + `]}`
	}
	decided := `"decision":{"cards":[{}],"action":"EXIT","usage":{}}`
	for file, want := range map[string]string{
		"":                                  "line 1: no header",
		"{":                                 "line 1: ",
		`{"schema":2}`:                      "line 1: schema 2: this program reads 1",
		`{"schema":1,"users":-1}`:           "line 1: header: page size 0, page limit 0, -1 users",
		`{"schema":1,"shown":[{"item":0}]}`: "line 1: header: item 0 of 0",
		`{"schema":1,"users":2,"items":3,"shown":[{"item":1,"count":3}]}`:                  "line 1: header: item 1: 3 training users of 2",
		`{"schema":1,"items":3,"shown":[{"item":1,"categories":[1,1]}]}`:                   "line 1: header: item 1: category 1: want them ascending",
		ok + `{"user":0,"end":"exit"`:                                                      "line 2: unexpected EOF",
		ok + `{"user":0,"end":"exit"} {"user":1}`:                                          "line 2: more than one session",
		ok + `{"user":0,"end":"exit"}` + "\n" + `{"user":0,"end":"exit","age":3}`:          `line 3: json: unknown field "age"`,
		ok + `{"user":-1,"end":"exit"}`:                                                    "line 2: user -1, exposure 0",
		ok + `{"user":0,"exposure":-2,"end":"exit"}`:                                       "line 2: user 0, exposure -2",
		ok + `{"user":0,"end":"bored"}`:                                                    `line 2: end "bored": want exit, limit, empty or invalid`,
		ok + `{"user":0,"end":"exit","interview":{"satisfaction":11,"usage":{}}}`:          "line 2: interview: satisfaction 11",
		ok + `{"user":0,"end":"exit","matching":{"invalid":-1}}`:                           "line 2: matching: -1 invalid",
		ok + `{"user":0,"end":"exit","matching":{"score":2,"template":"no answers"}}`:      `line 2: matching: 0 invalid, score 2, template "no answers"`,
		ok + `{"user":0,"end":"exit","interview":{"usage":{}}}`:                            "line 2: interview: satisfaction 0",
		page(`{"page":2,"items":[4],` + decided + `}`):                                     "line 2: page 1: list page 2 after 1 pages",
		page(`{"page":-1,"items":[4],` + decided + `}`):                                    "line 2: page 1: list page -1 after 1 pages",
		page(`{"view":"map","page":0,"items":[3],` + decided + `}`):                        `line 2: page 1: view "map": want list or detail`,
		page(`{"view":"detail","page":0,"items":[4],` + decided + `}`):                     "line 2: page 1: details of items [4] on list page 0 of 1",
		page(`{"view":"detail","page":1,"items":[3],` + decided + `}`):                     "line 2: page 1: details of items [3] on list page 1 of 1",
		page(`{"page":1,"items":[4,5],` + decided + `}`):                                   "line 2: page 1: 1 decisions on 2 cards",
		page(`{"page":1,"items":[9],` + decided + `}`):                                     "line 2: page 1: item 9 of 9",
		page(`{"page":1,"items":[-1],` + decided + `}`):                                    "line 2: page 1: item -1 of 9",
		page(`{"page":1,"items":[4],"decision":{"cards":[{"p":1.5}]}}`):                    "line 2: page 1, card 0: probability 1.5",
		page(`{"page":1,"items":[4],"decision":{"cards":[{"value":3}]}}`):                  "line 2: page 1, card 0: value 3, watched false",
		page(`{"page":1,"items":[4],"decision":{"cards":[{"watch":true,"value":1e999}]}}`): "line 2: json: ",
	} {
		_, sessions, err := Read(strings.NewReader(file))
		if err == nil || !strings.HasPrefix(err.Error(), want) || sessions != nil {
			t.Errorf("%s\n%d sessions, error %v, want %s", file, len(sessions), err, want)
		}
	}
	if _, s, err := Read(strings.NewReader(page(`{"page":1,"items":[4],` + decided + `}`))); err != nil || len(s) != 1 {
		t.Errorf("a session that is right: %v", err) // else the refusals above prove little
	}
}

// FuzzRead: no file stops the program, and what is read can be walked, has its cards
// on pages up to the last, and comes back from what is written of it.
func FuzzRead(f *testing.F) {
	f.Add(written(f, header(), []Session{everything(), {User: 1, End: EndEmpty}}))
	f.Add(written(f, Header{Given: []Measured{{Metric: "sim.n-like", Value: 2.5, N: 40}}}, nil))
	f.Add([]byte(`{"schema":1,"items":2}` + "\n" + `{"end":"exit","pages":[{"page":99999999,"items":[1],"decision":{"cards":[{}]}}]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		h, sessions, err := Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		for i := range sessions {
			for page, c := range sessions[i].Seen {
				if page < 0 || page >= sessions[i].Last() || int(c.Item) >= h.Items {
					t.Fatalf("item %d on page %d of %d", c.Item, page, sessions[i].Last())
				}
			}
			if sessions[i].Last() > len(sessions[i].Pages) {
				t.Fatalf("%d looks at %d pages", len(sessions[i].Pages), sessions[i].Last())
			}
		}
		again := written(t, h, sessions)
		h2, sessions2, err := Read(bytes.NewReader(again))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(written(t, h2, sessions2), again) {
			t.Fatal("written again, the bytes differ")
		}
	})
}
