package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strings"
)

// screens of the phone page, a folder each.
var screens = []string{
	"welcome", "install", "name", "notify", "digits", "ready",
	"request", "report", "said", "home", "history", "change", "stop", "settings", "move",
}

// phone is what a browser gets of the phone page beside its assets.
type phone struct{ page, worker, manifest http.Handler }

// phoneView adds to view what its scripts import, so that a browser need not
// read one to learn of the next.
type phoneView struct {
	view
	Screens, Modules []string
}

func (d drawer) phone(a assets) phone {
	policy := phonePolicy(origins(d.config.FrameAncestors))
	page := d.drawPhone(a)
	return phone{
		page:     file{newBody(page), "text/html; charset=utf-8", map[string]string{"Content-Security-Policy": policy, "Cache-Control": "no-store"}, http.StatusOK},
		manifest: file{newBody(d.drawManifest()), "application/manifest+json", map[string]string{"Cache-Control": "no-cache"}, http.StatusOK},
		// Without the header a worker could not have /phone itself in its scope.
		worker: file{newBody(d.drawWorker(a, page, policy)), "text/javascript; charset=utf-8", map[string]string{"Cache-Control": "no-cache", "Service-Worker-Allowed": d.base + "/phone"}, http.StatusOK},
	}
}

// drawPhone puts all screens into one page, so that they are there offline and
// one follows the other without a wait.
func (d drawer) drawPhone(a assets) []byte {
	t := template.New("phone.html")
	var all strings.Builder
	names := []string{"phone/phone.html"}
	for _, name := range screens {
		names = append(names, "phone/"+name+"/"+name+".html")
		all.WriteString(`{{template "` + name + `.html" .}}`)
	}
	template.Must(t.ParseFS(files, names...))
	template.Must(t.New("screens").Parse(all.String()))
	v := phoneView{view: d.view(words{}), Screens: screens}
	for name := range a.files {
		if ofPhone(name) && path.Ext(name) == ".mjs" {
			v.Modules = append(v.Modules, name)
		}
	}
	slices.Sort(v.Modules)
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		panic("web: phone page: " + err.Error())
	}
	return b.Bytes()
}

// shell is what the worker keeps for a page without a network.
type shell struct {
	Version string            `json:"version"`
	Base    string            `json:"base"`
	Page    string            `json:"page"`
	Files   []string          `json:"files"`
	Words   map[string]string `json:"words"`
	Icon    string            `json:"icon"`
	Badge   string            `json:"badge"`
}

// drawWorker writes what to keep before the worker's script. The version is
// another one whenever the page, its policy or an asset is: then browsers see a
// new worker and fetch everything anew.
func (d drawer) drawWorker(a assets, page []byte, policy string) []byte {
	sum := sha256.Sum256([]byte(a.digest + "\x00" + policy + "\x00" + string(page)))
	s := shell{
		Version: hex.EncodeToString(sum[:])[:16], Base: d.base, Page: d.base + "/phone", Words: map[string]string{},
		Icon: d.assets + "/phone/icons/icon-192.png", Badge: d.assets + "/phone/icons/badge.png",
	}
	for name := range a.files {
		language, isWords := strings.CutSuffix(path.Base(name), ".json")
		if isWords {
			s.Words[language] = d.assets + "/" + name
		}
		if ofPhone(name) {
			s.Files = append(s.Files, d.assets+"/"+name)
		}
	}
	slices.Sort(s.Files)
	return slices.Concat([]byte("const shell = "), mustJSON(s), []byte(";\n"), mustRead("phone/worker.js"))
}

// ofPhone says whether an asset is one that the phone page needs; the
// countdown is the waiting screen's.
func ofPhone(name string) bool {
	for _, part := range []string{"phone/", "words/", "page/", "waiting/clock.mjs"} {
		if strings.HasPrefix(name, part) {
			return true
		}
	}
	return false
}

// icon of a web app manifest (W3C Web Application Manifest).
type icon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

// drawManifest makes the page installable. Its id never changes, or an
// installed page would be another app after an upgrade.
func (d drawer) drawManifest() []byte {
	here := d.base + "/phone"
	png := func(size string) icon {
		return icon{d.assets + "/phone/icons/icon-" + strings.Split(size, "x")[0] + ".png", size, "image/png", "any maskable"}
	}
	return mustJSON(map[string]any{
		"id": here, "start_url": here, "scope": here, "display": "standalone", "orientation": "portrait",
		"name": d.config.ServerName, "short_name": d.config.ServerName,
		"background_color": "#f5f4ef", "theme_color": "#f5f4ef",
		"icons": []icon{{d.assets + "/page/mark.svg", "any", "image/svg+xml", "any"}, png("192x192"), png("512x512")},
	})
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("web: phone page: " + err.Error())
	}
	return raw
}

func mustRead(name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic("web: embedded files: " + err.Error())
	}
	return content
}

// file answers with bytes that were drawn at the start.
type file struct {
	content body
	kind    string
	headers map[string]string
	status  int
}

func (f file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.kind)
	for name, value := range f.headers {
		w.Header().Set(name, value)
	}
	f.content.send(w, r, f.status)
}
