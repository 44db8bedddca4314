package api_test

import (
	"testing"

	"countersign/mobile-stub/phone"
)

// Whoever reports a sign-in has found a stranger at it, who may have begun more.
func TestAfterAReportNothingIsAddedUntilAnAdministratorHasLooked(t *testing.T) {
	for name, c := range map[string]struct {
		// before begins something, which after goes on with.
		before func(l *loser) (after func() reply)
		status int
		kind   string
	}{
		"with a code, by the application": {func(l *loser) func() reply {
			s := l.byTOTP()
			return func() reply {
				return l.world.app("POST", "/v1/pairings", `{"user":"`+person+`","approval_id":"`+s.id+`"}`)
			}
		}, 403, "person-locked"},
		"by a phone": {func(l *loser) func() reply {
			return func() reply { return l.signed(l.old, "POST", "/v1/phone/pairings", `{"replace":false}`) }
		}, 403, "person-locked"},
		"at the end of a wait": {func(l *loser) func() reply {
			r := l.begin(l.byTOTP())
			return func() reply { return l.setUp(r, `[]`) }
		}, 403, "person-locked"},
		"a phone that waits to be compared": {func(l *loser) func() reply {
			p := l.opened()
			l.claim(p, phone.Pairing{Name: "New phone", Platform: "android", Algorithm: phone.ES256})
			return func() reply {
				return l.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`)
			}
		}, 409, "pairing-settled"},
		"an authenticator app": {func(l *loser) func() reply {
			p := l.opened()
			return func() reply { return l.with(p.token, "POST", "/v1/pairings/"+p.id+"/authenticator", "") }
		}, 409, "pairing-settled"},
		"a backup address": {func(l *loser) func() reply {
			p := l.opened()
			l.claim(p, phone.Pairing{Name: "New phone", Platform: "android", Algorithm: phone.ES256})
			l.want(l.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
			l.want(l.with(p.token, "POST", "/v1/pairings/"+p.id+"/email", `{"address":"eve@example.net"}`), 202)
			return func() reply {
				return l.with(p.token, "POST", "/v1/pairings/"+p.id+"/email/confirm", `{"code":"`+l.mailedCode()+`"}`)
			}
		}, 422, "code-expired"},
		"new recovery codes": {func(l *loser) func() reply {
			p := l.opened()
			l.claim(p, phone.Pairing{Name: "New phone", Platform: "android", Algorithm: phone.ES256})
			l.want(l.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
			return func() reply { return l.with(p.token, "POST", "/v1/pairings/"+p.id+"/recovery-codes", "") }
		}, 409, "pairing-settled"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := w.loser(person)
			after := c.before(l)
			w.reports(l.old)
			w.refused(after(), c.status, c.kind)
		})
	}
}

func TestARecoveryGoesOnOnceAnAdministratorHasLooked(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	r := w.begin(l.byTOTP())
	w.reports(l.old)
	w.refused(w.setUp(r, `[]`), 403, "person-locked")
	w.unlock(person)
	w.want(w.finish(w.want(w.setUp(r, `[]`), 201)), 200)
}

func TestTheHelpDeskAddsAPhoneWhoeverIsLocked(t *testing.T) {
	w := newWorld(t)
	l := w.loser(person)
	w.reports(l.old)
	desk, err := w.people.HelpDesk("came to the desk")
	if err != nil {
		t.Fatal(err)
	}
	g, token, err := desk.OpenPairing(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	p := pairing{id: string(g.ID), token: token.Reveal()}
	p.link = w.want(w.with(p.token, "GET", "/v1/pairings/"+p.id, ""), 200).member("pair_url")
	w.claim(p, phone.Pairing{Name: "New phone", Platform: "android", Algorithm: phone.ES256})
	w.want(w.with(p.token, "POST", "/v1/pairings/"+p.id+"/confirm", `{"match":true}`), 200)
}

// Whoever made their person report has the password: it must not be enough once the
// help desk has taken the stolen phone away.
func TestWhoIsLockedAndHasNothingLeftIsNotSetUpByAPassword(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	w.reports(h)
	if err := h.Remove(t.Context(), h.id); err != nil {
		t.Fatal(err)
	}
	ask := func() reply { return w.app("POST", "/v1/approvals", `{"user":"`+person+`","role":"member"}`) }
	open := func() reply { return w.app("POST", "/v1/pairings", `{"user":"`+person+`"}`) }
	for _, optional := range []string{"none", "member"} {
		w.setPolicy("optional_roles", optional)
		w.refused(ask(), 403, "person-locked")
		w.refused(open(), 403, "person-locked")
	}
	w.unlock(person)
	w.setPolicy("optional_roles", "none")
	if r := w.want(ask(), 201); r.member("next") != "enrol" {
		t.Errorf("got %s", r.body)
	}
	w.want(open(), 201)
}

// opened is the set-up of a new phone that a code has let in.
func (l *loser) opened() pairing {
	l.t.Helper()
	r := l.want(l.setUp(l.begin(l.byTOTP()), `[]`), 201)
	p := pairing{id: r.member("id"), token: r.member("set_up_token")}
	p.link = l.want(l.with(p.token, "GET", "/v1/pairings/"+p.id, ""), 200).member("pair_url")
	return p
}
