// Command llm-openai is a backend for whatever speaks the OpenAI-compatible
// protocol: hosted APIs, Azure deployments, and local servers such as Ollama,
// llama.cpp and vLLM.
//
// Its opinion: it is a wire and no more. It sends each question once and says
// exactly what came back, what it cost and how long to wait; retries, budgets
// and caches are the host's. The one thing it finds out for itself is how a
// server wants to be asked for JSON, because only a refusal tells.
package main

import "github.com/alignuser/alignuser/sdk/serve"

func main() { serve.LLMs(newChat) }
