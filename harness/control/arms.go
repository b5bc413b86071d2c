package control

// The random arm that a table gets where its suite has none: the floor that
// every recommender is read against. It is a plugin like any other.
const (
	RandomName      = "random"
	RandomPlugin    = "basics"
	RandomComponent = "random"
)
