package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRealDataComesBack exports real data sets, with times and without, with half
// stars and quotes, and has the program read them back: it fails by itself where a
// digest differs. It needs the data beside the repository.
func TestRealDataComesBack(t *testing.T) {
	programs(t)
	data, err := filepath.Abs(filepath.Join(repository, "..", "shared", "data"))
	if err != nil {
		t.Fatal(err)
	}
	latest := filepath.Join(t.TempDir(), "latest.toml")
	suite := "schema = 1\nname = \"latest\"\n[dataset]\nplugin = \"movielens\"\ncomponent = \"latest\"\noptions = { path = \"ml-latest-small\" }\n" +
		"[split]\nmethod = \"global-temporal\"\ntest = 0.2\nvalid = 0.1\n[[recommender]]\nplugin = \"basics\"\ncomponent = \"popular\"\n[[task]]\nkind = \"offline\"\n"
	if err := os.WriteFile(latest, []byte(suite), 0o600); err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	for suite, folder := range map[string]string{
		filepath.Join(repository, "benchmarks", "movielens-100k.toml"): "ml-100k",
		filepath.Join(repository, "benchmarks", "movielens-1m.toml"):   "ml-1m",
		latest: "ml-latest-small",
	} {
		path := filepath.Join(data, folder)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("real data is not here: %v", err)
		}
		for _, format := range []string{"csv", "recbole"} {
			c := exec.Command(filepath.Join(os.Getenv(binVariable), "alignuser"), "data", "export", suite,
				"--set", "dataset.options.path="+path, "--format", format, "--to", filepath.Join(t.TempDir(), "out"))
			c.Env = append(os.Environ(), "ALIGNUSER_CACHE="+cache)
			out, err := c.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "read back to the same digests") {
				t.Errorf("%s as %s: %v\n%s", folder, format, err, out)
			}
		}
	}
}
