package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"

	"github.com/alignuser/alignuser/harness/host"
)

// lockName is the file beside a suite that says which outside plugins may run.
const lockName = "alignuser.lock"

// openHost makes the host for a suite: built-ins from the folder of this
// executable, all others from the lock beside the suite. An empty suite means
// the current folder's lock.
func (a *app) openHost(suite string) (*host.Host, error) {
	config, err := a.hostConfig(suite)
	if err != nil {
		return nil, err
	}
	return host.New(config)
}

func (a *app) hostConfig(suite string) (host.Config, error) {
	builtins, err := ownFolder()
	if err != nil {
		return host.Config{}, err
	}
	lock, err := host.LoadLock(filepath.Join(filepath.Dir(suite), lockName))
	if err != nil {
		return host.Config{}, &exitError{code: exitUsage, err: err}
	}
	level := hclog.Error
	if a.verbose {
		level = hclog.Debug
	}
	return host.Config{
		Logger:     hclog.New(&hclog.LoggerOptions{Name: "plugin", Output: a.stderr, Level: level}),
		Version:    version(),
		BuiltinDir: builtins,
		Lock:       lock,
	}, nil
}

// ownFolder is where this executable really lies.
func ownFolder() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding the alignuser executable: %w", err)
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		return "", fmt.Errorf("finding the alignuser executable: %w", err)
	}
	return filepath.Dir(exe), nil
}

// cacheDir is where data sets are kept between runs: ALIGNUSER_CACHE, or the
// user's cache folder.
func (a *app) cacheDir() string {
	if dir := a.getenv("ALIGNUSER_CACHE"); dir != "" {
		return dir
	}
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "alignuser")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("alignuser-cache-%d", os.Getuid()))
}
