package tabular

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/sdk"
)

func TestExtraColumns(t *testing.T) {
	f := small()
	f["u"] = "uid,zip,height,since,seat,note\nbob,1010,1.85,1000000000000,3,\"a,b\"\nann,,,,7,\n"
	l := f.layout(t)
	l.Users = Users{File: "u", ID: "uid"}
	for _, s := range []string{"note", "zip:i32", "height:f32", "since:i64", "seat:u8"} {
		x, err := ParseExtra(s)
		if err != nil {
			t.Fatal(err)
		}
		l.Users.Extra = append(l.Users.Extra, x)
	}
	data, _, err := load(l)
	if err != nil {
		t.Fatal(err)
	}
	want := sdk.Table{Name: "users", Columns: []sdk.Column{
		{Name: "uid", Data: []string{"bob", "ann"}},
		{Name: "note", Data: []string{"a,b", ""}},
		{Name: "zip", Data: []int32{1010, -1}},
		{Name: "height", Data: []float32{1.85, float32(math.NaN())}},
		{Name: "since", Data: []int64{1e12, sdk.MissingTime}},
		{Name: "seat", Data: []uint8{3, 7}},
	}}
	if d := cmp.Diff(want, data.Tables[0], cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}

	// Users that the file lacks have no values, which bytes cannot say.
	f["x"] += "cat,i1,3,,view,test\n"
	l = f.layout(t)
	l.Users, l.KeepUnknown = Users{File: "u", ID: "uid", Extra: []Extra{{"zip", sdk.ColumnI32}}}, true
	data, _, err = load(l)
	if err != nil {
		t.Fatal(err)
	}
	zip, _ := data.Tables[0].Column("zip")
	if d := cmp.Diff([]int32{1010, -1, -1}, zip.Data); d != "" {
		t.Error(d)
	}
	l.Users.Extra = []Extra{{"seat", sdk.ColumnU8}}
	if _, _, err := load(l); err == nil || !strings.Contains(err.Error(), "users that u lacks: seat") {
		t.Errorf("%v", err)
	}
	for column, want := range map[Extra]string{
		{"height", sdk.ColumnI32}: `u:2: height "1.85" is not a whole number of 32 bits`,
		{"note", sdk.ColumnF64}:   `u:2: note "a,b" is not a number`,
		{"nothing", sdk.ColumnU8}: `u has no column "nothing"`,
	} {
		l.Users.Extra = []Extra{column}
		if _, _, err := load(l); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", column, err, want)
		}
	}
}

func TestParseExtra(t *testing.T) {
	for s, want := range map[string]Extra{"a": {"a", sdk.ColumnStr}, "a:f64": {"a", sdk.ColumnF64}, "a:b:u8": {"a:b", sdk.ColumnU8}} {
		if got, err := ParseExtra(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"a:int", ":i32", "a:"} {
		if _, err := ParseExtra(s); err == nil {
			t.Errorf("%q is good", s)
		}
	}
}
