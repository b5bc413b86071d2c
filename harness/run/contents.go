package run

import (
	"errors"
	"io/fs"
	"os"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// A recommender's answers depend on what lies behind its path options, and a path
// is no content: a list written again under its old name must make another run.
// So whatever a recommender's options name is hashed into its digest. Options
// declared neutral, which cannot change a result, are not looked at.

// paths lists the files and folders that options name, by option; of a list of
// paths, in its order. An empty path names nothing.
func paths(specs []sdk.OptionSpec, o sdk.Options) map[string][]string {
	out := map[string][]string{}
	for _, s := range specs {
		if s.Neutral {
			continue
		}
		if v, ok := o[s.Name].(string); ok && s.Type == sdk.OptionPath && v != "" {
			out[s.Name] = []string{v}
		}
		if list, ok := o[s.Name].([]any); ok && s.Element == sdk.OptionPath {
			for _, v := range list {
				if path, ok := v.(string); ok && path != "" {
					out[s.Name] = append(out[s.Name], path)
				}
			}
		}
	}
	return out
}

// contents hashes what path options name: a file by its bytes, a folder by all
// files in it.
func contents(specs []sdk.OptionSpec, o sdk.Options) (map[string]string, error) {
	var out map[string]string
	for option, named := range paths(specs, o) {
		digests := make([]any, len(named))
		for i, path := range named {
			d, err := host.Digest(path)
			if err != nil {
				return nil, unreachable(option, path, err)
			}
			digests[i] = d
		}
		if out == nil {
			out = map[string]string{}
		}
		out[option] = digest(digests...)
	}
	return out, nil
}

// reachable refuses path options that name nothing, before anything runs.
func (c Catalogue) reachable(kind sdk.Kind, m spec.Component) error {
	described, err := c.Component(kind, m.Plugin, m.Component)
	if err != nil {
		return err
	}
	for _, s := range described.Options { // in their order, so that the first one is told
		for _, path := range paths([]sdk.OptionSpec{s}, m.Options)[s.Name] {
			if _, err := os.Stat(path); err != nil {
				return unreachable(s.Name, path, err)
			}
		}
	}
	return nil
}

func unreachable(option, path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return sdk.Invalidf(option, "%s: no such file or folder (a relative path starts from the folder of the suite, in --set from the current one)", path)
	}
	return sdk.Invalidf(option, "%s: %v", path, err)
}
