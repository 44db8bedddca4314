// Package noscript draws pages for browsers without script, as forms and links:
// the waiting screen, set-up, the way to a new phone, a person's own sign-in security, and the
// page of a notice.
//
//	GET  U/waiting/<id>/enter/<entry>   spends the entry, leaves the token in a
//	                                    cookie of the page, leads to the page
//	POST U/waiting/<id>                 does the same for whoever pastes an address
//	                                    with a fragment, which no browser sends
//	GET  U/waiting/<id>                 the page as it stands, by that cookie
//	POST U/waiting/<id>/code            a step; then back to the page
//
// It is a browser's client of the API and holds no rule of its own: each request
// asks the API in the same process, with the token from the cookie and the
// address of whoever asks, so that guards, limits and refusals are those that a
// script meets. What a script remembers while it runs (since when a phone is
// asked, what the last step came to) is in a second cookie of the page.
//
// What it refuses: a form that another site made the browser send, an entry for
// whoever only prefetches, and every script.
package noscript

import (
	"html/template"
	"io/fs"
	"net/http"
	"time"
)

// Words speak one language.
type Words interface {
	// T writes a sentence with its values, as pairs of name and value.
	T(key string, values ...any) (template.HTML, error)
	// Text is T as text, for what cannot hold markup.
	Text(key string, values ...any) string
	// Has reports whether there is such a sentence.
	Has(key string) bool
	// OneOf lists names as alternatives.
	OneOf(names []string) string
	// AllOf lists them all.
	AllOf(names []string) string
}

// Config is what the pages need. All fields but Base and Now are required.
type Config struct {
	// API answers under /v1.
	API http.Handler
	// Files hold the templates: page/page.html and noscript.html of each page.
	Files fs.FS
	// Origin is the public URL's, e.g. "https://countersign.example.com"; Base
	// its path, "" or "/login".
	Origin, Base string
	// Assets is where a page finds its styles.
	Assets     string
	ServerName string
	// Words chooses by an Accept-Language.
	Words func(accept string) (language string, words Words)
	// Headers are the security headers of these pages.
	Headers map[string]string
	// Questions are the ids of the security questions; their words are
	// page.question.<id>.
	Questions []string
	Now       func() time.Time
}

// Server answers for the pages.
type Server struct {
	config Config
	pages  map[string]*template.Template
	forms  *http.CrossOriginProtection
}

// kind is a page as it is without script.
type kind struct {
	// folder of its template; resource is what its token opens at the API.
	folder, resource string
	// enters: there are links that let a browser in.
	enters bool
	show   func(*visit)
	// steps are what its forms can ask for.
	steps map[string]func(*visit)
}

// kinds are all pages, by the first part of their path.
func (s *Server) kinds() map[string]kind {
	return map[string]kind{
		"waiting":  {"waiting", "approvals", true, s.waiting, s.waitingSteps()},
		"set-up":   {"setup", "pairings", true, s.setUp, s.setUpSteps()},
		"recovery": {"recovery", "recoveries", false, s.recovery, map[string]func(*visit){"set-up": s.openRecovery}},
		"security": {"security", "security-pages", true, s.security, s.securitySteps()},
		"stop":     {"notice", "notices", false, s.notice, map[string]func(*visit){"stop": s.stop}},
	}
}

// New makes a Server. It panics when an embedded template is broken.
func New(c Config) *Server {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{config: c, pages: map[string]*template.Template{}, forms: http.NewCrossOriginProtection()}
	// An origin of our own that the protection would refuse is a broken one.
	if err := s.forms.AddTrustedOrigin(c.Origin); err != nil {
		panic("noscript: origin: " + err.Error())
	}
	for page, k := range s.kinds() {
		s.pages[page] = template.Must(template.ParseFS(c.Files, "page/page.html", "page/no-script.html", "page/icons.html", "noscript/forms.html", k.folder+"/noscript.html"))
	}
	s.pages["closed"] = template.Must(template.ParseFS(c.Files, "page/page.html", "page/no-script.html", "noscript/closed.html"))
	return s
}

// maxForm bounds the body of a form in bytes; ten recovery codes are the most
// that one holds.
const maxForm = 16 << 10

// Handler adds to the pages of scripts, which are theirs whose browser holds no
// token of them.
func (s *Server) Handler(scripted http.Handler) http.Handler {
	mux := http.NewServeMux()
	for page, k := range s.kinds() {
		mux.HandleFunc("GET /"+page+"/{id}", s.orScripted(page, k, scripted))
		mux.Handle("POST /"+page+"/{id}", s.forms.Handler(s.paste(page, k)))
		if k.enters {
			mux.HandleFunc("GET /"+page+"/{id}/enter/{entry}", s.enter(page, k.resource))
		}
		for step, do := range k.steps {
			mux.Handle("POST /"+page+"/{id}/"+step, s.forms.Handler(s.step(page, do)))
		}
	}
	mux.HandleFunc("GET /set-up/{id}/qr", s.picture)
	mux.Handle("/", scripted)
	return mux
}

// orScripted gives the page without script to whoever holds its cookie.
func (s *Server) orScripted(page string, k kind, scripted http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if v, ok := s.visit(page, w, r); ok {
			k.show(v)
			return
		}
		scripted.ServeHTTP(w, r)
	}
}

// step does what a form asks. Whoever holds no cookie is led to the page, which
// says how to come by one.
func (s *Server) step(page string, do func(*visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		v, ok := s.visit(page, w, r)
		if !ok {
			http.Redirect(w, r, s.config.Base+"/"+page+"/"+r.PathValue("id"), http.StatusSeeOther)
			return
		}
		if err := r.ParseForm(); err != nil {
			http.Error(w, "the form cannot be read", http.StatusBadRequest)
			return
		}
		do(v)
	}
}
