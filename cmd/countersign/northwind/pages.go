package northwind

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// refuse shows the sign-in form with a sentence above it.
func (a *app) refuse(w http.ResponseWriter, status int, sentence string) {
	show(w, status, "sign-in.html", sentence)
}

func show(w http.ResponseWriter, status int, page string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// Only a browser that has gone away makes this fail.
	_ = pages.ExecuteTemplate(w, page, data)
}

// Logo is the application's picture (PNG), for Countersign to show too.
func Logo() []byte {
	raw, _ := files.ReadFile("pages/logo.png") // embedded
	return raw
}

// file serves one of ours, which may be kept for an hour.
func file(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		http.ServeFileFS(w, r, files, "pages/"+name)
	}
}

// became says what has become of a sign-in that brought no result back.
func became(a approval) string {
	switch {
	case a.State == "pending":
		return "Your last sign-in is still waiting for your phone. Sign in again to replace it."
	case a.State == "denied" && a.Reason == "reported":
		return "That sign-in was reported as not you. Your administrator has been told."
	case a.State == "denied" && a.Reason == "user":
		return "That sign-in was refused on your phone. If that was a slip, sign in again."
	case a.State == "denied":
		return "That sign-in was stopped: too many wrong tries. Sign in again."
	case a.State == "expired":
		return "That took too long. Nothing was approved; sign in again."
	case a.State == "withdrawn" && a.Reason == "cancelled":
		return "You cancelled that sign-in."
	case a.State == "withdrawn" && a.Reason == "enrol":
		return "Sign in once more: from now on, what you have set up is asked for."
	}
	return ""
}

// sorry says what a failed call means to the person. What it means to us is not
// for the page.
func sorry(err error) string {
	var refused *refusal
	if !errors.As(err, &refused) {
		return "We can’t reach the second factor right now, so nobody can sign in. Please try again in a minute."
	}
	switch refused.kind() {
	case "too-many-requests":
		return "That was many sign-ins at once. Please wait a minute, then try again."
	case "person-locked":
		return "A sign-in of yours was reported. Please ask your administrator, who has to look before you can go on."
	case "approval-settled", "approval-not-found", "invalid-request", "unauthorized":
		return "Countersign has not confirmed that sign-in. Please sign in again."
	}
	return "The second factor doesn’t work right now, so nobody can sign in. Please try again in a minute."
}

// headers. Two things here are easily missed: form-action must name the
// Countersign server, because browsers hold redirects after a form against it;
// and with no-referrer a form would come with "Origin: null", which older
// browsers alone send to tell us where it is from.
func (a *app) headers(next http.Handler) http.Handler {
	frames := "'none'"
	if len(a.config.FrameAncestors) > 0 {
		frames = strings.Join(a.config.FrameAncestors, " ")
	}
	server, _ := url.Parse(a.server.issuer) // parsed before, by newCountersign
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self' " +
		server.Scheme + "://" + server.Host + "; frame-ancestors " + frames
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
