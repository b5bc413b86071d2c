package report

import (
	"fmt"
	"strings"
)

// tex escapes text so that LaTeX prints it as it is, whatever font encoding the
// paper uses. What no engine prints without further packages comes out as its
// code point, in brackets, so that no name can keep a paper from compiling.
func tex(s string) string {
	var b strings.Builder
	previous := rune(0)
	for _, r := range oneLine(s) {
		if r == previous && strings.ContainsRune("-'`,<>", r) {
			b.WriteString("{}") // two of these would join into another character
		}
		previous = r
		switch text := texSpecial(r); {
		case text != "":
			b.WriteString(text)
		case printsEverywhere(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "{[}U+%04X{]}", r)
		}
	}
	return b.String()
}

// printsEverywhere holds for ASCII and for the letters of Latin-1 and Latin
// Extended-A that pdfTeX's default input encoding knows in both font encodings.
func printsEverywhere(r rune) bool {
	switch {
	case r >= ' ' && r <= '~':
		return true
	case strings.ContainsRune("ÐðÞþĐđĦħĸŁłŊŋŦŧſŉŐőŰűĄąĘęĮįŲų", r):
		return strings.ContainsRune("ŁłŐőŰű", r) // the others only in T1
	}
	return r >= 'À' && r <= 'ž' && r != '×' && r != '÷' && r != 'Ŀ' && r != 'ŀ'
}

// texSpecial is the command for a character with a meaning in LaTeX, or without
// a place in its older fonts; empty for all others.
func texSpecial(r rune) string {
	switch r {
	case '\\':
		return `\textbackslash{}`
	case '{', '}', '$', '&', '#', '%', '_':
		return `\` + string(r)
	case '~':
		return `$\sim$`
	case '^':
		return `\textasciicircum{}`
	case '<':
		return `\textless{}`
	case '>':
		return `\textgreater{}`
	case '|':
		return `\textbar{}`
	case '"':
		return `''`
	case '`':
		return `\textasciigrave{}`
	case '[', ']':
		return "{" + string(r) + "}"
	case '–':
		return "--"
	case '—':
		return "---"
	case '‘':
		return "`"
	case '’':
		return "'"
	case '“':
		return "``"
	case '”':
		return "''"
	case '…':
		return `\ldots{}`
	}
	if name := texMath(r); name != "" {
		return `$\` + name + "$"
	}
	return ""
}

// texMath names the symbols that only mathematics has.
func texMath(r rune) string {
	switch r {
	case '±':
		return `pm`
	case '×':
		return `times`
	case '·':
		return `cdot`
	case '≤':
		return `leq`
	case '≥':
		return `geq`
	case '→':
		return `rightarrow`
	case '←':
		return `leftarrow`
	case '↑':
		return `uparrow`
	case '↓':
		return `downarrow`
	case 'α':
		return `alpha`
	case 'β':
		return `beta`
	case 'λ':
		return `lambda`
	}
	return ""
}
