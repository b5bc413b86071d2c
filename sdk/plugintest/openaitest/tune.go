package openaitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Tuning is how fine-tuning jobs go. A job goes on by one step each time it is
// looked at: validating_files, queued, running step by step, its end.
type Tuning struct {
	Steps int    // of training, an event each; 0: 3
	Fail  string // not empty: jobs end as failed, for this reason
	Stuck bool   // jobs run and never end, except by cancelling
}

// file is one that was uploaded.
type file struct {
	id, name, purpose string
	content           []byte
}

// job is a fine-tuning job.
type job struct {
	id, status, model, suffix  string
	training, validation, tune string // files, and the model that is made
	seed                       int64
	step                       int
	events                     []map[string]any // oldest first
	request                    json.RawMessage
}

// Files gives the content of every uploaded file by its id.
func (s *Server) Files() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]byte{}
	for id, f := range s.files {
		out[id] = f.content
	}
	return out
}

// Jobs gives the status of every job by its id.
func (s *Server) Jobs() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for id, j := range s.jobs {
		out[id] = j.status
	}
	return out
}

// ForgetJobs makes all jobs vanish.
func (s *Server) ForgetJobs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = map[string]*job{}
}

func notFound(what, id string) *Behaviour {
	return &Behaviour{Status: http.StatusNotFound, Message: fmt.Sprintf("No such %s: %s", what, id)}
}

func (s *Server) serveFiles(r *Request, id string) *Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPost && id == "" {
		return s.upload(r)
	}
	f := s.files[id]
	switch {
	case f == nil:
		return notFound("File object", id)
	case r.Method == http.MethodGet:
		return ok(f.word())
	case r.Method == http.MethodDelete:
		delete(s.files, id)
		return ok(map[string]any{"id": id, "object": "file", "deleted": true})
	}
	return &Behaviour{Status: http.StatusMethodNotAllowed, Message: "Method not allowed"}
}

func (f *file) word() map[string]any {
	return map[string]any{"id": f.id, "object": "file", "bytes": len(f.content), "created_at": created, "filename": f.name, "purpose": f.purpose, "status": "processed"}
}

func (s *Server) upload(r *Request) *Behaviour {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return wrong("", "", "want a form: %v", err)
	}
	form, err := multipart.NewReader(bytes.NewReader(r.Body), params["boundary"]).ReadForm(bodyLimit)
	if err != nil {
		return wrong("", "", "want a form: %v", err)
	}
	if len(form.File["file"]) != 1 || len(form.Value["purpose"]) != 1 {
		return wrong("file", "", "want a file and a purpose")
	}
	head := form.File["file"][0]
	part, err := head.Open()
	if err != nil {
		return wrong("file", "", "%v", err)
	}
	defer part.Close()
	var content bytes.Buffer
	if _, err := content.ReadFrom(part); err != nil {
		return wrong("file", "", "%v", err)
	}
	f := &file{id: fmt.Sprintf("file-%d", len(s.files)+1), name: head.Filename, purpose: form.Value["purpose"][0], content: content.Bytes()}
	s.files[f.id] = f
	return ok(f.word())
}

func (s *Server) serveJobs(r *Request, rest string) *Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, verb, _ := strings.Cut(rest, "/")
	if r.Method == http.MethodPost && id == "" {
		return s.createJob(r)
	}
	j := s.jobs[id]
	switch {
	case j == nil:
		return notFound("fine-tuning job", id)
	case r.Method == http.MethodPost && verb == "cancel":
		if j.ended() {
			return wrong("", "", "Job has already completed: %s", j.status)
		}
		j.status = "cancelled"
		j.tell("info", "Fine-tuning job cancelled", nil)
		return ok(j.word(s.options.Tuning))
	case r.Method == http.MethodGet && verb == "":
		j.advance(s.options.Tuning)
		return ok(j.word(s.options.Tuning))
	case r.Method == http.MethodGet && verb == "events":
		return j.list(r.Query)
	}
	return &Behaviour{Status: http.StatusMethodNotAllowed, Message: "Method not allowed"}
}

