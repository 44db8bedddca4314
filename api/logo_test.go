package api_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"

	"countersign/enrolments"
)

// logo gives the application a picture of so many dots.
func (w *world) logo(side int) enrolments.Logo {
	w.t.Helper()
	var raw bytes.Buffer
	if err := png.Encode(&raw, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		w.t.Fatal(err)
	}
	logo, err := enrolments.ParseLogo(raw.Bytes())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.people.SetLogo(w.t.Context(), "northwind", logo); err != nil {
		w.t.Fatal(err)
	}
	return logo
}

// stateOf is what the waiting screen of a sign-in shows.
func (w *world) stateOf(s signIn) reply {
	w.t.Helper()
	return w.want(w.with(s.token, "GET", "/v1/approvals/"+s.id+"/stream", "", "Accept", "application/json"), 200)
}

func TestTheWaitingScreenNamesTheApplicationsPicture(t *testing.T) {
	w := newWorld(t)
	w.pair(person, "ES256")
	if state := w.stateOf(w.signIn(person)); state.member("logo") != "" {
		t.Errorf("without a picture: %s", state.body)
	}
	logo := w.logo(64)
	path := w.stateOf(w.signIn(person)).member("logo")
	r := w.want(w.call("GET", path, ""), 200)
	if r.body != string(logo.Image) {
		t.Errorf("%s holds another picture", path)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "public, max-age=31536000, immutable",
		"Cross-Origin-Resource-Policy": "cross-origin",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	w.logo(65)
	for name, gone := range map[string]string{
		"that there was": path, "of nobody": "/v1/applications/nobody/logo/" + logo.Digest(), "of no digest": "/v1/applications/northwind/logo/x",
	} {
		r := w.call("GET", gone, "")
		w.refused(r, 404, "logo-not-found")
		if r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, r.header)
		}
	}
}
