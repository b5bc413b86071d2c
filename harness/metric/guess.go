package metric

// Ids of what the task persona reports. Accuracy and log-loss have parts, one per
// property: persona.acc.age.
const (
	PersonaAccuracy = "persona.acc"
	PersonaLogLoss  = "persona.log-loss"
	PersonaInvalid  = "persona.invalid"
)

// GuessedProperties are those that a data set may know of its users.
func GuessedProperties() []string { return []string{"age", "occupation", "gender"} }

// Guesses lists the heads of task persona. Those of properties that the data set does
// not know are not reported.
func Guesses() []Head {
	heads := []Head{{
		ID: PersonaAccuracy, Version: 1, Unit: "share", Direction: Higher, Empty: "users of whom the data set says nothing are not judged",
		Doc: "share of a user's properties that are guessed as the data set has them",
	}}
	for _, p := range GuessedProperties() {
		what := map[string]string{"age": "age band"}[p]
		if what == "" {
			what = p
		}
		heads = append(heads,
			Head{
				ID: PersonaAccuracy + "." + p, Version: 1, Unit: "share", Direction: Higher, Empty: "users whose " + what + " the data set does not say are left out and counted",
				Doc: "share of users whose " + what + " is guessed as the data set has it; an answer that could not be used is wrong",
			},
			Head{
				ID: PersonaLogLoss + "." + p, Version: 1, Unit: "nats", Direction: Lower, Empty: "undefined for a backend without probabilities",
				Doc: "mean of minus the logarithm of the probability given to the true " + what,
			})
	}
	return append(heads, Head{
		ID: PersonaInvalid, Version: 1, Unit: "share", Direction: Lower, Empty: "users of whom the data set says nothing are not judged",
		Doc: "share of answers that could not be used",
	})
}
