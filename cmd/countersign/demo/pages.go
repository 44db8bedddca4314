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
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		headers(w, "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self' "+d.shop+" "+d.server)
		if err := shell.Execute(w, struct{ Shop, Server string }{d.shop, d.server}); err != nil {
			d.options.Log.Error("page", "error", err)
		}
	})
	mux.HandleFunc("GET /phone", func(w http.ResponseWriter, r *http.Request) {
		headers(w, "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'self'")
		http.ServeFileFS(w, r, assets, "phone.html")
	})
	mux.HandleFunc("GET /phone/state", set.serveState)
	mux.HandleFunc("POST /phone/tap", set.serveTap)
	for _, name := range []string{"shell.css", "phone.css", "phone.mjs", "mark.svg"} {
		mux.HandleFunc("GET /page/"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, assets, name)
		})
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

func headers(w http.ResponseWriter, policy string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy+"; base-uri 'none'; form-action 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}
