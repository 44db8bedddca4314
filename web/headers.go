package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// headers are the answers' security headers, the same on pages and assets.
func headers(c Config) map[string]string {
	ancestors := origins(c.FrameAncestors)
	h := map[string]string{
		"Content-Security-Policy": policy(c.PublicURL, ancestors),
		"Referrer-Policy":         "no-referrer",
		"X-Content-Type-Options":  "nosniff",
		// Whoever opens a page in a new window gets no handle on it.
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
	}
	if len(ancestors) == 0 {
		h["X-Frame-Options"] = "DENY" // for browsers older than frame-ancestors
	}
	return h
}

func policy(publicURL string, ancestors []string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data:", // a QR code comes with a bearer token, so the script makes the picture
		"connect-src 'self'" + websocketOf(publicURL),
		"form-action 'self'",
		"base-uri 'none'",
		frames(ancestors),
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

// phonePolicy is the phone page's: it submits no form, opens no websocket, and
// may be installed. Its one Trusted Types policy names the address of its
// worker; a text becomes a script in no other way.
func phonePolicy(ancestors []string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data:", // the QR code for a new phone
		"connect-src 'self'",
		"manifest-src 'self'",
		"worker-src 'self'",
		"form-action 'none'",
		"base-uri 'none'",
		frames(ancestors),
		"require-trusted-types-for 'script'",
		"trusted-types countersign-worker",
	}, "; ")
}

// noScriptPolicy is that of the pages without script.
func noScriptPolicy(ancestors []string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'none'",
		"style-src 'self'",
		"img-src 'self' data:", // the QR code of an authenticator's key, which comes once
		"form-action 'self'",
		"base-uri 'none'",
		frames(ancestors),
	}, "; ")
}

func frames(ancestors []string) string {
	if len(ancestors) == 0 {
		return "frame-ancestors 'none'"
	}
	return "frame-ancestors " + strings.Join(ancestors, " ")
}

// websocketOf names the websocket of the server's own host: Safari before 15.4
// does not count it as 'self'.
func websocketOf(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || !plainHost(u.Host) {
		return ""
	}
	switch u.Scheme {
	case "https":
		return " wss://" + u.Host
	case "http":
		return " ws://" + u.Host
	}
	return ""
}

// origins keeps what is exactly scheme://host. Anything else could widen the
// policy: a wildcard, a path, or a semicolon and a directive of its own.
func origins(entries []string) []string {
	return slices.DeleteFunc(slices.Clone(entries), func(s string) bool {
		u, err := url.Parse(s)
		return err != nil || (u.Scheme != "https" && u.Scheme != "http") ||
			!plainHost(u.Host) || s != u.Scheme+"://"+u.Host
	})
}

// originOf is scheme and host of the public URL.
func originOf(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func plainHost(host string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]"
	return host != "" && strings.Trim(host, alphabet) == ""
}

func secured(headers map[string]string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}
