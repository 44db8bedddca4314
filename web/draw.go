package web

import (
	"bytes"
	"html/template"
	"net/http"
)

// drawer draws each page once; afterwards a page is bytes.
type drawer struct {
	config Config
	base   string // path of the public URL, "" or "/login"
	assets string // where the page finds its scripts and styles
}

// view is all that a template may see.
type view struct {
	Server string
	Base   string
	Assets string
	Demo   bool
}

func (d drawer) page(name string) http.Handler {
	t := template.Must(template.ParseFS(files, "page/page.html", folderOf(name)+"/"+name+".html"))
	var b bytes.Buffer
	err := t.ExecuteTemplate(&b, "page.html", view{
		Server: d.config.ServerName, Base: d.base, Assets: d.assets, Demo: d.config.Demo,
	})
	if err != nil {
		panic("web: page " + name + ": " + err.Error())
	}
	status := http.StatusOK
	if name == "missing" {
		status = http.StatusNotFound
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		w.Write(b.Bytes())
	})
}

// folderOf is the page's own folder; the page for a lost address has no script
// and lies with what all pages share.
func folderOf(name string) string {
	if name == "missing" {
		return "page"
	}
	return name
}
