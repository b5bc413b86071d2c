package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// bashAlone ends the bash script: cobra's needs functions of the package
// bash-completion, without which the words are taken as bash splits them.
const bashAlone = `
if ! declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
    __alignuser_init_completion()
    {
        COMPREPLY=()
        words=("${COMP_WORDS[@]}")
        cword=$COMP_CWORD
        cur=${words[cword]}
        prev=${words[cword-1]}
    }
fi
`

// newCompletionCommand prints cobra's completion script for a shell.
func newCompletionCommand(a *app) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a completion script for a shell",
		Example: "  source <(alignuser completion bash)\n" +
			"  alignuser completion fish > ~/.config/fish/completions/alignuser.fish",
		Args:      exactly("the shell"),
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				if err := root.GenBashCompletionV2(a.stdout, true); err != nil {
					return err
				}
				_, err := io.WriteString(a.stdout, bashAlone)
				return err
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
			return usagef("completion: %s: unknown shell (one of %s)", args[0], strings.Join(shells, ", "))
		},
	}
}

// completeSuites completes a suite by path: those under ./benchmarks by name
// first, then any TOML file.
func completeSuites(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	found, err := filepath.Glob(filepath.Join(suiteDir, "*.toml"))
	if err != nil || len(found) == 0 {
		return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	var suites []string
	for _, path := range found {
		if strings.HasPrefix(path, word) {
			suites = append(suites, path)
		}
	}
	if len(suites) == 0 {
		return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return suites, cobra.ShellCompDirectiveNoFileComp
}

// completePlugins completes the label of a built-in, such as recommender-basics;
// a path is the shell's own business.
func completePlugins(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, plugin := range builtinNames() {
		if strings.HasPrefix(plugin, word) {
			names = append(names, plugin)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// builtinNames lists the file names of plugins beside this executable, by their
// prefix alone: completion must not start a process.
func builtinNames() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Dir(self))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".exe")
		for _, kind := range []string{"dataset-", "llm-", "recommender-"} {
			if strings.HasPrefix(name, kind) {
				names = append(names, name)
			}
		}
	}
	return names
}
