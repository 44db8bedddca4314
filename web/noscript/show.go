package noscript

import (
	"bytes"
	"net/http"
	"strconv"
	"time"
)

// page is all that a template may see.
type page struct {
	Words
	Language, Server, Base, Assets string
	// Sentences are for scripts; there are none here.
	Sentences any
	// Path is the page's own, with the base.
	Path   string
	Screen any
}

// secured sets what all answers here have.
func (s *Server) secured(w http.ResponseWriter) {
	for name, value := range s.config.Headers {
		w.Header().Set(name, value)
	}
	w.Header().Set("Cache-Control", "no-store")
}

// words are in the language of whoever asks.
func (s *Server) words(r *http.Request) Words {
	_, w := s.config.Words(r.Header.Get("Accept-Language"))
	return w
}

// show draws a page that says what it says by words.
func (s *Server) show(w http.ResponseWriter, r *http.Request, name string, status int, words Words, screen any) {
	language, _ := s.config.Words(r.Header.Get("Accept-Language"))
	var b bytes.Buffer
	err := s.pages[name].ExecuteTemplate(&b, "page.html", page{
		Words: words, Language: language, Server: s.config.ServerName, Base: s.config.Base, Assets: s.config.Assets,
		Path: s.path(name, r.PathValue("id")), Screen: screen,
	})
	s.secured(w)
	if name == "closed" { // an entry may stand in its address
		w.Header().Set("Referrer-Policy", "no-referrer")
	}
	if err != nil {
		// A sentence that is in no catalogue; tests draw every screen.
		http.Error(w, "this page cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Vary", "Accept-Language")
	w.Header().Set("Content-Language", language)
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// lookAgain has the browser load url by itself. Never on a page where something
// is typed.
func lookAgain(w http.ResponseWriter, after time.Duration, url string) {
	w.Header().Set("Refresh", strconv.Itoa(int(after/time.Second))+"; url="+url)
}
