// Package web serves the pages that people see: the waiting screen, set-up, the
// way to a new phone, my sign-in security, what a person was told of and how they
// stop it, and the phone page, an authenticator that a pairing link opens.
//
// A page is static: one template, its script, its style and its words in each
// language, side by side in one folder, embedded and drawn once a language at
// start. It holds no name, no token and no state. Which language a browser is
// given follows its Accept-Language; the script finds its words in the page, as
// data. The script reads the approval's or set-up's secret from the fragment,
// which no server ever sees, and asks the API with it. So this package refuses
// nobody and knows nobody: whoever opens a page without its secret is told how
// to come by one.
//
// What it refuses, on behalf of every page: scripts, styles, images and
// connections of any other origin, inline script and style, markup made from
// strings (Trusted Types), being framed by anybody who is not named, and being
// stored by caches. The page folder holds what all pages share.
//
// The phone page differs in three ways. It keeps an account's keys in the
// browser that opened it, where they cannot be exported. A worker keeps its
// files, so that codes come without a network. And its words lie in the words
// folder, whence it fetches and keeps them. It talks to its own server alone, so
// that a person of several servers installs a page of each; all their accounts
// at one server share one page.
package web

import (
	"embed"
	"net/http"
	"net/url"
	"strings"

	"countersign/enrolments"
	"countersign/web/noscript"
)

//go:embed page forms waiting setup recovery security notice phone words
//go:embed noscript/*.json noscript/*.html noscript/*.css
var files embed.FS

// Config is what the pages need to know of the server they belong to.
type Config struct {
	// PublicURL is where browsers reach the server: scheme, host, and perhaps a
	// path, without a trailing slash.
	PublicURL string
	// ServerName is what the organisation calls this server, shown at the foot
	// of each page. Empty means "Countersign".
	ServerName string
	// FrameAncestors are the origins ("https://host:port") that may show these
	// pages in a frame; none by default. An entry that is not an origin is left
	// out: a slip here must not open the pages to more than was meant.
	FrameAncestors []string
	// API answers under /v1; through it the pages without script ask. Without
	// one there are only those with a script.
	API http.Handler
	// Demo says that this is a demonstration's or a developer's server: while a
	// phone is paired, the command of the simulated phone is offered as well.
	Demo bool
}

// New builds the handler of all pages and their assets. It panics when an
// embedded template is broken, which no configuration can bring about.
func New(c Config) http.Handler {
	if c.ServerName == "" {
		c.ServerName = "Countersign"
	}
	base := ""
	if u, err := url.Parse(c.PublicURL); err == nil {
		base = strings.TrimSuffix(u.EscapedPath(), "/")
	}
	assets := loadAssets()
	draw := drawer{config: c, base: base, assets: base + assets.prefix()}

	missing := draw.page("missing")
	mux := http.NewServeMux()
	mux.Handle("GET /waiting/{id}", onlyIDs(draw.page("waiting"), missing))
	mux.Handle("GET /set-up/{id}", onlyIDs(draw.page("setup"), missing))
	mux.Handle("GET /recovery/{id}", onlyIDs(draw.page("recovery"), missing))
	mux.Handle("GET /security/{id}", onlyIDs(draw.page("security"), missing))
	mux.Handle("GET /stop/{id}", onlyIDs(draw.page("notice"), missing))
	phone := draw.phone(assets)
	mux.Handle("GET /pair", phone.page)
	mux.Handle("GET /phone", phone.page)
	mux.Handle("GET /phone/worker.js", phone.worker)
	mux.Handle("GET /phone/manifest.webmanifest", phone.manifest)
	mux.Handle("GET /assets/{digest}/{path...}", assets)
	mux.Handle("GET /", missing)
	return secured(headers(c), withoutScript(c, draw, mux))
}

// withoutScript puts the pages for browsers without script before the others.
func withoutScript(c Config, draw drawer, scripted http.Handler) http.Handler {
	if c.API == nil {
		return scripted
	}
	var questions []string
	for _, id := range enrolments.Questions() {
		questions = append(questions, string(id))
	}
	return noscript.New(noscript.Config{
		Questions: questions,
		API:       c.API, Files: files, Origin: originOf(c.PublicURL), Base: draw.base, Assets: draw.assets, ServerName: c.ServerName,
		Words: func(accept string) (string, noscript.Words) {
			language := preferred(accept)
			return language, loadWords()[language]
		},
		Headers: map[string]string{
			"Content-Security-Policy": noScriptPolicy(origins(c.FrameAncestors)),
			// A form is sent with its origin, which older browsers are told from
			// strangers by; the paths hold no secret.
			"Referrer-Policy": "same-origin",
		},
	}).Handler(scripted)
}

// onlyIDs lets through what can be an id at all: 1 to 64 characters of
// base64url. Whether it is one, the API says to whoever holds its secret.
func onlyIDs(page, missing http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isID(r.PathValue("id")) {
			page.ServeHTTP(w, r)
			return
		}
		missing.ServeHTTP(w, r)
	})
}

func isID(s string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return s != "" && len(s) <= 64 && strings.Trim(s, alphabet) == ""
}
