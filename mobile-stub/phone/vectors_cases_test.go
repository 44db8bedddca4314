package phone

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func named(alg Algorithm, c tokenCase) string { return string(alg) + ": " + c.name }

func pairingCases(t *testing.T) []pairingCase {
	ticket := Ticket(vecSetUp)
	var all []pairingCase
	for _, s := range signers(t, signer{
		typ: TypPair, form: pairingProofBad, typed: pairingProofBad, algorithm: pairingProofBad, sign: pairingProofBad, claimed: pairingProofBad,
	}) {
		s.claims = PairClaims{Aud: vecServer, Tkt: digest([]byte(ticket)), Jkt: s.key.Public().Thumbprint(), Iat: vecNow}
		base := pairingCase{PublicKey: s.marshal(s.key.Public()), Ticket: ticket, Aud: vecServer, Now: vecNow}
		for _, c := range slices.Concat(s.pairing(ticket), s.clocks(pairingProofBad), s.badTokens()) {
			v := base
			v.Name, v.Want, v.Proof = named(s.key.Algorithm(), c), c.want, c.token
			all = append(all, v)
		}
		for _, c := range s.badKeys() {
			v := base
			v.Name, v.Want, v.Proof, v.PublicKey = named(s.key.Algorithm(), tokenCase{name: c.name}), keyRefused, s.good(), c.key
			all = append(all, v)
		}
	}
	return all
}

func (s signer) pairing(ticket string) []tokenCase {
	raw, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil {
		s.t.Fatal(err)
	}
	bad := func(name, token string) tokenCase { return tokenCase{name, token, pairingProofBad} }
	strangers := s.claims.(PairClaims)
	strangers.Jkt = s.stranger.Public().Thumbprint()
	return []tokenCase{
		{"good", s.good(), good},
		{"good, 8 KiB long", s.padded(maxTokenBytes), good},
		bad("aud of another server", s.changed("aud", "https://countersign.example.net")),
		bad("aud with a slash at the end", s.changed("aud", vecServer+"/")),
		bad("aud missing", s.changed("aud", nil)),
		bad("tkt of another ticket", s.changed("tkt", digest([]byte(Ticket("another"))))),
		bad("tkt the ticket itself", s.changed("tkt", ticket)),
		bad("tkt of the decoded ticket", s.changed("tkt", digest(raw))),
		bad("tkt missing", s.changed("tkt", nil)),
		bad("jkt of a stranger's key", s.claiming(strangers)),
		bad("jkt missing", s.changed("jkt", nil)),
		bad("kid in the header", s.by(s.key, s.with("kid", vecDevice), s.payload())),
		bad("aud changed after signing", s.altered("aud", "https://countersign.example.net")),
		bad("tkt changed after signing", s.altered("tkt", digest([]byte("another")))),
		bad("jkt changed after signing", s.altered("jkt", strangers.Jkt)),
		bad("iat changed after signing", s.altered("iat", vecNow+1)),
		bad("a stranger's proof of the stranger's own key", s.by(s.stranger, s.header(), s.marshal(strangers))),
	}
}

type keyCase struct {
	name string
	key  json.RawMessage
}

// badKeys are public keys that no server takes, beside a good proof.
func (s signer) badKeys() []keyCase {
	with := func(member, value string) json.RawMessage {
		var key map[string]string
		if err := json.Unmarshal(s.marshal(s.key), &key); err != nil {
			s.t.Fatal(err)
		}
		if member != "d" { // the private half
			delete(key, "d")
		}
		if value != "" {
			key[member] = value
		}
		return s.marshal(key)
	}
	x := s.key.Public().X
	cases := []struct{ name, member, value string }{
		{"key of the curve P-384", "crv", "P-384"},
		{"key of the curve X25519", "crv", "X25519"},
		{"key of the kind oct", "kty", "oct"},
		{"key of no curve", "crv", " "},
		{"key with x one byte short", "x", encode(make([]byte, 31))},
		{"key with x one byte long", "x", encode(make([]byte, 33))},
		{"key with padded x", "x", x + "="},
		{"key with its private half", "d", ""},
		{"key with a member alg", "alg", string(s.key.Algorithm())},
		{"key with a member kid", "kid", "1"},
	}
	if s.key.ec != nil {
		cases = append(cases, []struct{ name, member, value string }{
			{"key off the curve", "y", s.stranger.Public().Y},
			{"key with y one byte short", "y", encode(make([]byte, 31))},
		}...)
	} else {
		cases = append(cases, struct{ name, member, value string }{"key with a second coordinate", "y", x})
	}
	bad := make([]keyCase, len(cases))
	for i, c := range cases {
		bad[i] = keyCase{c.name, with(c.member, c.value)}
	}
	return bad
}

