package duo

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// format is how a reply is written.
type format int

const (
	asJSON format = iota
	asBSON
)

// envelope is a reply that is no failure.
type envelope struct {
	Stat     string `json:"stat"`
	Response any    `json:"response"`
}

// reply writes what a call came to.
func (s *Server) reply(w http.ResponseWriter, f format, response any, err error) {
	if err == nil {
		s.write(w, f, http.StatusOK, envelope{"OK", response})
		return
	}
	p, known := problemOf(err)
	if !known {
		s.config.Log.Error("a call of the Duo Auth API failed", "error", err)
	}
	status := p.Code / 100
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	s.write(w, f, status, p)
}

// retryAfter is when to try again after too many at once, in seconds.
const retryAfter = 2

func (s *Server) write(w http.ResponseWriter, f format, status int, body any) {
	raw, err := encode(f, body)
	if err != nil {
		s.config.Log.Error("a reply could not be written", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", map[format]string{asJSON: "application/json", asBSON: "application/bson"}[f])
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(raw)
}

func encode(f format, body any) ([]byte, error) {
	if f == asJSON {
		return json.Marshal(body)
	}
	switch b := body.(type) {
	case envelope:
		return document(map[string]any{"stat": b.Stat, "response": b.Response})
	case problem:
		return document(map[string]any{"stat": b.Stat, "code": int32(b.Code), "message": b.Message})
	}
	return nil, errKind
}
