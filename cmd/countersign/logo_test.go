package main

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnApplicationIsGivenAPicture(t *testing.T) {
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	dir := t.TempDir()
	file := func(name string, raw []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, image.NewGray(image.Rect(0, 0, 64, 64))); err != nil {
		t.Fatal(err)
	}
	good, svg := file("good.png", raw.Bytes()), file("bad.svg", []byte("<svg/>"))
	verb(t, "app", "create", "shop", "--logo", good, keys, db)
	verb(t, "app", "create", "unix", "--duo", "--logo", good, keys, db)
	verb(t, "app", "set-logo", "shop", "none", keys, db)
	verb(t, "app", "set-logo", "shop", good, keys, db)
	trail := verb(t, "audit", "list", keys, db)
	if strings.Count(trail, "application.logo_set") != 4 {
		t.Errorf("the trail is\n%s", trail)
	}
	for want, args := range map[string][]string{
		"export an SVG as PNG": {"set-logo", "shop", svg},
		"64 KiB":               {"set-logo", "shop", file("large.png", make([]byte, 1<<20))},
		"no such file":         {"set-logo", "shop", filepath.Join(dir, "none.png")},
		`"nobody": not`:        {"set-logo", "nobody", good},
		"--logo":               {"create", "other", "--logo", svg},
	} {
		err := run(t.Context(), append(append([]string{"app"}, args...), keys, db), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
	if list := verb(t, "app", "list", keys, db); strings.Contains(list, "other") {
		t.Errorf("an application was made without the picture that it was to have:\n%s", list)
	}
}