func proofCases(t *testing.T) []proofCase {
	const path = "/v1/phone/approvals/" + vecTxn + "/answer"
	body := []byte(`{"answer":"…"}`)
	var all []proofCase
	for _, s := range signers(t, signer{
		typ: TypProof, kid: vecDevice, form: proofInvalid, typed: proofInvalid, algorithm: PhoneUnknown, sign: PhoneUnknown, claimed: proofInvalid,
	}) {
		s.claims = ProofClaims{Htm: "POST", Htu: vecServer + path, Iat: vecNow, Jti: vecJTI, Bod: digest(body)}
		base := proofCase{
			PublicKey: s.key.Public(), DeviceID: vecDevice, Method: "POST", URL: vecServer + path, Body: encode(body), SeenJTI: []string{}, Now: vecNow,
		}
		for _, c := range slices.Concat(s.proofs(), s.clocks(ProofClock), s.badTokens()) {
			v := base
			v.Name, v.Want, v.Proof = named(s.key.Algorithm(), c), c.want, c.token
			all = append(all, v)
		}
		all = append(all, s.proofsElsewhere(base)...)
	}
	return all
}

func (s signer) proofs() []tokenCase {
	bad := func(name, token string) tokenCase { return tokenCase{name, token, proofInvalid} }
	address := s.claims.(ProofClaims).Htu
	return []tokenCase{
		{"good", s.good(), good},
		{"good, 8 KiB long", s.padded(maxTokenBytes), good},
		{"jti of 16 characters", s.changed("jti", "abcdefghijklmno_"), good},
		{"jti of 64 characters", s.changed("jti", strings.Repeat("Az0-", 16)), good},
		bad("jti of 15 characters", s.changed("jti", "abcdefghijklmno")),
		bad("jti of 65 characters", s.changed("jti", strings.Repeat("a", 65))),
		bad("jti not base64url", s.changed("jti", "abcdefghijklmno+")),
		bad("jti missing", s.changed("jti", nil)),
		bad("htm of another method", s.changed("htm", "DELETE")),
		bad("htm in lower case", s.changed("htm", "post")),
		bad("htm missing", s.changed("htm", nil)),
		bad("htu of another path", s.changed("htu", vecServer+"/v1/phone/approvals/"+vecTxn+"/seen")),
		bad("htu of another server", s.changed("htu", strings.Replace(address, "example.com", "example.net", 1))),
		bad("htu with http", s.changed("htu", strings.Replace(address, "https", "http", 1))),
		bad("htu with a query", s.changed("htu", address+"?wait=25s")),
		bad("htu with a slash at the end", s.changed("htu", address+"/")),
		bad("htu a path alone", s.changed("htu", strings.TrimPrefix(address, vecServer))),
		bad("bod of another body", s.changed("bod", digest([]byte(`{"answer":"?"}`)))),
		bad("bod of no body", s.changed("bod", digest(nil))),
		bad("bod missing", s.changed("bod", nil)),
		{"kid of no phone", s.by(s.key, s.with("kid", otherDevice), s.payload()), PhoneUnknown},
		{"kid missing", s.by(s.key, s.with("kid", nil), s.payload()), proofInvalid},
		{"htm changed after signing", s.altered("htm", "DELETE"), PhoneUnknown},
		{"htu changed after signing", s.altered("htu", vecServer+"/v1/phone"), PhoneUnknown},
		{"bod changed after signing", s.altered("bod", digest(nil)), PhoneUnknown},
		{"jti changed after signing", s.altered("jti", otherJTI), PhoneUnknown},
		{"iat changed after signing", s.altered("iat", vecNow+1), PhoneUnknown},
	}
}

