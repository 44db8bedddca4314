package noscript

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// paste opens a page for a browser whose person pastes its address: no browser
// sends the fragment with the secret, but a person can. So a link from a mail or
// from the help desk works too, and an application need not have known.
func (s *Server) paste(page string, k kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		id, token := r.PathValue("id"), fragmentOf(r.PostFormValue("address"))
		if !isName(id) || !isName(token) {
			s.refuseAddress(w, r, page)
			return
		}
		life, err := s.lifeOf(r, k.resource, id, token)
		switch {
		case err == nil:
		case kindOf(err) == "unauthorized":
			s.refuseAddress(w, r, page)
			return
		default:
			s.close(w, r, kindOf(err))
			return
		}
		s.secured(w)
		path := s.path(page, id)
		s.keep(w, path, page, token, life)
		s.keep(w, path, "note", note{Asked: s.config.Now()}.String(), noteLife)
		http.Redirect(w, r, path, http.StatusSeeOther)
	}
}

// fragmentOf takes the secret from an address, or from what was left of it.
func fragmentOf(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	return u.Fragment
}

func (s *Server) refuseAddress(w http.ResponseWriter, r *http.Request, page string) {
	s.show(w, r, "closed", http.StatusUnprocessableEntity, s.words(r), closed{Why: "address", Again: s.path(page, r.PathValue("id"))})
}

// lifeOf asks whether a token opens what it should, and for how long that is.
func (s *Server) lifeOf(r *http.Request, resource, id, token string) (time.Duration, error) {
	path := "/v1/" + resource + "/" + id
	if resource == "approvals" {
		path += "/stream"
	}
	var state struct {
		EndsAt    time.Time `json:"ends_at"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := s.ask(r, token, http.MethodGet, path, nil, &state); err != nil {
		return 0, err
	}
	ends := state.EndsAt
	if ends.IsZero() {
		ends = state.ExpiresAt
	}
	// What is over can still be looked at for a while.
	return min(max(ends.Sub(s.config.Now()), 0), longest) + keptAfter, nil
}

// longest is above the life of whatever a page is about: a new phone may have to
// wait for a week, and is then open for days.
const longest = 30 * 24 * time.Hour
