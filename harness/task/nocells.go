package task

import (
	"context"
	"errors"

	"github.com/alignuser/alignuser/sdk"
)

// NoCells is embedded by the bounds of tasks without cells of their own.
type NoCells struct{}

// Controls are none.
func (NoCells) Controls() []Control { return nil }

// Refuses nobody.
func (NoCells) Refuses(sdk.ComponentSpec) string { return "" }

// Users is 0.
func (NoCells) Users() int { return 0 }

// Size is 0.
func (NoCells) Size() int { return 0 }

// Cell is never asked for.
func (NoCells) Cell(context.Context, Cell) error {
	return errors.New("a task without cells was asked for one")
}