// proofsElsewhere are good proofs in other surroundings.
func (s signer) proofsElsewhere(base proofCase) []proofCase {
	alg := string(s.key.Algorithm()) + ": "
	replayed := base
	replayed.Name, replayed.Want, replayed.Proof, replayed.SeenJTI = alg+"sent a second time", proofReplayed, s.good(), []string{vecJTI}
	fresh := base
	fresh.Name, fresh.Want, fresh.Proof, fresh.SeenJTI = alg+"after another proof", good, s.good(), []string{otherJTI}
	empty := base
	empty.Method, empty.URL, empty.Body = "GET", vecServer+"/v1/phone/approvals", ""
	empty.Name, empty.Want = alg+"good, without a body", good
	empty.Proof = s.claiming(ProofClaims{Htm: "GET", Htu: empty.URL, Iat: vecNow, Jti: vecJTI, Bod: digest(nil)})
	bodiless := empty
	bodiless.Name, bodiless.Want = alg+"without a body and with an empty bod", proofInvalid
	bodiless.Proof = s.claiming(ProofClaims{Htm: "GET", Htu: empty.URL, Iat: vecNow, Jti: vecJTI})
	return []proofCase{replayed, fresh, empty, bodiless}
}

func answerCases(t *testing.T) []answerCase {
	var all []answerCase
	for _, s := range signers(t, signer{
		typ: TypAnswer, kid: vecDevice, form: answerSignature, typed: answerSignature, algorithm: answerAlgorithm, sign: answerSignature, claimed: answerMismatch,
	}) {
		s.claims = AnswerClaims{
			Iss: vecDevice, Aud: vecServer, Txn: vecTxn, Nonce: vecNonce, Decision: Approve, Number: "47", Dsp: digest([]byte(vecDisplay)), Iat: vecNow,
		}
		base := answerCase{PublicKey: s.key.Public(), DeviceID: vecDevice, Aud: vecServer, Txn: vecTxn, Nonce: vecNonce, Display: vecDisplay, Now: vecNow}
		all = append(all, s.goodAnswers(base)...)
		for _, c := range slices.Concat(s.answers(), s.answersChangedLater(), s.clocks(answerClock), s.badTokens()) {
			v := base
			v.Name, v.Want, v.Answer = named(s.key.Algorithm(), c), c.want, c.token
			if c.want == good {
				v.Decision, v.Number = Approve, "47"
			}
			all = append(all, v)
		}
	}
	return all
}

func (s signer) goodAnswers(base answerCase) []answerCase {
	var all []answerCase
	for _, a := range []struct {
		name     string
		decision Decision
		number   string
	}{
		{"approve", Approve, "47"}, {"approve, number with a zero in front", Approve, "07"}, {"approve, six digits", Approve, "012345"},
		{"deny", Deny, ""}, {"report", Report, ""},
	} {
		claims := s.claims.(AnswerClaims)
		claims.Decision, claims.Number = a.decision, a.number
		v := base
		v.Name, v.Want, v.Decision, v.Number = string(s.key.Algorithm())+": "+a.name, good, a.decision, a.number
		v.Answer = s.claiming(claims)
		all = append(all, v)
	}
	long := base
	long.Name, long.Want, long.Decision, long.Number = string(s.key.Algorithm())+": approve, 8 KiB long", good, Approve, "47"
	long.Answer = s.padded(maxTokenBytes)
	return append(all, long)
}

