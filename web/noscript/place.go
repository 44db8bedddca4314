package noscript

import "net/url"

// place is where on a page the person is, as its query says.
type place struct {
	// code: at the code field, since the phone is not there (noPhone) or not
	// used; recovery: for a recovery code.
	code, noPhone, recovery bool
	// email, questions: at a way to a new phone that needs neither phone nor code.
	email, questions bool
	// app: at the authenticator app of a set-up; trial: at its test request;
	// sure: asked whether no codes are wanted; done: at its end.
	app, trial, sure, done bool
	// mailed: a code was sent to what shall be the backup address; noEmail,
	// noQuestions: the person has passed that over.
	mailed, noEmail, noQuestions bool
	// newPhone: at the choice of what a new phone replaces.
	newPhone bool
	// still: the page is not to look for news by itself.
	still bool
}

func placeOf(q url.Values) place {
	return place{
		code: q.Has("code"), noPhone: q.Has("no-phone"), recovery: q.Has("recovery"),
		email: q.Has("email"), questions: q.Has("questions"),
		newPhone: q.Has("new-phone"), app: q.Has("app"), trial: q.Has("trial"), sure: q.Has("sure"), done: q.Has("done"),
		mailed: q.Has("mailed"), noEmail: q.Has("no-email"), noQuestions: q.Has("no-questions"), still: q.Has("still"),
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
		{"email", p.email}, {"questions", p.questions},
		{"new-phone", p.newPhone}, {"app", p.app}, {"trial", p.trial}, {"sure", p.sure}, {"done", p.done},
		{"mailed", p.mailed}, {"no-email", p.noEmail}, {"no-questions", p.noQuestions}, {"still", p.still},
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

// step is the way to a new phone that the person is at; empty for none.
func (p place) step() string {
	switch {
	case p.email:
		return "email"
	case p.questions:
		return "questions"
	}
	return ""
}

// field is what the person types into on a waiting screen.
func (p place) field() string {
	if p.typing() {
		return "code"
	}
	return p.step()
}
