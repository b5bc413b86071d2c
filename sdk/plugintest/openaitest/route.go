package openaitest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

const (
	chatPath  = "/chat/completions"
	embedPath = "/embeddings"
	filePath  = "/files"
	jobPath   = "/fine_tuning/jobs"
	modelPath = "/models"
)

// refuse checks what a provider checks first: the key, then the rate. nil
// lets the request pass; h collects headers for whatever the answer will be.
func (s *Server) refuse(r *Request, h http.Header) *Behaviour {
	if key := s.options.Key; key != "" && r.Header.Get("Authorization") != "Bearer "+key && r.Header.Get("api-key") != key {
		// Some servers repeat the key that they refuse; so does this one.
		have := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("api-key")
		return &Behaviour{Status: http.StatusUnauthorized, Code: "invalid_api_key", Message: "Incorrect API key provided: " + have + "."}
	}
	if r.Path == chatPath || r.Path == embedPath {
		if b := s.limited(h); b != nil {
			return b
		}
		if models := s.options.Models; models != nil && !slices.Contains(models, r.Model) {
			return &Behaviour{Status: http.StatusNotFound, Code: "model_not_found", Param: "model", Message: "The model `" + r.Model + "` does not exist or you do not have access to it."}
		}
	}
	return nil
}

// route answers by path.
func (s *Server) route(r *Request, planned Behaviour) *Behaviour {
	switch {
	case r.Method == http.MethodPost && r.Path == chatPath:
		return s.chat(r, planned)
	case r.Method == http.MethodPost && r.Path == embedPath:
		return embeddings(r)
	case r.Method == http.MethodGet && strings.HasPrefix(r.Path, modelPath):
		return s.models(strings.TrimPrefix(strings.TrimPrefix(r.Path, modelPath), "/"))
	case strings.HasPrefix(r.Path, filePath):
		return s.serveFiles(r, strings.TrimPrefix(strings.TrimPrefix(r.Path, filePath), "/"))
	case strings.HasPrefix(r.Path, jobPath):
		return s.serveJobs(r, strings.TrimPrefix(strings.TrimPrefix(r.Path, jobPath), "/"))
	}
	return &Behaviour{Status: http.StatusNotFound, Message: "Unknown request URL: " + r.Method + " " + r.Path}
}

// models lists the models, or shows one.
func (s *Server) models(name string) *Behaviour {
	model := func(id string) map[string]any {
		return map[string]any{"id": id, "object": "model", "created": created, "owned_by": "openaitest"}
	}
	if name != "" {
		if s.options.Models != nil && !slices.Contains(s.options.Models, name) {
			return &Behaviour{Status: http.StatusNotFound, Code: "model_not_found", Param: "model", Message: "The model '" + name + "' does not exist"}
		}
		return ok(model(name))
	}
	list := []any{}
	for _, m := range s.options.Models {
		list = append(list, model(m))
	}
	return ok(map[string]any{"object": "list", "data": list})
}

// created is the one time of day that the server knows.
const created = 1700000000

// ok is a 200 with a body.
func ok(v any) *Behaviour {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of plain values always marshal
	}
	return &Behaviour{Status: http.StatusOK, Body: string(body)}
}
