package spec_test

import (
	"fmt"

	"github.com/alignuser/alignuser/harness/spec"
)

func ExampleParse() {
	text := `schema = 1
name = "first"
[dataset]
plugin = "planted"
[split]
method = "user-temporal"
test = 0.2
[[recommender]]
plugin = "neighbors"
component = "ease"
[[task]]
kind = "offline"
`
	suite, err := spec.Parse("first.toml", []byte(text), []string{"recommender.ease.options.l2=200"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := suite.Check(catalogue{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(suite.Recommenders[0].Name, suite.Recommenders[0].Options.Float("l2"))
	// Output: ease 200
}

func ExampleErrors() {
	_, err := spec.Parse("first.toml", []byte("schema = 1\nname = \"first\"\nsede = 3\n"), nil)
	fmt.Println(err)
	// Output:
	// first.toml: dataset: missing (add [dataset] with plugin = "planted")
	// first.toml: split: missing (add [split] with method = "user-temporal" and test = 0.2)
	// first.toml: task: missing (add [[task]] with kind = "offline")
	// first.toml:3: sede: unknown key (did you mean seed?)
}
