package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
)

// doors are all that somebody whom nobody knows may ask at.
func (w *world) doors() []door {
	return slices.Concat(w.phoneDoors(), w.ticketDoors(), w.tokenDoors(), w.letterDoors())
}

// phoneDoors take a phone's proof.
func (w *world) phoneDoors() (all []door) {
	unknown := enrolments.NewID[enrolments.PhoneID]()
	removed := w.pair("dora@example.com", phone.ES256)
	if err := removed.Remove(w.t.Context(), removed.id); err != nil {
		w.t.Fatal(err)
	}
	for _, alg := range []phone.Algorithm{phone.ES256, phone.EdDSA} {
		h := w.pair(strings.ToLower(string(alg))+"@example.com", alg)
		for _, by := range []phone.Algorithm{phone.ES256, phone.EdDSA} {
			name := "a phone of " + string(alg) + ", proof of " + string(by)
			there, nowhere := w.provedBy(by, h.id), w.provedBy(by, string(unknown))
			all = append(all, door{name: name, there: there, nowhere: nowhere, kind: "phone-unknown"})
		}
		all = append(all, door{
			name: "a phone of " + string(alg) + " and one that was removed", kind: "phone-unknown",
			there: w.provedBy(alg, h.id), nowhere: w.provedBy(alg, removed.id),
		})
	}
	return all
}

// provedBy asks as a phone whose key it has not.
func (w *world) provedBy(alg phone.Algorithm, id string) func() *http.Request {
	key, err := phone.GenerateKey(alg)
	if err != nil {
		w.t.Fatal(err)
	}
	return func() *http.Request {
		r := w.request("GET", "/v1/phone", "")
		proof, err := phone.SignProof(key, id, phone.NewProofClaims("GET", w.url+"/v1/phone", nil, w.clock.now()))
		if err != nil {
			w.t.Fatal(err)
		}
		r.Header.Set("Phone-Proof", proof)
		return r
	}
}

func (w *world) request(method, path, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// ticketDoors take the ticket of a set-up.
func (w *world) ticketDoors() []door {
	late := w.openPairing("late@example.com")
	w.clock.move(enrolments.PairingTTL)
	spent := w.openPairing("spent@example.com")
	w.claim(spent, phone.Pairing{Name: "Spender", Platform: "ios", Algorithm: phone.ES256})
	nowhere := w.claimedBy(enrolments.NewSecret().Reveal())
	return []door{
		{name: "a spent ticket", there: w.claimedBy(phone.Ticket(spent.token)), nowhere: nowhere, kind: "ticket-invalid"},
		{name: "a late ticket", there: w.claimedBy(phone.Ticket(late.token)), nowhere: nowhere, kind: "ticket-invalid"},
	}
}

func (w *world) claimedBy(ticket string) func() *http.Request {
	key, err := phone.GenerateKey(phone.ES256)
	if err != nil {
		w.t.Fatal(err)
	}
	return func() *http.Request {
		proof, err := phone.SignPair(key, phone.NewPairClaims(w.url, ticket, key, w.clock.now()))
		if err != nil {
			w.t.Fatal(err)
		}
		body, err := json.Marshal(map[string]any{"ticket": ticket, "public_key": key.Public(), "name": "Phone", "platform": "ios", "proof": proof})
		if err != nil {
			w.t.Fatal(err)
		}
		return w.request("POST", "/v1/pair", string(body))
	}
}

// tokenDoors take a key or a token: a wrong one of what there is, or any of what
// there is not.
func (w *world) tokenDoors() (all []door) {
	l := w.loser(person)
	begun := w.begin(l.byTOTP())
	told := w.notice(enrolments.EventRecoveryBegun)
	s, shown, set := w.signIn(person), w.securityPage(person), w.openPairing("eve@example.com")
	id := enrolments.NewID[string]()
	for _, d := range []struct{ route, there, nowhere string }{
		{"GET /v1/approvals/{id}/stream", s.id, s.id[:8] + id},
		{"POST /v1/approvals/{id}/recovery/questions", s.id, s.id[:8] + id},
		{"POST /v1/approvals/{id}/enter", s.id, s.id[:8] + id},
		{"GET /v1/pairings/{id}", set.id, id},
		{"POST /v1/pairings/{id}/enter", set.id, id},
		{"GET /v1/recoveries/{id}", begun.id, id},
		{"GET /v1/security-pages/{id}", shown.id, id},
		{"POST /v1/security-pages/{id}/enter", shown.id, id},
		{"GET /v1/notices/{id}", told.id, id},
	} {
		token := enrolments.NewSecret().Reveal()
		all = append(all, door{
			name: d.route, there: w.bearing(token, d.route, d.there), nowhere: w.bearing(token, d.route, d.nowhere), kind: "unauthorized",
		})
	}
	const route = "GET /v1/policy"
	wrong := enrolments.NewSecret().Reveal()
	return append(all, door{
		name: "an application's key", there: w.bearing("cs_northwind_"+wrong, route, ""), nowhere: w.bearing("cs_southwind_"+wrong, route, ""),
		kind: "unauthorized",
	})
}

// bearing asks on a route for what has an id.
func (w *world) bearing(token, route, id string) func() *http.Request {
	method, path, _ := strings.Cut(route, " ")
	return func() *http.Request {
		r := w.request(method, strings.Replace(path, "{id}", id, 1), "")
		r.Header.Set("Authorization", "Bearer "+token)
		return r
	}
}

// letterDoors have a code sent to the backup address of somebody whose sign-in was
// begun, which takes their password and no more.
func (w *world) letterDoors() []door {
	const looks = 60
	var with, without []*http.Request
	for i := range looks {
		user := fmt.Sprintf("person-%d@example.com", i)
		set := w.confirmedSetUp(user)
		if i%2 == 0 {
			w.setEmail(set, fmt.Sprintf("backup-%d@example.org", i))
		}
		r := w.want(w.app("POST", "/v1/approvals", `{"user":"`+user+`","ttl":300}`), 201)
		for range 3 { // five an hour are sent
			ask := w.bearing(r.member("waiting_token"), "POST /v1/approvals/{id}/recovery/email", r.member("id"))()
			if i%2 == 0 {
				with = append(with, ask)
			} else {
				without = append(without, ask)
			}
		}
	}
	return []door{{name: "a backup address", looks: looks, there: oneByOne(with), nowhere: oneByOne(without)}}
}

func oneByOne(all []*http.Request) func() *http.Request {
	return func() *http.Request {
		r := all[0]
		all = all[1:]
		return r
	}
}
