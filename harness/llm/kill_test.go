package llm

const childEnv = "ALIGNUSER_LLM_TEST_CHILD"

func child(string) error { return nil }
