// Package northwind is Northwind Books, a sample application: sign-in by name
// and password, then a second factor from a Countersign server. It uses the
// standard library alone and is meant to be copied from. Three calls make the
// second factor: ask and redeem in countersign.go, and the check of the result
// token in token.go.
//
//	POST /sign-in    password right ─▶ ask ─▶ browser goes to the waiting screen
//	                                       └─▶ or to set-up, if nothing is set up
//	POST /security   signed in ─▶ the person's own security page there
//	GET  /signed-in  browser is back ─▶ is it the sign-in this session began?
//	                                 ─▶ redeem ─▶ check the token ─▶ signed in
//
// A person may trust a browser for a time: trust.go keeps the token that the
// server hands out then, and password.go ends all trust with a new password.
//
// It refuses to sign anybody in on the browser's word: only what the server
// says to this application's key counts. No answer is a no.
//
// What a real application has in other places is kept small here: passwords
// come as they are instead of hashed, and sessions live in memory.
package northwind

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ReturnPath is where a browser comes back to. PublicURL with this path has to
// be registered as a return URL of the application.
const ReturnPath = "/signed-in"

// Config is what the application needs. All but HTTPClient and FrameAncestors
// is required.
type Config struct {
	CountersignURL string // the server, without a trailing slash
	// Issuer is the server's public URL, which browsers are sent to and result
	// tokens name; empty is CountersignURL.
	Issuer     string
	APIKey     string            // cs_<application>_<secret>
	PublicURL  string            // where browsers reach this application
	HTTPClient *http.Client      // to the server; nil is one with a 10 s limit
	People     map[string]Person // by name
	// FrameAncestors are origins that may show the application in a frame.
	FrameAncestors []string
}

type app struct {
	config   Config
	server   *countersign
	sessions *sessions
	people   *people
}

//go:embed pages
var files embed.FS

var pages = template.Must(template.ParseFS(files, "pages/*.html"))

// New builds the application. Its error names the setting that is wrong.
func New(c Config) (http.Handler, error) {
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	public, err := url.Parse(c.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errors.New("northwind: public URL is not an absolute URL")
	}
	if len(c.People) == 0 {
		return nil, errors.New("northwind: nobody can sign in: no people")
	}
	server, err := newCountersign(c)
	if err != nil {
		return nil, err
	}
	a := &app{config: c, server: server, sessions: newSessions(public.Scheme == "https"), people: newPeople(c.People)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /sign-in", a.signInPage)
	mux.HandleFunc("POST /sign-in", a.signIn)
	mux.HandleFunc("GET "+ReturnPath, a.signedIn)
	mux.HandleFunc("POST /security", a.security)
	mux.HandleFunc("POST /sign-out", a.signOut)
	mux.HandleFunc("GET /password", a.passwordPage)
	mux.HandleFunc("POST /password", a.changePassword)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /style.css", file("style.css"))
	mux.HandleFunc("GET /logo.png", file("logo.png"))
	// Refuses forms that another site made the browser send (CSRF).
	return a.headers(http.NewCrossOriginProtection().Handler(mux)), nil
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	s := a.sessions.of(r)
	if s.user == "" {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return
	}
	a.shelf(w, http.StatusOK, s, "")
}

// shelf shows the books, with a sentence above them where there is one.
func (a *app) shelf(w http.ResponseWriter, status int, s session, told string) {
	show(w, status, "books.html", struct {
		session
		Told string
	}{s, told})
}

// security leads whoever is signed in to the page where they see and change how
// they sign in, or set something up. It is for them alone, so nobody else's name is ever asked for.
func (a *app) security(w http.ResponseWriter, r *http.Request) {
	s := a.sessions.of(r)
	if s.user == "" {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return
	}
	page, err := a.server.security(r.Context(), s.user, a.config.PublicURL+ReturnPath, r.PostFormValue("without_script") != "")
	if err != nil {
		a.shelf(w, http.StatusServiceUnavailable, s, "Your sign-in security can’t be shown right now. Please try again in a minute.")
		return
	}
	http.Redirect(w, r, page, http.StatusSeeOther)
}

// signInPage also says what became of a sign-in that this browser began and
// came back from without a result.
func (a *app) signInPage(w http.ResponseWriter, r *http.Request) {
	s := a.sessions.of(r)
	if s.user != "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	a.refuse(w, http.StatusOK, a.whatBecameOf(r, s.begun))
}

func (a *app) whatBecameOf(r *http.Request, begun begun) string {
	if begun.approval == "" {
		return ""
	}
	state, err := a.server.read(r.Context(), begun.approval)
	if err != nil {
		return ""
	}
	return became(state)
}

func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	user := r.PostFormValue("name")
	person, right := a.people.know(user, r.PostFormValue("password"))
	if !right {
		a.refuse(w, http.StatusUnauthorized, "That name and password don’t belong together.")
		return
	}
	asked, err := a.server.ask(r.Context(), request{
		User: user, Role: person.Role, Trusted: a.trusted(r, user), ReturnURL: a.config.PublicURL + ReturnPath,
		WithoutScript: r.PostFormValue("without_script") != "", // of the form's noscript element
		Context:       where{IP: address(r), UserAgent: first(r.UserAgent(), 512), Action: "Sign in"},
	})
	if err != nil {
		a.refuse(w, http.StatusServiceUnavailable, sorry(err))
		return
	}
	// The password alone opens nothing: the session only knows what was begun.
	a.sessions.start(w, r, session{begun: begun{user: user, approval: asked.ID, due: asked.RequiredFrom}})
	http.Redirect(w, r, asked.next(), http.StatusSeeOther)
}

func (a *app) signedIn(w http.ResponseWriter, r *http.Request) {
	s, id := a.sessions.of(r), r.FormValue("approval_id")
	begun := s.begun
	if id == "" && !r.Form.Has("result_code") { // back from the security page, or from set-up
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	// Without this comparison a stranger could send somebody a link that signs
	// them in as the stranger, or carry another person's result over here.
	if begun.approval == "" || id != begun.approval {
		a.refuse(w, http.StatusForbidden, "That is not the sign-in which this browser began. Please sign in again.")
		return
	}
	if !r.Form.Has("result_code") { // not approved: the person wants to start again
		a.refuse(w, http.StatusOK, a.whatBecameOf(r, begun))
		return
	}
	result, err := a.server.redeem(r.Context(), id, first(r.FormValue("result_code"), 256))
	if err != nil {
		a.refuse(w, http.StatusForbidden, sorry(err))
		return
	}
	claims, err := a.server.check(r.Context(), result.Token, time.Now())
	if err != nil || claims.Transaction != id || claims.Subject != begun.user || result.Approval.State != "approved" {
		a.refuse(w, http.StatusForbidden, "Countersign’s answer does not fit this sign-in. Please sign in again.")
		return
	}
	a.keepTrust(w, claims.Subject, result.Trusted)
	a.sessions.start(w, r, session{user: claims.Subject, method: claims.Method, due: begun.due})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) signOut(w http.ResponseWriter, r *http.Request) {
	a.sessions.end(w, r)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// address is the browser's. Behind a proxy it is the one that the proxy adds to
// X-Forwarded-For; what the browser itself writes there is worth nothing.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

func first(s string, bytes int) string {
	return strings.ToValidUTF8(s[:min(len(s), bytes)], "")
}
