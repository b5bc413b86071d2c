// Package corpus reads a data set once, checks it, keeps it as hashed columns,
// and divides it.
//
// Its opinion is the leakage rule: what a plugin or an agent may see is
// computed from the training part. So the rule is a type. A [Split] hands out a
// [Training], which may be shown, and [HeldOut] parts, which only the code that
// judges may hold; a recommender is told one path, of a folder that has
// training rows and nothing else. Full data lies in folders of mode 0700 that
// no recommender and no backend is told of.
//
// Nothing is repaired in silence: data that is not as the contract says is
// refused with the row and the remedy.
package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// Config says where data is kept and what is allowed.
type Config struct {
	CacheDir         string // kept between runs; made when missing
	Plugin           string // whose data it is: components of two plugins may share a name, but not their downloads
	Offline          bool
	SkipSessions     bool // leave table sessions out, which is large: for who needs none
	AcceptedLicenses []string
	Emit             sdk.Emit // progress and warnings; nil: nobody listens
}

func (c Config) emit(e sdk.Event) {
	if c.Emit != nil {
		c.Emit(e)
	}
}

func (c Config) warn(format string, args ...any) {
	c.emit(sdk.Warning{Diagnostic: sdk.Diagnostic{Severity: sdk.SeverityWarning, Summary: fmt.Sprintf(format, args...)}})
}

// Corpus is a data set: checked, hashed and mapped into memory. It may be used
// from many goroutines, but not during or after Close.
type Corpus struct {
	config Config
	name   string
	info   sdk.PrepareResult
	digest string
	core   string // digest without the sessions
	folder *columns.Folder
	rows   columns.Interactions
	origin Origin
}

// cacheFormat is part of every key: raise it when checks or layout change.
// digestFormat is part of every digest of data: raise it when what is hashed does.
const (
	cacheFormat  = "corpus/3"
	digestFormat = "corpus/1"
)

// Open prepares a data set and gives its tables, from the cache where it has
// them. Identity stands for plugin, component, options and seed: equal
// identities and sources mean equal tables. Several processes may open the same
// data at once.
func Open(ctx context.Context, cfg Config, identity string, ds sdk.Dataset) (*Corpus, error) {
	c := &Corpus{config: cfg, name: ds.Spec().Name}
	if err := c.open(ctx, identity, ds); err != nil {
		return nil, fmt.Errorf("data set %s: %w", c.name, err)
	}
	return c, nil
}

// Downloads is the folder where a data set keeps what it got; it need not be there.
func Downloads(cfg Config, component string) string {
	return filepath.Join(cfg.CacheDir, "downloads", folderName(path.Join(cfg.Plugin, component)))
}

// Prepare has a data set find or get its data, without reading any of it.
func Prepare(ctx context.Context, cfg Config, ds sdk.Dataset) (sdk.PrepareResult, error) {
	downloads, err := filepath.Abs(Downloads(cfg, ds.Spec().Name))
	if err != nil {
		return sdk.PrepareResult{}, err
	}
	if err := os.MkdirAll(downloads, 0o700); err != nil {
		return sdk.PrepareResult{}, err
	}
	return ds.Prepare(ctx, sdk.PrepareRequest{CacheDir: downloads, Offline: cfg.Offline, AcceptedLicenses: cfg.AcceptedLicenses}, cfg.emit)
}

func (c *Corpus) open(ctx context.Context, identity string, ds sdk.Dataset) (err error) {
	store, err := openStore(c.config, "corpora")
	if err != nil {
		return err
	}
	if c.info, err = Prepare(ctx, c.config, ds); err != nil {
		return err
	}
	if err := checkScale(c.info.Scale); err != nil {
		return err
	}
	key, err := c.key(identity)
	if err != nil {
		return err
	}
	return store.folder(key, c.load, func(dir string) error { return c.build(ctx, ds, dir) })
}

// key hashes all that the tables depend on.
func (c *Corpus) key(identity string) (string, error) {
	b, err := json.Marshal(struct {
		Identity string
		Sources  []sdk.File
		Version  string
		Scale    *sdk.Scale
		Skip     bool
	}{identity, c.info.Sources, c.info.Version, c.info.Scale, c.config.SkipSessions})
	if err != nil {
		return "", err
	}
	return hash(cacheFormat, string(b))[:32], nil
}

// entry is corpus.json, beside the folder of a corpus or a training part.
type entry struct {
	Digest         string `json:"digest"`
	ManifestSHA256 string `json:"manifest_sha256"`
}

const (
	entryFile = "entry.json"
	dataDir   = "data"
)

func (e entry) write(dir string) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, entryFile), append(b, '\n'), 0o400)
}

