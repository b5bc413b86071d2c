package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/host"
)

// newPluginLockCommand accepts programs as plugins.
func newPluginLockCommand(a *app) *cobra.Command {
	var suite, name string
	c := &cobra.Command{
		Use:   "lock <path>...",
		Short: "Accept programs as plugins of the suites in a folder",
		Long: `lock runs each program named, with your rights and without secrets or data, asks it
what it holds, and pins its name, version and hash in alignuser.lock: in the current
folder, or beside the suite. Suites there may name it from then on, until a byte of
it changes. Lock only programs that you trust. No other verb allows a program.`,
		Example: "  alignuser plugin lock ./recommender-mine\n  alignuser plugin lock ./recommender-mine --suite suites/my.toml",
		Args:    atLeastOne("a path"),
		RunE: func(c *cobra.Command, paths []string) (err error) {
			if name != "" && len(paths) > 1 {
				return usagef("plugin lock: --name is for one path, have %d", len(paths))
			}
			suite = suiteIn(suite)
			lock, err := host.LoadLock(filepath.Join(filepath.Dir(suite), lockName))
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			h, err := a.openHost(suite)
			if err != nil {
				return err
			}
			defer closeHost(h, &err)
			for _, path := range paths {
				if err := a.pin(c, h, lock, path, name); err != nil {
					return err
				}
			}
			if err := host.WriteLock(lock); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "wrote %s\n", lock.Path)
			return nil
		},
	}
	c.Flags().StringVar(&suite, "suite", "", "write the lock beside this `suite` or into this folder")
	c.Flags().StringVar(&name, "name", "", "`name` for suites to use (default: the file's, without the kind)")
	return c
}

// suiteIn lets --suite name a folder as well as a suite in it.
func suiteIn(suite string) string {
	if info, err := os.Stat(suite); err == nil && info.IsDir() {
		return filepath.Join(suite, "suite.toml")
	}
	return suite
}

// pin adds one program to a lock.
func (a *app) pin(c *cobra.Command, h *host.Host, lock *host.Lock, path, name string) error {
	e, err := host.Inspect(path)
	if err != nil {
		return usagef("plugin lock: %w", err)
	}
	a.notef("running %s, because you named it", path)
	d, err := h.Describe(c.Context(), e)
	if err != nil {
		return err
	}
	entry, err := lock.Pin(e, d, name)
	if err != nil {
		return usagef("plugin lock: %w", err)
	}
	for _, b := range h.List() {
		if b.Builtin && b.Kind == entry.Kind && b.Name == entry.Name {
			return usagef("plugin lock: %s: %s is the name of a built-in (choose another with --name)", path, b.Label())
		}
	}
	verb := "pinned"
	if old, ok := lock.Find(entry.Kind, entry.Name); ok && old.Digest != entry.Digest {
		verb = "was " + old.Digest + "\npinned"
	}
	lock.Set(entry)
	fmt.Fprintf(a.stdout, "%s %s-%s %s %s\n  components:", verb, entry.Kind, entry.Name, entry.Version, entry.Digest)
	for _, component := range d.Components {
		fmt.Fprintf(a.stdout, " %s", component.Name)
	}
	fmt.Fprintln(a.stdout)
	return nil
}
