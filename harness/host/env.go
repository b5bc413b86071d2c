package host

import (
	"os"
	"path/filepath"
	"sort"
	"strconv"
)

// threadVariables tell numeric libraries how many threads to use.
var threadVariables = [...]string{
	"GOMAXPROCS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
	"NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS",
}

// environment is all that a plugin sees of the host's environment, but for what
// go-plugin adds for the handshake: a fixed list and the caller's extras. Keys,
// tokens, proxies and cloud credentials never pass: they are not on the list.
func environment(dir string, threads int, extra map[string]string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + filepath.Join(dir, "home"),
		"TMPDIR=" + filepath.Join(dir, "tmp"),
		"LANG=C.UTF-8",
		"TZ=UTC",
		"PYTHONHASHSEED=0",
		"PYTHONDONTWRITEBYTECODE=1",
	}
	for _, name := range systemVariables {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	if threads > 0 {
		for _, name := range threadVariables {
			env = append(env, name+"="+strconv.Itoa(threads))
		}
	}
	names := make([]string, 0, len(extra))
	for name := range extra {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		env = append(env, name+"="+extra[name])
	}
	return env
}
