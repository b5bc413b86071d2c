package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTexEscapes(t *testing.T) {
	for in, want := range map[string]string{
		`a_b & 5 % #1 $x$ {y}`:   `a\_b \& 5 \% \#1 \$x\$ \{y\}`,
		`\input{/etc/passwd}`:    `\textbackslash{}input\{/etc/passwd\}`,
		"a--b ~ ^ <<c>>":         `a-{}-b $\sim$ \textasciicircum{} \textless{}{}\textless{}c\textgreater{}{}\textgreater{}`,
		"[1] “é” ≤ 漢":            "{[}1{]} ``é'' $\\leq$ {[}U+6F22{]}",
		"one\ntwo % \x1b^^M end": `one two \% \textasciicircum{}\textasciicircum{}M end`,
	} {
		if got := tex(in); got != want {
			t.Errorf("tex(%q)\n got %s\nwant %s", in, got, want)
		}
	}
}

// Every character that the escaping lets through, and every one that it renames.
func alphabet() string {
	var b strings.Builder
	for r := rune(' '); r < 0x250; r++ {
		b.WriteRune(r)
		if r%8 == 0 {
			b.WriteByte(' ')
		}
	}
	return b.String() + "–—‘’“”…±×·≤≥→←↑↓αβλ漢🙂"
}

// TestLaTeXCompiles runs pdflatex where it is installed: on a table as it comes,
// which must fit the text of an article, and on every character there is.
func TestLaTeXCompiles(t *testing.T) {
	pdflatex, err := exec.LookPath("pdflatex")
	if err != nil {
		t.Skip("no pdflatex on this machine")
	}
	compile := func(preamble string, b *Board) string {
		dir := t.TempDir()
		var out bytes.Buffer
		if err := LaTeX(&out, b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "leaderboard.tex"), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		c := exec.Command(pdflatex, "-draftmode", "-halt-on-error", "-interaction=nonstopmode",
			`\documentclass{article}`+preamble+`\usepackage{booktabs}\begin{document}\input{leaderboard}\end{document}`)
		c.Dir = dir
		log, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", preamble, err, log)
		}
		return string(log)
	}
	for _, preamble := range []string{"", `\usepackage[T1]{fontenc}`} {
		if log := compile(preamble, build(nasty())); strings.Contains(log, "Overfull") {
			t.Errorf("%q: a table is wider than the page:\n%s", preamble, log)
		}
		s := nasty()
		s.board.Title = alphabet() + alphabet()
		s.tasks[0].Invalid = `\def\x{` + alphabet()
		s.arms[1].Name, s.values[0].Recommender = alphabet(), alphabet()
		s.failures[0].Reason = "[x] * " + alphabet()
		compile(preamble, build(s))
	}
}
