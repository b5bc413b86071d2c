package corpus

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// TrainingFolder gives the folder that a recommender is told of: table
// "interactions" with the training part, and those of "items", "users" and
// "valid" that it asks for. Folders are kept between runs; each call checks
// every byte, and makes the folder again where anybody changed it.
func (s *Split) TrainingFolder(tables []string) (sdk.DataRef, error) {
	ref, err := s.trainingFolder(tables)
	if err != nil {
		return ref, fmt.Errorf("training part of %s: %w", s.corpus.name, err)
	}
	return ref, nil
}

func (s *Split) trainingFolder(tables []string) (ref sdk.DataRef, err error) {
	asked, err := extraTables(tables)
	if err != nil {
		return ref, err
	}
	store, err := openStore(s.corpus.config, "training")
	if err != nil {
		return ref, err
	}
	key := hash(append([]string{cacheFormat, s.digest, fmt.Sprint(s.seed)}, asked...)...)[:32]
	s.folders.Lock()
	defer s.folders.Unlock()
	err = store.folder(key, func(dir string) error {
		f, e, err := openEntry(dir)
		if err != nil {
			return err
		}
		err = f.Verify()
		if e := f.Close(); err == nil {
			err = e
		}
		ref = sdk.DataRef{Dir: filepath.Join(dir, dataDir), ManifestSHA256: e.ManifestSHA256, Format: columns.Format}
		return err
	}, func(dir string) error {
		return s.writeTraining(dir, asked)
	})
	if err == nil {
		ref.Dir, err = filepath.Abs(ref.Dir)
	}
	return ref, err
}

// extraTables sorts the names of tables beside "interactions".
func extraTables(tables []string) ([]string, error) {
	var out []string
	for _, name := range tables {
		switch name {
		case sdk.TableInteractions: // always there
		case sdk.TableItems, sdk.TableUsers, sdk.TableValid:
			out = append(out, name)
		default:
			return nil, sdk.Invalidf("", "a recommender cannot have table %q: it may ask for %s, %s, %s", name, sdk.TableItems, sdk.TableUsers, sdk.TableValid)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (s *Split) writeTraining(dir string, asked []string) error {
	tables := []sdk.Table{s.interactions(sdk.TableInteractions, partTrain)}
	for _, name := range asked {
		if name == sdk.TableValid {
			tables = append(tables, s.interactions(name, partValid))
			continue
		}
		t, ok := s.corpus.Table(name)
		if !ok {
			return fmt.Errorf("table %s is missing", name)
		}
		tables = append(tables, t)
	}
	ref, err := columns.Write(filepath.Join(dir, dataDir), s.meta(), tables...)
	if err != nil {
		return err
	}
	return entry{Digest: s.digest, ManifestSHA256: ref.ManifestSHA256}.write(dir)
}
