package noscript

import "net/url"

// place is where on a page the person is, as its query says.
type place struct {
	// code: at the code field, since the phone is not there (noPhone) or not
	// used; recovery: for a recovery code.
	code, noPhone, recovery bool
	// app: at the authenticator app of a set-up; trial: at its test request;
	// sure: asked whether no codes are wanted; done: at its end.
	app, trial, sure, done bool
	// still: the page is not to look for news by itself.
	still bool
}

func placeOf(q url.Values) place {
	return place{
		code: q.Has("code"), noPhone: q.Has("no-phone"), recovery: q.Has("recovery"),
		app: q.Has("app"), trial: q.Has("trial"), sure: q.Has("sure"), done: q.Has("done"), still: q.Has("still"),
	}
}

// String is the query that leads there; empty for the page itself.
func (p place) String() string {
	query := ""
	for _, part := range []struct {
		name string
		here bool
	}{
		{"code", p.code}, {"no-phone", p.noPhone}, {"recovery", p.recovery},
		{"app", p.app}, {"trial", p.trial}, {"sure", p.sure}, {"done", p.done}, {"still", p.still},
	} {
		if part.here {
			query += "&" + part.name
		}
	}
	if query == "" {
		return ""
	}
	return "?" + query[1:]
}

// typing reports whether the person is at the code field.
func (p place) typing() bool { return p.code || p.noPhone }
