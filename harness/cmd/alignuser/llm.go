package main

import (
	"github.com/spf13/cobra"
)

// newLLMCommand joins the verbs about language-model backends.
func newLLMCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "llm",
		Short:   "Try a language-model backend; export what a run asked it",
		Example: "  alignuser llm ping",
		Args:    noSuchVerb,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newLLMPingCommand(a), newLLMExportCommand(a))
	return c
}
