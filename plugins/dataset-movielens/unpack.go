package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// maxUnpacked bounds one file of a release; the largest, the ratings of 32M, has
// 0.9 GB.
const maxUnpacked = 4 << 30

// unpack writes what is needed of an archive into a folder, in one step. Names in
// the archive choose among the files that are wanted, and never where to write.
func (f fetcher) unpack(ctx context.Context, archive, dir string, record got) (err error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return sdk.Invalidf("archive", "%s: %v", archive, err)
	}
	defer z.Close() //nolint:errcheck // only read
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".unpack-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	missing := slices.Clone(f.files)
	for _, entry := range z.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := path.Base(entry.Name)
		readme := strings.HasPrefix(strings.ToUpper(name), "README")
		if path.Dir(entry.Name) != f.folder || !entry.Mode().IsRegular() || !readme && !slices.Contains(missing, name) {
			continue
		}
		if readme {
			name = "README" // whatever its ending: the terms are in it
		}
		missing = slices.DeleteFunc(missing, func(s string) bool { return s == name })
		f.say(f.bytes, "unpacking %s", name)
		if err := unpackFile(entry, filepath.Join(temp, name)); err != nil {
			return sdk.Invalidf("archive", "%s: %s: %v", archive, name, err)
		}
	}
	if len(missing) > 0 {
		return sdk.Invalidf("archive", "%s: has no %s", archive, strings.Join(missing, ", "))
	}
	if err := record.write(temp); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil { // one without a record is half done
		return err
	}
	return os.Rename(temp, dir)
}

// unpackFile believes no size that the archive claims.
func unpackFile(entry *zip.File, to string) (err error) {
	from, err := entry.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	n, err := io.Copy(file, io.LimitReader(from, maxUnpacked+1))
	if err == nil && n > maxUnpacked {
		err = fmt.Errorf("unpacks to more than %d bytes", maxUnpacked)
	}
	return err
}
