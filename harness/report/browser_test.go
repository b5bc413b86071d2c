package report

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser finds Chromium, or skips.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium on this machine")
	return ""
}

// loaded gives the document as it is after its scripts have run.
func loaded(t *testing.T, chromium, page string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // ends a browser that hangs
	defer cancel()
	c := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--dump-dom", "file://"+file)
	c.WaitDelay = time.Second
	out, err := c.Output()
	if err != nil {
		t.Skipf("Chromium does not run here: %v", err)
	}
	return string(out)
}

// TestInABrowser loads the page where Chromium is installed: its script runs
// under its policy, one smuggled in does not, and heads sort.
func TestInABrowser(t *testing.T) {
	chromium := browser(t)
	page := htmlOf(t, HTMLWithCost, build(nasty()))

	smuggled := strings.Replace(page, "</body>", `<script>document.title = "smuggled"</script></body>`, 1)
	out := loaded(t, chromium, smuggled)
	if !strings.Contains(out, `<button type="button">`) {
		t.Error("the page's own script did not run: no head is a button")
	}
	if strings.Contains(out, "<title>smuggled") {
		t.Error("a script that is not the page's own ran")
	}

	names := regexp.MustCompile(`<th scope="row" class="name" data-v="([^"]*)"`)
	click := func(column, times string) string {
		script := `<script>for (let i = 0; i < ` + times + `; i++) document.querySelectorAll("table thead button")[` + column + `].click()</script></body>`
		open := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(page, "")
		dom := loaded(t, chromium, strings.Replace(open, "</body>", script, 1))
		var order []string
		table, _, _ := strings.Cut(dom, "</table>")
		for _, m := range names.FindAllStringSubmatch(table, -1) {
			order = append(order, m[1])
		}
		return strings.Join(order, " ")
	}
	// Columns: rank, recommender, ndcg@10. Rows without a number stay last.
	for _, c := range []struct{ column, times, want string }{
		{"2", "1", `x&lt;&amp;&gt;% pop|ular e_a_s_e oracle gone q&quot;uo,te`},
		{"2", "2", `oracle e_a_s_e pop|ular x&lt;&amp;&gt;% gone q&quot;uo,te`},
		{"1", "1", `e_a_s_e gone oracle pop|ular q&quot;uo,te x&lt;&amp;&gt;%`},
	} {
		got := strings.NewReplacer("x<&amp;>%", "x&lt;&amp;&gt;%").Replace(click(c.column, c.times))
		if got != c.want {
			t.Errorf("column %s clicked %s times:\n got %s\nwant %s", c.column, c.times, got, c.want)
		}
	}
}
