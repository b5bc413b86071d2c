package plugintest

import (
	"testing"
)

// Run is the kit as Go tests: one subtest per component and case. It fails
// where a case fails and skips where one is skipped.
func Run(t *testing.T, p Program, cfg Config) {
	t.Helper()
	report, err := Check(t.Context(), p, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		name := r.ID
		if r.Component != "" {
			name = r.Component + "/" + r.ID
		}
		t.Run(name, func(t *testing.T) {
			switch r.Status {
			case Fail:
				t.Errorf("%s\nwant: %s", r.Reason, r.Doc)
			case Skip:
				t.Skip(r.Reason)
			}
		})
	}
}
