package web

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

// types are the kinds of file that leave the house. Templates, tests and the
// words of pages lie beside them and do not.
var types = map[string]string{
	".css":  "text/css; charset=utf-8",
	".json": "application/json",
	".mjs":  "text/javascript; charset=utf-8",
	".png":  "image/png",
	".svg":  "image/svg+xml",
}

// assets serves scripts, styles and pictures under one digest of them all. One
// script imports another by a relative path, so a page never mixes two
// versions, and whatever has the digest in its path may be kept for good.
type assets struct {
	files  map[string]body // by path: "waiting/waiting.mjs"
	digest string
}

// loadAssets reads them once: they are part of the program.
var loadAssets = sync.OnceValue(func() assets {
	a := assets{files: map[string]body{}}
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || types[path.Ext(name)] == "" || strings.HasSuffix(name, ".test.mjs") || isCatalogue(name) {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		a.files[name] = newBody(content)
		sum.Write([]byte(name + "\x00"))
		sum.Write(content)
		return nil
	})
	if err != nil {
		panic("web: embedded files: " + err.Error())
	}
	a.digest = hex.EncodeToString(sum.Sum(nil))[:16]
	return a
})

func (a assets) prefix() string { return "/assets/" + a.digest }

func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	content, ok := a.files[name]
	if !ok {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	// While nodes are upgraded one by one, a page of one asks another. It gets
	// what is here, for this once.
	keep := "no-store"
	if r.PathValue("digest") == a.digest {
		keep = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Cache-Control", keep)
	w.Header().Set("Content-Type", types[path.Ext(name)])
	content.send(w, r, http.StatusOK)
}