func (s signer) answers() []tokenCase {
	respaced := strings.ReplaceAll(vecDisplay, `":"`, `": "`)
	sum, err := base64.RawURLEncoding.DecodeString(digest([]byte(vecDisplay)))
	if err != nil {
		s.t.Fatal(err)
	}
	return []tokenCase{
		{"iss of another phone", s.changed("iss", otherDevice), answerMismatch},
		{"kid of another phone", s.by(s.key, s.with("kid", otherDevice), s.payload()), answerMismatch},
		{"kid missing", s.by(s.key, s.with("kid", nil), s.payload()), answerMismatch},
		{"aud of another server", s.changed("aud", "https://countersign.example.net"), answerAudience},
		{"aud with a slash at the end", s.changed("aud", vecServer+"/"), answerAudience},
		{"aud with http", s.changed("aud", "http://countersign.example.com"), answerAudience},
		{"aud missing", s.changed("aud", nil), answerAudience},
		{"aud a list", s.changed("aud", []string{vecServer}), answerMismatch},
		{"txn of another approval", s.changed("txn", otherTxn), answerMismatch},
		{"txn missing", s.changed("txn", nil), answerMismatch},
		{"nonce of another approval", s.changed("nonce", otherNonce), answerMismatch},
		{"nonce missing", s.changed("nonce", nil), answerMismatch},
		{"dsp of another place", s.changed("dsp", digest([]byte(strings.Replace(vecDisplay, "Wellington, NZ", "Auckland, NZ", 1)))), answerDisplay},
		{"dsp of the same members spaced anew", s.changed("dsp", digest([]byte(respaced))), answerDisplay},
		{"dsp in hexadecimal", s.changed("dsp", hex.EncodeToString(sum)), answerDisplay},
		{"dsp missing", s.changed("dsp", nil), answerDisplay},
		{"decision unknown", s.changed("decision", "allow"), answerMismatch},
		{"decision in capitals", s.changed("decision", "APPROVE"), answerMismatch},
		{"decision missing", s.changed("decision", nil), answerMismatch},
		{"deny with a number", s.changed("decision", Deny), answerMismatch},
		{"deny with an empty number", s.claiming(s.editedToo("decision", Deny, "number", "")), answerMismatch},
		{"approve without a number", s.changed("number", nil), answerMismatch},
		{"approve with an empty number", s.changed("number", ""), answerMismatch},
		{"number of letters", s.changed("number", "4x"), answerMismatch},
		{"number with a space", s.changed("number", "4 7"), answerMismatch},
		{"number of seven digits", s.changed("number", "0000047"), answerMismatch},
		{"number not as text", s.changed("number", 47), answerMismatch},
	}
}

func (s signer) answersChangedLater() []tokenCase {
	var cases []tokenCase
	for _, c := range []struct {
		claim string
		value any
	}{
		{"iss", otherDevice}, {"aud", "https://countersign.example.net"}, {"txn", otherTxn}, {"nonce", otherNonce},
		{"decision", Report}, {"number", "48"}, {"dsp", digest(nil)}, {"iat", vecNow + 1},
	} {
		cases = append(cases, tokenCase{c.claim + " changed after signing", s.altered(c.claim, c.value), answerSignature})
	}
	return cases
}

func digests(t *testing.T) digestCases {
	var d digestCases
	for _, token := range []string{vecSetUp, "", "set-up token", strings.Repeat("A", 43)} {
		d.Tickets = append(d.Tickets, ticketCase{token, Ticket(token), digest([]byte(Ticket(token)))})
	}
	for _, key := range namedKeys(t) {
		jkt := key.PrivateKey.Public().Thumbprint()
		d.Thumbprints = append(d.Thumbprints, thumbprintCase{key.PrivateKey.Public(), jkt})
		for _, ticket := range d.Tickets {
			d.Digits = append(d.Digits, digitsCase{ticket.Ticket, jkt, Digits(ticket.Ticket, jkt)})
		}
	}
	d.Digits = append(d.Digits, zeroDigits(t, d.Thumbprints[0].Jkt))
	for _, c := range []displayCase{
		{Name: "as in the protocol", Display: vecDisplay},
		{Name: "letters beyond ASCII, not escaped", Display: `{"application":"Bücher","user":"ana@example.com","location":"Ōtautahi, NZ"}`},
		{Name: "letters beyond ASCII, escaped", Display: `{"application":"B\u00fccher","user":"ana@example.com","location":"\u014ctautahi, NZ"}`},
		{Name: "markup is text", Display: `{"application":"<b>Books</b> & more"}`},
		{Name: "empty", Display: ``},
	} {
		c.Dsp = digest([]byte(c.Display))
		d.Displays = append(d.Displays, c)
	}
	return d
}

// zeroDigits is a case whose digits begin with zeros: a number printed without
// them would pass all the others.
func zeroDigits(t *testing.T, jkt string) digitsCase {
	for i := range 100_000 {
		ticket := Ticket(strings.Repeat("z", i%997) + string(rune('a'+i%26)))
		if digits := Digits(ticket, jkt); strings.HasPrefix(digits, "00") {
			return digitsCase{ticket, jkt, digits}
		}
	}
	t.Fatal("no ticket with such digits")
	return digitsCase{}
}
