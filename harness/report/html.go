package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
)

// pageFiles are the template, the style and the script of a page.
//
//go:embed page
var pageFiles embed.FS

// HTML writes the board as one page that needs no other file. It sorts by a
// click where scripts run, and is whole where they do not. Its content policy
// names its own script and style by their hashes and forbids everything else,
// so that a name which got past the escaping still could not run or load a thing.
// It holds no cost, so that equal cells give equal bytes; see [HTMLWithCost].
func HTML(w io.Writer, b *Board) error { return writePage(w, b, false) }

// HTMLWithCost writes the page of [HTML] with a section per task on what the
// rows cost: quality against fit time, rate and memory, drawn and as columns.
func HTMLWithCost(w io.Writer, b *Board) error { return writePage(w, b, true) }

func writePage(w io.Writer, b *Board, withCost bool) error {
	page, err := template.ParseFS(pageFiles, "page/page.html.tmpl")
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	style, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	script, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	view := pageOf(b, withCost)
	view.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", digest(style), digest(script))
	view.Style, view.Script = template.CSS(style), template.JS(script) // ours, and without any text of a board
	return page.Execute(w, view)
}

// digest is a hash as content policies write it.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
