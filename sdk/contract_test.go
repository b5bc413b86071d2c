package sdk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	"github.com/alignuser/alignuser/sdk/internal/handshake"
)

func contract(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "docs", "contract.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestContractVectors checks the tie hashes that docs/contract.md gives to
// authors in other languages.
func TestContractVectors(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| (\\d+) \\| (-?\\d+) \\| (\\d+) \\| `0x([0-9a-f]{16})` \\|$").FindAllStringSubmatch(contract(t), -1)
	if len(rows) < 5 {
		t.Fatalf("%d vectors", len(rows))
	}
	for _, row := range rows {
		seed, err := strconv.ParseUint(row[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		user, err := strconv.ParseInt(row[2], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		item, err := strconv.ParseInt(row[3], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%016x", sdk.TieHash(seed, int32(user), int32(item))); got != row[4] {
			t.Errorf("%v: got %s", row[0], got)
		}
	}
}

// TestContractManifest writes the folder that docs/contract.md shows.
func TestContractManifest(t *testing.T) {
	ref, err := columns.Write(filepath.Join(t.TempDir(), "d"), columns.Meta{Users: 2, Items: 3}, sdk.Table{
		Name: "interactions", Columns: []sdk.Column{{Name: "user", Data: []int32{0, 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(ref.Dir, columns.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(contract(t), "```json\n"+string(raw)+"```") {
		t.Errorf("docs/contract.md shows another manifest than\n%s", raw)
	}
}

// TestContractConstants looks for the numbers and names that code and page share.
func TestContractConstants(t *testing.T) {
	text := contract(t)
	for what, want := range map[string]string{
		"cookie":    fmt.Sprintf("| `%s` | must be `%s`", handshake.CookieKey, handshake.CookieValue),
		"handshake": fmt.Sprintf("\n1|%d|unix|", handshake.ProtocolVersion),
		"users":     "`Respond` | " + commas(convert.MaxUsers),
		"places":    "in `Recommend` | " + commas(convert.MaxPlaces),
		"rows":      "rows in a chunk | " + commas(sdk.MaxChunkRows),
		"stream":    fmt.Sprintf("streamed message | %d MiB", sdk.MaxMessage>>20),
		"receive":   fmt.Sprintf("must accept | %d MiB", handshake.MaxMessage>>20),
		"format":    "## 7. Folders of columns: " + columns.Format,
		"missing":   strings.Replace(fmt.Sprint(sdk.MissingTime), "-", "−", 1),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s: docs/contract.md does not say %q", what, want)
		}
	}
	for _, f := range []string{sdk.FeatureScore, sdk.FeatureUpdate, sdk.FeatureSave, sdk.FeatureRespond, sdk.FeatureEmbed, sdk.FeatureTune} {
		if !strings.Contains(text, "| `"+f+"` |") {
			t.Errorf("docs/contract.md does not know feature %s", f)
		}
	}
}

// commas writes a number the way the page does.
func commas(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
