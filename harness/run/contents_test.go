//go:build unix

package run

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// TestContents: what path options name is hashed by content, whatever it is
// called and wherever it lies; neutral options and empty paths are not looked at.
func TestContents(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	specs := []sdk.OptionSpec{
		{Name: "file", Type: sdk.OptionPath},
		{Name: "files", Type: sdk.OptionList, Element: sdk.OptionPath},
		{Name: "log", Type: sdk.OptionPath, Neutral: true},
		{Name: "word", Type: sdk.OptionString},
	}
	of := func(o sdk.Options) map[string]string {
		t.Helper()
		out, err := contents(specs, o)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	one, copied, other := write("one", "1"), write("copied", "1"), write("other", "2")
	if a, b, c := of(sdk.Options{"file": one}), of(sdk.Options{"file": copied}), of(sdk.Options{"file": other}); a["file"] != b["file"] || a["file"] == c["file"] || len(a) != 1 {
		t.Errorf("%v, %v, %v", a, b, c)
	}
	if a, b := of(sdk.Options{"files": []any{one, other}}), of(sdk.Options{"files": []any{other, one}}); a["files"] == b["files"] {
		t.Error("the order of a list does not count")
	}
	write("folder/inside", "1")
	before := of(sdk.Options{"file": filepath.Join(dir, "folder")})
	write("folder/inside", "2")
	if after := of(sdk.Options{"file": filepath.Join(dir, "folder")}); before["file"] == after["file"] {
		t.Error("a file in a folder does not count")
	}
	if none := of(sdk.Options{"file": "", "log": filepath.Join(dir, "nowhere"), "word": "nowhere"}); len(none) != 0 {
		t.Errorf("%v", none)
	}
	if _, err := contents(specs, sdk.Options{"files": []any{one, filepath.Join(dir, "nowhere")}}); err == nil || !strings.Contains(err.Error(), "nowhere: no such file or folder") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestFilesAreInTheIdentity: another list under the same name is another run, and
// the same list is the same run; the manifest has the digest.
func TestFilesAreInTheIdentity(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	list := filepath.Join(t.TempDir(), "lists.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := suite(armTable("file", "lists", "path = '"+list+"'"))
	write("user,item\nu0,i1\n")
	first := b.plan(text, nil, "repeats=1")
	again := b.plan(text, nil, "repeats=1")
	write("user,item\nu0,i2\n")
	second := b.plan(text, nil, "repeats=1")
	if first.ID() != again.ID() || first.ID() == second.ID() {
		t.Errorf("ids %s, %s, and with another list %s", first.ID(), again.ID(), second.ID())
	}
	res := b.execute(second)
	m, err := record.ReadManifest(res.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range m.Arms {
		if got := a.Files["path"]; (got != "") != (a.Name == "lists") {
			t.Errorf("%s: files %v", a.Name, a.Files)
		}
	}
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	_, err = b.tryPlan(text, nil)
	if err == nil || !strings.Contains(err.Error(), "test.toml:13: recommender.lists.options.path: "+list+": no such file or folder") {
		t.Errorf("a list that is gone: %v", err)
	}
}

// TestTasksThatRefuseArms: an arm that no task judges is named with the reason and
// has no cell; controls of the task have their rows, and no arm takes their name.
func TestTasksThatRefuseArms(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	rating := strings.Replace(suite(armTable("basics", "popular")), "kind = \"offline\"\noptions = { cutoffs = [3] }", "kind = \"rating\"", 1)
	p := b.plan(rating, nil, "repeats=1")
	res := b.execute(p)
	if res.Cells != 4 || res.Done != 4 {
		t.Errorf("%d cells, %d done; want those of four controls", res.Cells, res.Done)
	}
	m, err := record.ReadManifest(res.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Tasks[0].Invalid != "" || len(m.Arms) != 4 || slices.ContainsFunc(m.Arms, func(a record.ArmFacts) bool { return a.Name == "popular" }) {
		t.Errorf("%q, %+v", m.Tasks[0].Invalid, m.Arms)
	}
	told := false
	for _, f := range m.Tasks[0].Facts {
		told = told || f.Name == "not judged" && strings.HasPrefix(f.Value, "popular: does not predict values")
	}
	if !told {
		t.Errorf("%+v", m.Tasks[0].Facts)
	}
	_, err = b.tryPlan(strings.Replace(rating, "[[task]]", "[[recommender]]\nname = \"bias\"\nplugin = \"basics\"\ncomponent = \"popular\"\n[[task]]", 1), nil)
	if err == nil || !strings.Contains(err.Error(), `recommender.bias.name: "bias" is the name of a control of task rating (choose name = "my-bias")`) {
		t.Errorf("an arm called bias: %v", err)
	}
}
