// Package plugintest is the conformance kit: a black-box examination of a
// plugin, in whatever language it is written, over the very path by which a
// host runs it. `alignuser plugin check` prints what it finds; a plugin written
// in Go has it in its own tests:
//
//	func TestPlugin(t *testing.T) {
//		plugintest.Run(t, plugintest.Build(t, "."), plugintest.Config{})
//	}
//
// Its opinion: a rule of the contract that no test holds is a wish. So every
// rule has a [Case] with a stable id, a sentence, and a plugin under
// harness/host/testdata that breaks it. A case passes, fails with a reason, or
// is skipped with a reason; a case that does not apply, because a feature was
// not declared, is not listed at all.
//
// The kit brings its own small data, made from a fixed seed. It judges what is
// promised, not how good the answers are: a recommender declared
// "statistical" need not repeat itself, one declared "bitwise" must, across
// processes and numbers of threads.
//
// In comes a [Program], out come [Result] values. Every process that the kit
// starts has ended, with all of its children, when [Check] returns.
package plugintest
