package noscript

import (
	"net/http"
	"strings"
	"time"
)

// enter spends the entry of a link and leads to the page. resource is what the
// API calls what the page is about.
func (s *Server) enter(page, resource string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.secured(w)
		// The path holds a secret until it is spent.
		w.Header().Set("Referrer-Policy", "no-referrer")
		id, entry := r.PathValue("id"), r.PathValue("entry")
		switch {
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusNoContent) // whoever only looks gets nothing and spends nothing
		case ahead(r):
			w.WriteHeader(http.StatusServiceUnavailable) // the browser asks again when the person comes
		case !isName(id) || !isName(entry):
			s.close(w, r, "unauthorized")
		case s.entered(page, r):
			http.Redirect(w, r, s.path(page, id), http.StatusSeeOther)
		default:
			s.trade(w, r, page, "/v1/"+resource+"/"+id+"/enter", entry)
		}
	}
}

// ahead reports whether a browser fetches what its person may open next.
func ahead(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(r.Header.Get(name)), "prefetch") {
			return true
		}
	}
	return false
}

// entered reports whether this browser has been let in already, as when its
// person goes back.
func (s *Server) entered(page string, r *http.Request) bool {
	_, err := r.Cookie(s.cookie(page))
	return err == nil
}

func (s *Server) trade(w http.ResponseWriter, r *http.Request, page, path, entry string) {
	var got struct {
		Token  string    `json:"token"`
		EndsAt time.Time `json:"ends_at"`
	}
	if err := s.ask(r, entry, http.MethodPost, path, nil, &got); err != nil {
		s.close(w, r, kindOf(err))
		return
	}
	path, at := s.path(page, r.PathValue("id")), place{}
	s.keep(w, path, page, got.Token, got.EndsAt.Sub(s.config.Now()))
	s.keep(w, path, "note", note{Asked: s.config.Now()}.String(), noteLife)
	if _, err := r.Cookie(s.cookie(codeFirst)); err == nil && page == "waiting" {
		at.code = true
		s.keep(w, s.config.Base+"/waiting/", codeFirst, "", 0)
	}
	http.Redirect(w, r, path+at.String(), http.StatusSeeOther)
}

// codeFirst is the cookie of a person who wants to begin anew with a code; it
// is of all waiting screens, for the next is another one.
const codeFirst = "code-first"

// startWithCode leads back to the application, whence the next sign-in comes.
func (s *Server) startWithCode(v *visit, back string) {
	s.secured(v.w)
	s.keep(v.w, s.config.Base+"/waiting/", codeFirst, "yes", 5*time.Minute)
	http.Redirect(v.w, v.r, back, http.StatusSeeOther)
}

// close answers whoever is not let in. Wrong, spent and late are one answer.
func (s *Server) close(w http.ResponseWriter, r *http.Request, kind string) {
	status, why := http.StatusServiceUnavailable, "later"
	switch kind {
	case "unauthorized":
		status, why = http.StatusGone, "spent"
	case "too-many-requests":
		status, why = http.StatusTooManyRequests, "busy"
	}
	s.show(w, r, "closed", status, s.words(r), closed{Why: why})
}

// closed is a page with nothing to do on it.
type closed struct {
	// Why is "spent", "busy", "later" or "address".
	Why string
	// Again is where to look again; empty for the address that was asked for.
	Again string
}
