package noscript

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// visit is a request of a browser that holds the token of a page.
type visit struct {
	w    http.ResponseWriter
	r    *http.Request
	page string // e.g. "waiting", "set-up"
	id   string
	// token is the page's, from its cookie.
	token string
	note  note
}

// visit reads the cookies of a page; false without its token.
func (s *Server) visit(page string, w http.ResponseWriter, r *http.Request) (*visit, bool) {
	v := &visit{w: w, r: r, page: page, id: r.PathValue("id")}
	token, err := r.Cookie(s.cookie(page))
	if err != nil || !isName(v.id) || !isName(token.Value) {
		return nil, false
	}
	v.token = token.Value
	if c, err := r.Cookie(s.cookie("note")); err == nil {
		v.note = parseNote(c.Value)
	}
	return v, true
}

// isName bounds ids, entries and tokens: 1 to 64 characters of base64url.
func isName(text string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return text != "" && len(text) <= 64 && strings.Trim(text, alphabet) == ""
}

// cookie is a name that no page over plain http can set where the server has
// https (RFC 6265bis, 4.1.3.1). Not __Host-: that wants the path of all pages.
func (s *Server) cookie(name string) string {
	if s.secure() {
		return "__Secure-countersign-" + name
	}
	return "countersign-" + name
}

func (s *Server) secure() bool { return strings.HasPrefix(s.config.Origin, "https://") }

// path is where a page lies, and all of its cookies.
func (s *Server) path(page, id string) string { return s.config.Base + "/" + page + "/" + id }

// keep leaves a cookie in the browser for what lies under path; one that has no
// life is taken away. Lax: the application leads here from another site.
func (s *Server) keep(w http.ResponseWriter, path, name, value string, life time.Duration) {
	c := http.Cookie{
		Name: s.cookie(name), Value: value, Path: path, MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	}
	if c.MaxAge <= 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, &c)
}

// back leads to the page again after a step, with what there is to remember.
func (s *Server) back(v *visit, at place) {
	s.remember(v)
	http.Redirect(v.w, v.r, s.path(v.page, v.id)+at.String(), http.StatusSeeOther)
}

// hopeless are the kinds of problem after which a page has nothing more to tell.
var hopeless = []string{"unauthorized", "pairing-not-found", "recovery-not-found", "not-found"}

// look reads what a page is about, at address and its id: nil for what is not
// there any more. Where the server cannot tell now, the page says so and ok is
// false.
func look[T any](s *Server, v *visit, address string, at place) (state *T, ok bool) {
	state = new(T)
	err := s.ask(v.r, v.token, http.MethodGet, address+v.id, nil, state)
	switch {
	case err == nil:
		return state, true
	case slices.Contains(hopeless, kindOf(err)):
		return nil, true
	}
	s.later(v, at)
	return nil, false
}
