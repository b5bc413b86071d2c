package record

import "testing"

// TestReasonsArePrintable: reasons quote plugins, and people read failures.csv on
// terminals.
func TestReasonsArePrintable(t *testing.T) {
	run, err := OpenRun(t.TempDir(), "s", Identity{})
	if err != nil {
		t.Fatal(err)
	}
	key := CellKey{Task: "offline", Recommender: "a"}
	if err := run.Fail(key, " bad\x1b[2J:\tit\r\nbroke\u009b\x00 "); err != nil {
		t.Fatal(err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	have, err := ReadFailures(run.Dir() + "/" + FailuresFile)
	if err != nil || len(have) != 1 || have[0].Reason != "bad[2J:\tit\nbroke" {
		t.Errorf("%q, %v", have, err)
	}
}
