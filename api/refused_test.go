package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/mobile-stub/phone"

	"github.com/google/go-cmp/cmp"
)

// scene is a world in which everything is under way, so that whatever a bad
// request could change is there to be changed.
type scene struct {
	*world
	phone, stranger handset
	signIn          signIn
	asked           phone.Request
	setUp           pairing
	// others is another application's key, and its approval for the same person.
	others      string
	foreign     signIn
	strictUsers string // key of an application that refuses unknown people
}

func newScene(t *testing.T) *scene {
	w := newWorld(t)
	s := &scene{world: w, phone: w.pair(person, phone.ES256), stranger: w.pair("bob@example.com", phone.EdDSA)}
	s.signIn = w.signIn(person)
	s.asked = s.phone.find(t, s.signIn)
	s.setUp = w.openPairing("carol@example.com")
	s.others = w.register("contoso", "Contoso")
	r := w.want(w.with(s.others, "POST", "/v1/approvals", `{"user":"`+person+`"}`), 201)
	s.foreign = signIn{r.member("id"), r.member("waiting_token"), r.member("number")}
	policy := enrolments.DefaultPolicy()
	policy.FirstSignIn = false
	key, err := w.people.AddApplication(t.Context(), enrolments.Application{ID: "strict", Name: "Strict", Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	s.strictUsers = key.Reveal()
	return s
}

// everything is all state that a request could change, as text. What the audit
// trail notes of a wrong code or number is the exception that rows name.
func (s *scene) everything() string {
	s.t.Helper()
	state := map[string]any{}
	for _, id := range []string{s.signIn.id, s.foreign.id} {
		a, err := s.memory.Read(s.t.Context(), approvals.ID(id))
		if err != nil {
			s.t.Fatal(err)
		}
		a.AsOf = time.Time{}
		state[id] = a
	}
	for _, user := range []string{person, "bob@example.com", "carol@example.com"} {
		e, err := s.store.Enrolment(s.t.Context(), user)
		if err != nil {
			s.t.Fatal(err)
		}
		state[user] = e
	}
	p, err := s.store.Pairing(s.t.Context(), enrolments.PairingID(s.setUp.id), s.clock.now())
	if err != nil {
		s.t.Fatal(err)
	}
	events, err := s.store.Events(s.t.Context(), enrolments.EventFilter{Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	state["pairing"], state["events"] = p, events
	text, err := json.MarshalIndent(state, "", " ")
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// requests are POST /v1/approvals with a body that is bad in one way.
func requests() []badRow {
	long := strings.Repeat("a", 10<<10)
	ask := func(body string) func(*scene) reply {
		return func(s *scene) reply { return s.app("POST", "/v1/approvals", body) }
	}
	kind := func(value string) func(*scene) reply {
		return func(s *scene) reply {
			return s.app("POST", "/v1/approvals", `{"user":"ana@example.com"}`, "Content-Type", value)
		}
	}
	back := func(url string) func(*scene) reply {
		return ask(`{"user":"ana@example.com","return_url":"` + url + `"}`)
	}
	return []badRow{
		{"no body", ask(""), 400, "invalid-request"},
		{"not JSON", ask("user=ana"), 400, "invalid-request"},
		{"half an object", ask(`{"user":"ana@example.com"`), 400, "invalid-request"},
		{"a list", ask(`[{"user":"ana@example.com"}]`), 422, "invalid-request"},
		{"null", ask(`null`), 422, "invalid-request"},
		{"no user", ask(`{}`), 422, "invalid-request"},
		{"empty user", ask(`{"user":""}`), 422, "invalid-request"},
		{"user is null", ask(`{"user":null}`), 422, "invalid-request"},
		{"user is a number", ask(`{"user":7}`), 422, "invalid-request"},
		{"unknown member", ask(`{"user":"ana@example.com","admin":true}`), 422, "invalid-request"},
		{"unknown member within", ask(`{"user":"ana@example.com","context":{"number":"47"}}`), 422, "invalid-request"},
		{"member in capitals", ask(`{"User":"ana@example.com"}`), 400, "invalid-request"},
		{"member with a letter that folds", ask(`{"u` + "\u017f" + `er":"ana@example.com"}`), 400, "invalid-request"},
		{"member twice", ask(`{"user":"ana@example.com","user":"bob@example.com"}`), 400, "invalid-request"},
		{"member twice within", ask(`{"user":"ana@example.com","context":{"ip":"203.0.113.9","ip":"203.0.113.8"}}`), 400, "invalid-request"},
		{"trailing bytes", ask(`{"user":"ana@example.com"} x`), 400, "invalid-request"},
		{"two values", ask(`{"user":"ana@example.com"}{}`), 400, "invalid-request"},
		{"nested too deep", ask(`{"user":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`), 400, "invalid-request"},
		{"not UTF-8", ask("{\"user\":\"ana\xff\"}"), 400, "invalid-request"},
		{"half a surrogate", ask(`{"user":"ana\ud800"}`), 400, "invalid-request"},
		{"10 KiB name", ask(`{"user":"` + long + `"}`), 422, "invalid-request"},
		{"10 KiB action", ask(`{"user":"ana@example.com","context":{"action":"` + long + `"}}`), 422, "invalid-request"},
		{"10 KiB user agent", ask(`{"user":"ana@example.com","context":{"user_agent":"` + long + `"}}`), 422, "invalid-request"},
		{"control character", ask(`{"user":"ana\u0000@example.com"}`), 422, "invalid-request"},
		{"line end", ask(`{"user":"ana\n@example.com"}`), 422, "invalid-request"},
		{"bidi override", ask(`{"user":"ana\u202e@example.com"}`), 422, "invalid-request"},
		{"control character in what is shown", ask(`{"user":"ana@example.com","context":{"location":"Wellington\u0007"}}`), 422, "invalid-request"},
		{"no address", ask(`{"user":"ana@example.com","context":{"ip":"203.0.113"}}`), 422, "invalid-request"},
		{"life too short", ask(`{"user":"ana@example.com","ttl":29}`), 422, "invalid-request"},
		{"life zero", ask(`{"user":"ana@example.com","ttl":0}`), 422, "invalid-request"},
		{"life too long", ask(`{"user":"ana@example.com","ttl":301}`), 422, "invalid-request"},
		{"life not whole", ask(`{"user":"ana@example.com","ttl":60.5}`), 422, "invalid-request"},
		{"unregistered return URL", back("https://evil.example.com/signed-in"), 422, "return-url-refused"},
		{"return URL with another path", back("https://books.example.com/signed-in/.."), 422, "return-url-refused"},
		{"return URL that begins alike", back("https://books.example.com.evil.example.com/signed-in"), 422, "return-url-refused"},
		{"return URL with a user", back("https://books.example.com@evil.example.com/signed-in"), 422, "return-url-refused"},
		{"return URL of another scheme", back("javascript:alert(1)"), 422, "return-url-refused"},
		{"Idempotency-Key with a space", func(s *scene) reply {
			return s.app("POST", "/v1/approvals", `{"user":"ana@example.com"}`, "Idempotency-Key", "a b")
		}, 422, "invalid-request"},
		{"Idempotency-Key too long", func(s *scene) reply {
			return s.app("POST", "/v1/approvals", `{"user":"ana@example.com"}`, "Idempotency-Key", strings.Repeat("k", 129))
		}, 422, "invalid-request"},
		{"form instead of JSON", kind("application/x-www-form-urlencoded"), 415, "unsupported-media-type"},
		{"text", kind("text/plain"), 415, "unsupported-media-type"},
		{"other charset", kind("application/json; charset=utf-16"), 415, "unsupported-media-type"},
		{"no type", kind(""), 415, "unsupported-media-type"},
		{"body over 64 KiB", ask(`{"user":"` + strings.Repeat("a", 64<<10) + `"}`), 413, "body-too-large"},
		{"body over 64 KiB of unknown length", func(s *scene) reply {
			req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url+"/v1/approvals",
				io.MultiReader(strings.NewReader(`{"user":"`), strings.NewReader(strings.Repeat("a", 64<<10))))
			if err != nil {
				s.t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+s.key)
			req.Header.Set("Content-Type", "application/json")
			return s.send(req)
		}, 413, "body-too-large"},
	}
}

type badRow struct {
	name   string
	do     func(*scene) reply
	status int
	kind   string
}

// callers are requests of applications that are not who they say, or ask for
// what is not theirs.
func callers() []badRow {
	const secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	get := func(auth string) func(*scene) reply {
		return func(s *scene) reply {
			return s.call("GET", "/v1/approvals/"+s.signIn.id, "", "Authorization", auth)
		}
	}
	return []badRow{
		{"no key", func(s *scene) reply { return s.call("GET", "/v1/approvals/"+s.signIn.id, "") }, 401, "unauthorized"},
		{"unknown application", get("Bearer cs_nobody_" + secret), 401, "unauthorized"},
		{"wrong key", get("Bearer cs_northwind_" + secret), 401, "unauthorized"},
		{"another scheme", get("Basic cs_northwind_" + secret), 401, "unauthorized"},
		{"no scheme", get("cs_northwind_" + secret), 401, "unauthorized"},
		{"nonsense", get("Bearer \u00e9"), 401, "unauthorized"},
		{"waiting token instead of the key", func(s *scene) reply {
			return s.with(s.signIn.token, "GET", "/v1/approvals/"+s.signIn.id, "")
		}, 401, "unauthorized"},
		{"reading another's approval", func(s *scene) reply {
			return s.with(s.others, "GET", "/v1/approvals/"+s.signIn.id, "")
		}, 404, "approval-not-found"},
		{"withdrawing another's approval", func(s *scene) reply {
			return s.with(s.others, "POST", "/v1/approvals/"+s.signIn.id+"/withdraw", "")
		}, 404, "approval-not-found"},
		{"redeeming another's approval", func(s *scene) reply {
			return s.with(s.others, "POST", "/v1/approvals/"+s.signIn.id+"/redeem", `{"result_code":"x"}`)
		}, 404, "approval-not-found"},
		{"unknown approval", func(s *scene) reply {
			return s.app("GET", "/v1/approvals/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "")
		}, 404, "approval-not-found"},
		{"no approval's id", func(s *scene) reply { return s.app("GET", "/v1/approvals/47", "") }, 404, "approval-not-found"},
		{"redeeming before the answer", func(s *scene) reply {
			return s.app("POST", "/v1/approvals/"+s.signIn.id+"/redeem", `{"result_code":"`+secret+`"}`)
		}, 410, "result-code-invalid"},
		{"unknown person", func(s *scene) reply {
			return s.with(s.strictUsers, "POST", "/v1/approvals", `{"user":"nobody@example.com"}`)
		}, 404, "person-not-found"},
		{"body where none is taken", func(s *scene) reply {
			return s.app("POST", "/v1/approvals/"+s.signIn.id+"/withdraw", `{"why":"because"}`)
		}, 400, "invalid-request"},
		{"list where no body is taken", func(s *scene) reply {
			return s.app("POST", "/v1/approvals/"+s.signIn.id+"/withdraw", `[]`)
		}, 400, "invalid-request"},
		{"form where no body is taken", func(s *scene) reply {
			return s.app("POST", "/v1/approvals/"+s.signIn.id+"/withdraw", `{}`, "Content-Type", "text/plain")
		}, 415, "unsupported-media-type"},
		{"wait over 25 s", func(s *scene) reply { return s.app("GET", "/v1/approvals/"+s.signIn.id+"?wait=26s", "") }, 422, "invalid-request"},
		{"wait without a unit", func(s *scene) reply { return s.app("GET", "/v1/approvals/"+s.signIn.id+"?wait=25", "") }, 422, "invalid-request"},
		{"wait below zero", func(s *scene) reply { return s.app("GET", "/v1/approvals/"+s.signIn.id+"?wait=-1s", "") }, 422, "invalid-request"},
		{"no such route", func(s *scene) reply { return s.app("GET", "/v1/approval", "") }, 404, "not-found"},
		{"no such method", func(s *scene) reply { return s.app("PATCH", "/v1/approvals/"+s.signIn.id, "") }, 405, "method-not-allowed"},
	}
}

// browsers are requests with waiting tokens and set-up tokens.
func browsers() []badRow {
	code := func(headers ...string) func(*scene) reply {
		return func(s *scene) reply {
			return s.with(s.signIn.token, "POST", "/v1/approvals/"+s.signIn.id+"/code", `{"code":"000000"}`, headers...)
		}
	}
	return []badRow{
		{"wrong waiting token", func(s *scene) reply {
			return s.with(s.foreign.token, "POST", "/v1/approvals/"+s.signIn.id+"/cancel", "")
		}, 401, "unauthorized"},
		{"key instead of the waiting token", func(s *scene) reply {
			return s.app("POST", "/v1/approvals/"+s.signIn.id+"/cancel", "")
		}, 401, "unauthorized"},
		{"page of a stranger", code("Origin", "https://evil.example.com"), 403, "origin-refused"},
		{"page without an origin of its own", code("Origin", "null"), 403, "origin-refused"},
		{"page of the right host by http", code("Origin", "http://books.example.com"), 403, "origin-refused"},
		{"page of another port", code("Origin", "https://books.example.com:8443"), 403, "origin-refused"},
		{"version that is no number", func(s *scene) reply {
			return s.with(s.signIn.token, "GET", "/v1/approvals/"+s.signIn.id+"/stream?version=-1", "")
		}, 422, "invalid-request"},
		{"wait of the stream over 25 s", func(s *scene) reply {
			return s.with(s.signIn.token, "GET", "/v1/approvals/"+s.signIn.id+"/stream?wait=1m", "")
		}, 422, "invalid-request"},
		{"wrong set-up token", func(s *scene) reply {
			return s.with(s.signIn.token, "POST", "/v1/pairings/"+s.setUp.id+"/confirm", `{"match":true}`)
		}, 401, "unauthorized"},
		{"unknown set-up", func(s *scene) reply {
			return s.with(s.setUp.token, "GET", "/v1/pairings/AAAAAAAAAAAAAAAAAAAAAA", "")
		}, 401, "unauthorized"},
		{"confirming before a phone came", func(s *scene) reply {
			return s.with(s.setUp.token, "POST", "/v1/pairings/"+s.setUp.id+"/confirm", `{"match":true}`)
		}, 409, "pairing-settled"},
		{"confirming without a word", func(s *scene) reply {
			return s.with(s.setUp.token, "POST", "/v1/pairings/"+s.setUp.id+"/confirm", `{}`)
		}, 422, "invalid-request"},
		{"set-up for what is no name", func(s *scene) reply { return s.app("POST", "/v1/pairings", `{"user":" "}`) }, 422, "invalid-request"},
	}
}

// phones are requests of phones that are bad in one way.
func phones() []badRow {
	const list = "/v1/phone/approvals"
	proof := func(change func(*phone.ProofClaims)) func(*scene) reply {
		return func(s *scene) reply { return s.forged(s.phone, "GET", list, "", change) }
	}
	answer := func(change func(*phone.AnswerClaims)) func(*scene) reply {
		return func(s *scene) reply {
			token := s.answerOf(s.phone, s.asked, func(c *phone.AnswerClaims) {
				c.Number = s.signIn.number
				change(c)
			})
			return s.signed(s.phone, "POST", list+"/"+s.signIn.id+"/answer", `{"answer":"`+token+`"}`)
		}
	}
	return []badRow{
		{"no proof", func(s *scene) reply { return s.call("GET", list, "") }, 401, "proof-invalid"},
		{"proof that is none", func(s *scene) reply { return s.call("GET", list, "", "Phone-Proof", "a.b.c") }, 401, "proof-invalid"},
		{"proof over 8 KiB", func(s *scene) reply { return s.call("GET", list, "", "Phone-Proof", strings.Repeat("a", 9<<10)) }, 401, "proof-invalid"},
		{"proof of another method", proof(func(c *phone.ProofClaims) { c.Htm = "POST" }), 401, "proof-invalid"},
		{"proof of another address", proof(func(c *phone.ProofClaims) { c.Htu += "/x" }), 401, "proof-invalid"},
		{"proof for another server", proof(func(c *phone.ProofClaims) { c.Htu = "https://evil.example.com" + list }), 401, "proof-invalid"},
		{"proof of another body", proof(func(c *phone.ProofClaims) { c.Bod = strings.Repeat("A", 43) }), 401, "proof-invalid"},
		{"proof with a short jti", proof(func(c *phone.ProofClaims) { c.Jti = "short" }), 401, "proof-invalid"},
		{"proof of yesterday", proof(func(c *phone.ProofClaims) { c.Iat -= 86400 }), 401, "proof-clock"},
		{"replayed proof", func(s *scene) reply {
			var kept phone.ProofClaims
			s.want(s.forged(s.phone, "GET", list, "", func(c *phone.ProofClaims) { kept = *c }), 200)
			return s.forged(s.phone, "GET", list, "", func(c *phone.ProofClaims) { *c = kept })
		}, 401, "proof-replayed"},
		{"replayed proof of a refused answer", func(s *scene) reply {
			var kept phone.ProofClaims
			path := list + "/" + s.signIn.id + "/answer"
			s.refused(s.forged(s.phone, "POST", path, `{"answer":"x"}`, func(c *phone.ProofClaims) { kept = *c }), 403, "answer-signature")
			return s.forged(s.phone, "POST", path, `{"answer":"x"}`, func(c *phone.ProofClaims) { *c = kept })
		}, 401, "proof-replayed"},
		{"answer that is no JWS", func(s *scene) reply {
			return s.signed(s.phone, "POST", list+"/"+s.signIn.id+"/answer", `{"answer":"yes"}`)
		}, 403, "answer-signature"},
		{"answer by another key", func(s *scene) reply {
			key, err := phone.GenerateKey(phone.ES256)
			if err != nil {
				s.t.Fatal(err)
			}
			token, err := phone.SignAnswer(key, s.phone.id, phone.NewAnswerClaims(s.url, s.phone.id, s.asked, phone.Approve, s.signIn.number, s.clock.now()))
			if err != nil {
				s.t.Fatal(err)
			}
			return s.signed(s.phone, "POST", list+"/"+s.signIn.id+"/answer", `{"answer":"`+token+`"}`)
		}, 403, "answer-signature"},
		{"answer by another algorithm", func(s *scene) reply {
			key, err := phone.GenerateKey(phone.EdDSA)
			if err != nil {
				s.t.Fatal(err)
			}
			token, err := phone.SignAnswer(key, s.phone.id, phone.NewAnswerClaims(s.url, s.phone.id, s.asked, phone.Approve, s.signIn.number, s.clock.now()))
			if err != nil {
				s.t.Fatal(err)
			}
			return s.signed(s.phone, "POST", list+"/"+s.signIn.id+"/answer", `{"answer":"`+token+`"}`)
		}, 403, "answer-algorithm"},
		{"answer for another audience", answer(func(c *phone.AnswerClaims) { c.Aud = "https://evil.example.com" }), 403, "answer-audience"},
		{"answer of another time", answer(func(c *phone.AnswerClaims) { c.Iat += 121 }), 403, "answer-clock"},
		{"answer to another approval", answer(func(c *phone.AnswerClaims) { c.Txn = strings.Repeat("A", 30) }), 403, "answer-mismatch"},
		{"answer with another nonce", answer(func(c *phone.AnswerClaims) { c.Nonce = strings.Repeat("A", 22) }), 403, "answer-mismatch"},
		{"answer as another phone", answer(func(c *phone.AnswerClaims) { c.Iss = strings.Repeat("A", 22) }), 403, "answer-mismatch"},
		{"answer about another text", answer(func(c *phone.AnswerClaims) { c.Dsp = strings.Repeat("A", 43) }), 403, "answer-display"},
		{"answer without a decision", answer(func(c *phone.AnswerClaims) { c.Decision = "maybe" }), 403, "answer-mismatch"},
		{"answer to somebody else's approval", func(s *scene) reply {
			token := s.answerOf(s.stranger, s.asked, func(c *phone.AnswerClaims) { c.Number = s.signIn.number })
			return s.signed(s.stranger, "POST", list+"/"+s.signIn.id+"/answer", `{"answer":"`+token+`"}`)
		}, 404, "approval-not-found"},
		{"seeing somebody else's approval", func(s *scene) reply {
			return s.signed(s.stranger, "POST", list+"/"+s.signIn.id+"/seen", "")
		}, 404, "approval-not-found"},
		{"answer with an unknown member", func(s *scene) reply {
			return s.signed(s.phone, "POST", list+"/"+s.signIn.id+"/answer", `{"answer":"x","force":true}`)
		}, 422, "invalid-request"},
	}
}

// pairings are phones that try to pair in a bad way.
func pairings() []badRow {
	pair := func(change func(m map[string]any, key *phone.Key, c *phone.PairClaims)) func(*scene) reply {
		return func(s *scene) reply { return s.call("POST", "/v1/pair", s.pairBody(change)) }
	}
	set := func(name string, value any) func(*scene) reply {
		return pair(func(m map[string]any, _ *phone.Key, _ *phone.PairClaims) { m[name] = value })
	}
	return []badRow{
		{"unknown ticket", func(s *scene) reply {
			return s.call("POST", "/v1/pair", s.pairBodyFor(strings.Repeat("A", 43), func(map[string]any, *phone.Key, *phone.PairClaims) {}))
		}, 410, "ticket-invalid"},
		{"proof for another server", pair(func(_ map[string]any, _ *phone.Key, c *phone.PairClaims) { c.Aud = "https://evil.example.com" }), 422, "pairing-proof-invalid"},
		{"proof of another ticket", pair(func(_ map[string]any, _ *phone.Key, c *phone.PairClaims) { c.Tkt = strings.Repeat("A", 43) }), 422, "pairing-proof-invalid"},
		{"proof of another time", pair(func(_ map[string]any, _ *phone.Key, c *phone.PairClaims) { c.Iat -= 121 }), 422, "pairing-proof-invalid"},
		{"proof that is none", set("proof", "x"), 422, "pairing-proof-invalid"},
		{"key of another kind", set("public_key", map[string]any{"kty": "RSA", "n": "AQAB", "e": "AQAB"}), 422, "key-refused"},
		{"key of another curve", set("public_key", map[string]any{"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}), 422, "key-refused"},
		{"private key", pair(func(m map[string]any, key *phone.Key, _ *phone.PairClaims) { m["public_key"] = key }), 422, "key-refused"},
		{"key that is a text", set("public_key", "AA"), 422, "invalid-request"},
		{"10 KiB phone name", set("name", strings.Repeat("a", 10<<10)), 422, "invalid-request"},
		{"phone name with a control character", set("name", "Ana\u0000"), 422, "invalid-request"},
		{"unknown platform", set("platform", "toaster"), 422, "invalid-request"},
		{"push target by http", set("push", map[string]any{"service": "webpush", "endpoint": "http://127.0.0.1/x", "p256dh": "AA", "auth": "AA"}), 422, "push-target-refused"},
		{"push target none", set("push", map[string]any{"service": "none"}), 422, "push-target-refused"},
		{"unknown member", set("admin", true), 422, "invalid-request"},
	}
}

// pairBody is a good body of POST /v1/pair for the scene's set-up, changed.
func (s *scene) pairBody(change func(map[string]any, *phone.Key, *phone.PairClaims)) string {
	return s.pairBodyFor(phone.Ticket(s.setUp.token), change)
}

func (s *scene) pairBodyFor(ticket string, change func(map[string]any, *phone.Key, *phone.PairClaims)) string {
	s.t.Helper()
	key, err := phone.GenerateKey(phone.ES256)
	if err != nil {
		s.t.Fatal(err)
	}
	claims := phone.NewPairClaims(s.url, ticket, key, s.clock.now())
	body := map[string]any{"ticket": ticket, "public_key": key.Public(), "name": "Phone", "platform": "ios"}
	change(body, key, &claims)
	if _, ok := body["proof"]; !ok {
		if body["proof"], err = phone.SignPair(key, claims); err != nil {
			s.t.Fatal(err)
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw)
}

func TestBadInputHasItsOwnProblemAndChangesNothing(t *testing.T) {
	s := newScene(t)
	for _, group := range [][]badRow{requests(), callers(), browsers(), phones(), pairings()} {
		for _, row := range group {
			before := s.everything()
			r := row.do(s)
			if r.status != row.status || r.kind() != row.kind {
				t.Errorf("%s: got %d %s, want %d %s", row.name, r.status, r.body, row.status, row.kind)
			}
			if got := r.header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("%s: problem of type %q", row.name, got)
			}
			if r.member("detail") == "" || r.member("title") == "" {
				t.Errorf("%s: problem without words: %s", row.name, r.body)
			}
			if diff := cmp.Diff(before, s.everything()); diff != "" {
				t.Errorf("%s: something changed (-before +after)\n%s", row.name, diff)
			}
		}
	}
	// What was tried in bad ways still goes in the good one.
	if out, err := s.phone.Approve(t.Context(), s.phone.id, s.asked, s.signIn.number); err != nil || out.State != "approved" {
		t.Errorf("the sign-in cannot be approved any more: %+v, %v", out, err)
	}
	s.want(s.call("POST", "/v1/pair", s.pairBody(func(map[string]any, *phone.Key, *phone.PairClaims) {})), 201)
	s.refused(s.call("POST", "/v1/pair", s.pairBody(func(map[string]any, *phone.Key, *phone.PairClaims) {})), 410, "ticket-invalid")
}

func TestWhoIsThereCannotBeTold(t *testing.T) {
	s := newScene(t)
	const secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	unknownApproval := strings.Repeat("A", 30)
	otherKey, err := phone.GenerateKey(phone.ES256)
	if err != nil {
		t.Fatal(err)
	}
	proofBy := func(key *phone.Key, id string) string {
		proof, err := phone.SignProof(key, id, phone.NewProofClaims("GET", s.url+"/v1/phone", nil, s.clock.now()))
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	removed := s.pair("dave@example.com", phone.ES256)
	removedKey := s.keyOf(removed)
	s.want(s.signed(removed, "DELETE", "/v1/phone", ""), 204)

	for name, alike := range map[string][]reply{
		"unknown application and wrong key": {
			s.call("GET", "/v1/people/x", "", "Authorization", "Bearer cs_nobody_"+secret),
			s.call("GET", "/v1/people/x", "", "Authorization", "Bearer cs_northwind_"+secret),
			s.call("GET", "/v1/people/x", "", "Authorization", "Bearer nonsense"),
			s.call("GET", "/v1/people/x", ""),
		},
		"unknown approval and wrong waiting token": {
			s.with(secret, "GET", "/v1/approvals/"+unknownApproval+"/stream", ""),
			s.with(secret, "GET", "/v1/approvals/"+s.signIn.id+"/stream", ""),
			s.with(secret, "GET", "/v1/approvals/47/stream", ""),
		},
		"unknown set-up and wrong set-up token": {
			s.with(secret, "GET", "/v1/pairings/AAAAAAAAAAAAAAAAAAAAAA", ""),
			s.with(secret, "GET", "/v1/pairings/"+s.setUp.id, ""),
		},
		"unknown phone, removed phone and wrong key": {
			s.call("GET", "/v1/phone", "", "Phone-Proof", proofBy(otherKey, strings.Repeat("A", 22))),
			s.call("GET", "/v1/phone", "", "Phone-Proof", proofBy(otherKey, s.phone.id)),
			s.call("GET", "/v1/phone", "", "Phone-Proof", proofBy(removedKey, removed.id)),
		},
		"another's approval and one that is not there": {
			s.with(s.others, "GET", "/v1/approvals/"+s.signIn.id, ""),
			s.with(s.others, "GET", "/v1/approvals/"+unknownApproval, ""),
		},
		"unknown ticket and spent ticket": {
			s.call("POST", "/v1/pair", s.pairBodyFor(secret, func(map[string]any, *phone.Key, *phone.PairClaims) {})),
			func() reply {
				s.want(s.call("POST", "/v1/pair", s.pairBody(func(map[string]any, *phone.Key, *phone.PairClaims) {})), 201)
				return s.call("POST", "/v1/pair", s.pairBody(func(map[string]any, *phone.Key, *phone.PairClaims) {}))
			}(),
		},
	} {
		for _, r := range alike {
			r.header.Del("Date")
			if diff := cmp.Diff(alike[0], r, cmp.AllowUnexported(reply{})); diff != "" || r.kind() == "" {
				t.Errorf("%s: answers differ\n%s", name, diff)
			}
		}
	}
}

func TestAClockThatIsOffIsToldTheTime(t *testing.T) {
	w := newWorld(t)
	h := w.pair(person, phone.ES256)
	r := w.refused(w.forged(h, "GET", "/v1/phone", "", func(c *phone.ProofClaims) { c.Iat -= 121 }), 401, "proof-clock")
	at, err := time.Parse(time.RFC3339, r.member("server_time"))
	if err != nil || at.Sub(w.clock.now()).Abs() > time.Minute {
		t.Errorf("server_time %q: %v", r.member("server_time"), err)
	}
}

func TestWhatIsWrongIsNamedButNotRepeated(t *testing.T) {
	w := newWorld(t)
	r := w.refused(w.app("POST", "/v1/approvals", `{"user":"ana@example.com","ttl":"geheim"}`), 422, "invalid-request")
	if r.member("errors.location") != "body.ttl" || r.member("errors.message") == "" {
		t.Errorf("what is wrong is not named: %s", r.body)
	}
	if strings.Contains(r.body, "geheim") || strings.Contains(r.body, "ana@") {
		t.Errorf("a value is repeated: %s", r.body)
	}
	if r := w.app("POST", "/v1/approvals", `{"user"`); !strings.Contains(r.member("detail"), "JSON object") {
		t.Errorf("a body that is no JSON is told %s", r.body)
	}
	for _, body := range []string{`{"user":"geheim"`, `{"user":["geheim"]}`, `{"user":"\ud800geheim"}`} {
		if r := w.app("POST", "/v1/approvals", body); strings.Contains(r.body, "geheim") || strings.Contains(r.body, "Go ") {
			t.Errorf("a value is repeated: %s", r.body)
		}
	}
}

// Whoever announces too much is refused before it is sent.
func TestABodyThatIsAnnouncedTooLargeIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /v1/approvals HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil || !strings.Contains(string(answer[:n]), " 413 ") {
		t.Errorf("got %s, %v", answer[:n], err)
	}
}

func TestTheMethodsThatThereAreAreNamed(t *testing.T) {
	w := newWorld(t)
	r := w.refused(w.call("POST", "/v1/phone", ""), 405, "method-not-allowed")
	if diff := cmp.Diff([]string{"GET", "PATCH", "DELETE"}, r.header.Values("Allow")); diff != "" {
		t.Errorf("Allow (-want +got)\n%s", diff)
	}
}

func TestOwnPagesAndTheApplicationsMayActForTheWaitingScreen(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	for _, origin := range []string{w.url, "https://books.example.com"} {
		s := w.signIn(person)
		w.want(w.with(s.token, "POST", "/v1/approvals/"+s.id+"/cancel", "", "Origin", origin), 200)
	}
}

func TestTheHeadersThatProtectAreOnEverything(t *testing.T) {
	w := newWorld(t)
	for _, r := range []reply{
		w.call("GET", "/healthz", ""), w.call("GET", "/nowhere", ""), w.call("GET", "/docs", ""),
		w.app("GET", "/v1/people/nobody", ""), w.call("GET", "/openapi.json", "", "Origin", "https://books.example.com"),
	} {
		if r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Cache-Control") != "no-store" ||
			!strings.HasPrefix(r.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("headers %v", r.header)
		}
		for name := range r.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s is sent", name)
			}
		}
	}
}
