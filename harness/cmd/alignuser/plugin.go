package main

import (
	"github.com/spf13/cobra"
)

// newPluginCommand is the parent of the verbs that deal with plugins.
func newPluginCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "plugin",
		Short:   "List, describe, check, lock and write plugins",
		Long:    "Plugins are programs of their own: recommenders, data sets and language models.\nThose beside the alignuser executable are built in; any other must be in the suite's alignuser.lock.",
		Example: "  alignuser plugin list",
		Args:    noSuchVerb,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newPluginListCommand(a), newPluginDescribeCommand(a), newPluginLockCommand(a), newPluginCheckCommand(a), newPluginNewCommand(a))
	return c
}
