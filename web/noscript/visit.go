package noscript

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// visit is a request of a browser that holds the token of a page.
type visit struct {
	w    http.ResponseWriter
	r    *http.Request
	page string // "waiting", "set-up" or "recovery"
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

// noteLife is as long as the longest of what a note is about, a sign-in with
// its second life.
const noteLife = 15 * time.Minute

func (s *Server) remember(v *visit) {
	s.keep(v.w, s.path(v.page, v.id), "note", v.note.String(), noteLife)
}

// note is what a script would remember while it runs.
type note struct {
	// Asked is when the phones were last asked.
	Asked time.Time
	// Tries is how many tries of the number there were at first.
	Tries int
	// HeldBack: the server refused to ask again. Phoneless: the person has said
	// that the phone is not there. Trusted: and that this browser is to be
	// trusted, or that this cannot be.
	HeldBack, Phoneless, Trusted bool
	// Said is what came of the last step: "resent", or the kind of a problem.
	// Count goes with it: tries that are left, or seconds to wait. OfRecovery
	// says that it is about a recovery code.
	Said       string
	Count      int
	OfRecovery bool
	// Trial is the test request of a set-up: its id and token.
	Trial string
}

// String writes a note as a cookie keeps it.
func (n note) String() string {
	q := url.Values{}
	for name, value := range map[string]string{
		"asked": decimal(n.Asked.Unix()), "tries": decimal(int64(n.Tries)), "held": flag(n.HeldBack),
		"phoneless": flag(n.Phoneless), "trusted": flag(n.Trusted), "said": n.Said, "count": decimal(int64(n.Count)),
		"recovery": flag(n.OfRecovery), "trial": n.Trial,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}

// decimal leaves zero out: it is what is read where there is nothing.
func decimal(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func flag(on bool) string { return map[bool]string{true: "1"}[on] }

// parseNote reads a note, as far as it is one: whoever writes their own cookie
// misleads nobody else.
func parseNote(text string) note {
	q, _ := url.ParseQuery(text)
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	return note{
		Asked: time.Unix(number("asked"), 0), Tries: int(min(number("tries"), 10)), Count: int(min(number("count"), 24*3600)),
		HeldBack: q.Has("held"), Phoneless: q.Has("phoneless"), Trusted: q.Has("trusted"),
		Said: q.Get("said"), OfRecovery: q.Has("recovery"), Trial: q.Get("trial"),
	}
}
