package demo

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"
)

//go:embed page
var files embed.FS

var shell = template.Must(template.ParseFS(files, "page/shell.html"))

// pages is the one page to open, with the sample application in one frame and
// the phone in the other.
func (d *demo) pages(set *handset) http.Handler {
	assets, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self' " + d.shop + " " + d.server
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		headers(w, policy)
		d.show(w, frames{Left: d.shop + "/", Phone: "/phone", Stub: true})
	})
	mux.HandleFunc("GET /phone-page", func(w http.ResponseWriter, r *http.Request) {
		headers(w, policy)
		s, err := d.firstSetUp(r.Context())
		if err != nil {
			d.options.Log.Error("set-up", "error", err)
			http.Error(w, "the set-up could not be opened", http.StatusInternalServerError)
			return
		}
		d.show(w, frames{Left: d.server + "/set-up/" + s.ID + "#" + s.Token, Phone: s.PairURL})
	})
	mux.HandleFunc("GET /phone", func(w http.ResponseWriter, r *http.Request) {
		headers(w, "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'self'")
		http.ServeFileFS(w, r, assets, "phone.html")
	})
	mux.HandleFunc("GET /mail", d.serveList)
	mux.HandleFunc("GET /mail/{id}", d.serveLetter)
	mux.HandleFunc("GET /phone/state", set.serveState)
	mux.HandleFunc("POST /phone/tap", set.serveTap)
	for _, name := range []string{"shell.css", "mail.css", "phone.css", "phone.mjs", "mark.svg"} {
		mux.HandleFunc("GET /page/"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, assets, name)
		})
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

// frames is what the page to open shows: a browser and a phone. Stub says that
// the phone is the simulated one, whose keys are in this process; else it is
// the installable page of the server, whose keys are in the browser.
type frames struct {
	Left, Phone  string
	Stub         bool
	Shop, Server string
}

func (d *demo) show(w http.ResponseWriter, f frames) {
	f.Shop, f.Server = d.shop, d.server
	if err := shell.Execute(w, f); err != nil {
		d.options.Log.Error("page", "error", err)
	}
}

func headers(w http.ResponseWriter, policy string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy+"; base-uri 'none'; form-action 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}