func (s *Server) createJob(r *Request) *Behaviour {
	var q struct {
		Model      string `json:"model"`
		Training   string `json:"training_file"`
		Validation string `json:"validation_file"`
		Suffix     string `json:"suffix"`
		Seed       int64  `json:"seed"`
	}
	if err := json.Unmarshal(r.Body, &q); err != nil {
		return wrong("", "", "We could not parse the JSON body of your request: %v", err)
	}
	if q.Model == "" {
		return wrong("model", "", "you must provide a model parameter")
	}
	for _, id := range []string{q.Training, q.Validation} {
		if f := s.files[id]; id != "" && (f == nil || f.purpose != "fine-tune") || id == q.Training && f == nil {
			return wrong("training_file", "invalid_value", "invalid file: %q", id)
		}
	}
	j := &job{
		id: fmt.Sprintf("ftjob-%d", len(s.jobs)+1), status: "validating_files", model: q.Model, suffix: q.Suffix,
		training: q.Training, validation: q.Validation, seed: q.Seed, request: bytes.Clone(r.Body),
	}
	j.tune = strings.TrimSuffix(fmt.Sprintf("ft:%s:openaitest:%s:%s", q.Model, q.Suffix, strings.TrimPrefix(j.id, "ftjob-")), ":")
	s.jobs[j.id] = j
	j.tell("info", "Created fine-tuning job: "+j.id, nil)
	return ok(j.word(s.options.Tuning))
}

func (j *job) ended() bool {
	return j.status == "succeeded" || j.status == "failed" || j.status == "cancelled"
}

func (j *job) tell(level, message string, data map[string]any) {
	kind := "message"
	if data != nil {
		kind = "metrics"
	}
	j.events = append(j.events, map[string]any{
		"object": "fine_tuning.job.event", "id": fmt.Sprintf("ftevent-%s-%d", j.id, len(j.events)+1), "created_at": created + len(j.events),
		"level": level, "message": message, "type": kind, "data": data,
	})
}

// advance goes on by one step.
func (j *job) advance(t Tuning) {
	steps := t.Steps
	if steps == 0 {
		steps = 3
	}
	switch {
	case j.status == "validating_files":
		j.status = "queued"
		j.tell("info", "Files validated, moving job to queued state", nil)
	case j.status == "queued":
		j.status = "running"
		j.tell("info", "Fine-tuning job started", nil)
	case j.status == "running" && j.step < steps:
		j.step++
		loss := 1 / float64(j.step)
		j.tell("info", fmt.Sprintf("Step %d/%d: training loss=%.2f", j.step, steps, loss), map[string]any{"step": j.step, "total_steps": steps, "train_loss": loss})
	case j.status == "running" && t.Fail != "":
		j.status = "failed"
		j.tell("error", t.Fail, nil)
	case j.status == "running" && !t.Stuck:
		j.status = "succeeded"
		j.tell("info", "The job has successfully completed", nil)
	}
}

func (j *job) word(t Tuning) map[string]any {
	out := map[string]any{
		"id": j.id, "object": "fine_tuning.job", "created_at": created, "finished_at": nil, "model": j.model, "fine_tuned_model": nil,
		"organization_id": "org-test", "status": j.status, "training_file": j.training, "validation_file": nil, "result_files": []string{},
		"trained_tokens": nil, "error": nil, "seed": j.seed, "hyperparameters": map[string]any{"n_epochs": "auto"},
	}
	if j.validation != "" {
		out["validation_file"] = j.validation
	}
	switch j.status {
	case "succeeded":
		out["finished_at"], out["fine_tuned_model"], out["trained_tokens"] = created+3600, j.tune, 1234
	case "failed":
		out["error"] = map[string]any{"code": "invalid_training_file", "param": "training_file", "message": t.Fail}
	}
	return out
}

// list pages through events, newest first.
func (j *job) list(query string) *Behaviour {
	q, err := url.ParseQuery(query)
	if err != nil {
		return wrong("", "", "query: %v", err)
	}
	limit := 20
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > 0 {
		limit = min(n, 100)
	}
	at := len(j.events) - 1
	if after := q.Get("after"); after != "" {
		for at >= 0 && j.events[at]["id"] != after {
			at--
		}
		if at--; at < -1 {
			return wrong("after", "", "no such event: %s", after)
		}
	}
	page := []any{}
	for ; at >= 0 && len(page) < limit; at-- {
		page = append(page, j.events[at])
	}
	return ok(map[string]any{"object": "list", "data": page, "has_more": at >= 0})
}