// openEntry opens the columns below dir, whose manifest must be the entry's.
func openEntry(dir string) (*columns.Folder, entry, error) {
	var e entry
	b, err := os.ReadFile(filepath.Join(dir, entryFile))
	if err != nil {
		return nil, e, err
	}
	if err := json.Unmarshal(b, &e); err != nil || e.ManifestSHA256 == "" {
		return nil, e, fmt.Errorf("%s is damaged", entryFile)
	}
	f, err := columns.Open(sdk.DataRef{Dir: filepath.Join(dir, dataDir), ManifestSHA256: e.ManifestSHA256, Format: columns.Format})
	return f, e, err
}

// load opens a cached corpus. Every byte is hashed, so what was changed or
// damaged since is not used.
func (c *Corpus) load(dir string) (err error) {
	f, e, err := openEntry(dir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error counts
		}
	}()
	var tables []sdk.Table
	for _, name := range tableNames() {
		t, ok := f.Table(name)
		if !ok {
			return fmt.Errorf("table %s is missing", name)
		}
		tables = append(tables, t)
	}
	if t, ok := f.Table(sdk.TableSessions); ok {
		tables = append(tables, t)
	}
	core, got := digestsOf(c.info.Scale, tables)
	if got != e.Digest {
		return fmt.Errorf("its digest is %s, not %s", got, e.Digest)
	}
	c.rows, err = f.Interactions(sdk.TableInteractions)
	if err != nil {
		return err
	}
	c.folder, c.digest, c.core = f, got, core
	return nil
}

// build reads and checks the tables and writes them into dir.
func (c *Corpus) build(ctx context.Context, ds sdk.Dataset, dir string) error {
	tables, err := readTables(ctx, ds, c.config.SkipSessions, c.config.emit)
	if err != nil {
		return err
	}
	meta, err := checkTables(ds.Spec(), c.info.Scale, tables)
	if err != nil {
		return err
	}
	return c.write(dir, meta, tables)
}

// write makes the folder that load opens.
func (c *Corpus) write(dir string, meta columns.Meta, tables []sdk.Table) error {
	ref, err := columns.Write(filepath.Join(dir, dataDir), meta, tables...)
	if err != nil {
		return err
	}
	_, all := digestsOf(c.info.Scale, tables)
	return entry{Digest: all, ManifestSHA256: ref.ManifestSHA256}.write(dir)
}

// Digest identifies the data: scale and every cell of every table, but not
// where they came from, nor how their owner divides them: that is a split.
func (c *Corpus) Digest() string { return c.digest }

// CoreDigest is the digest of users, items and interactions alone: that of the
// same data without sessions.
func (c *Corpus) CoreDigest() string { return c.core }

// Name is the component that the data came from.
func (c *Corpus) Name() string { return c.name }

// Users counts users; ids are below it.
func (c *Corpus) Users() int { return c.rows.Users }

// Items counts items; ids are below it.
func (c *Corpus) Items() int { return c.rows.Items }

// Interactions counts interactions.
func (c *Corpus) Interactions() int { return c.rows.Rows() }

// Info is what the data set said of itself.
func (c *Corpus) Info() sdk.PrepareResult { return c.info }

// Table gives a whole table, held-out rows included: for the host's own eyes.
// Numbers alias the cache and must not be written to.
func (c *Corpus) Table(name string) (sdk.Table, bool) { return c.folder.Table(name) }

// ItemTitles gives titles by item id.
func (c *Corpus) ItemTitles() []string {
	t, _ := c.folder.Table(sdk.TableItems)
	col, _ := t.Column("title")
	titles, _ := col.Data.([]string) // checked when the corpus was built
	return titles
}

// Close unmaps the data. Splits keep what they handed out, but make no further
// folders.
func (c *Corpus) Close() error { return c.folder.Close() }

// hash joins parts unambiguously and gives SHA-256 in hex.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// folderName makes a readable name that is safe in a path and still unique.
func folderName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	return safe[:min(len(safe), 40)] + "-" + hash("downloads", name)[:8]
}

// tableNames lists the tables that every data set gives.
func tableNames() []string {
	return []string{sdk.TableUsers, sdk.TableItems, sdk.TableInteractions}
}

func checkScale(s *sdk.Scale) error {
	if s == nil {
		return nil
	}
	if !(s.Min < s.Max) || !finite(s.Min) || !finite(s.Max) || !finite(s.Step) || s.Step < 0 ||
		!(s.Min <= s.DislikeAt && s.DislikeAt < s.LikeAt && s.LikeAt <= s.Max) {
		return sdk.Invalidf("", "scale %+v: want min <= dislike at < like at <= max, and a step of at least 0", *s)
	}
	return nil
}

// quote lists names for messages.
func quote(names []string) string { return strings.Join(names, ", ") }
