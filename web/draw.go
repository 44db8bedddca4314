package web

import (
	"bytes"
	"html/template"
	"net/http"

	"countersign/enrolments"
)

// drawer draws each page once in each language; afterwards a page is bytes.
type drawer struct {
	config Config
	base   string // path of the public URL, "" or "/login"
	assets string // where the page finds its scripts and styles
}

// view is all that a template may see.
type view struct {
	words
	Server string
	Base   string
	Assets string
	Demo   bool
	// Questions are the ids of the security questions.
	Questions []enrolments.QuestionID
	// Sentences are those that the page's script may say.
	Sentences map[string]sentence
}

func (d drawer) view(w words) view {
	return view{words: w, Server: d.config.ServerName, Base: d.base, Assets: d.assets, Demo: d.config.Demo, Questions: enrolments.Questions()}
}

// page answers with the page of that name, in the language that suits whoever
// asks. A page that says something that its catalogue lacks panics here, before
// the server serves anything.
func (d drawer) page(name string) http.Handler {
	kind, headers := "text/html; charset=utf-8", map[string]string{"Cache-Control": "no-store"}
	status := http.StatusOK
	if name == "missing" {
		status = http.StatusNotFound
	}
	t := template.Must(template.ParseFS(files, "page/page.html", "page/icons.html", "page/no-script.html", "forms/*.html", folderOf(name)+"/"+name+".html"))
	drawn := map[string]file{}
	for language, w := range loadWords() {
		v := d.view(w)
		if name != "missing" { // it has no script
			v.Sentences = w.of(name)
		}
		drawn[language] = file{newBody(draw(t, v)), kind, headers, status}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		language := preferred(r.Header.Get("Accept-Language"))
		w.Header().Add("Vary", "Accept-Language")
		w.Header().Set("Content-Language", language)
		drawn[language].ServeHTTP(w, r)
	})
}

func draw(t *template.Template, v view) []byte {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page.html", v); err != nil {
		panic("web: " + err.Error())
	}
	return b.Bytes()
}

// folderOf is the page's own folder; the page for a lost address has no script
// and lies with what all pages share.
func folderOf(name string) string {
	if name == "missing" {
		return "page"
	}
	return name
}
