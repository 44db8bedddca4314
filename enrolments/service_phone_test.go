package enrolments_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
	"countersign/push"
)

func TestAPhoneIsKnownByItsKeyAlone(t *testing.T) {
	d := open(t)
	_, ana := d.paired(t, "ana@example.com")
	_, bob := d.paired(t, "bob@example.com")
	for name, c := range map[string]struct {
		signer *handset
		change func(header, claims map[string]any)
		want   error
	}{
		"unknown phone":   {ana, func(h, _ map[string]any) { h["kid"] = enrolments.NewID[string]() }, enrolments.ErrPhoneUnknown},
		"another's key":   {bob, func(h, _ map[string]any) { h["kid"] = string(ana.id) }, enrolments.ErrPhoneUnknown},
		"no phone":        {ana, func(h, _ map[string]any) { delete(h, "kid") }, enrolments.ErrRequestProof},
		"other algorithm": {ana, func(h, _ map[string]any) { h["alg"] = "ES256" }, enrolments.ErrPhoneUnknown},
		"no algorithm":    {ana, func(h, _ map[string]any) { h["alg"] = "none" }, enrolments.ErrPhoneUnknown},
		"other type":      {ana, func(h, _ map[string]any) { h["typ"] = enrolments.PairingProof }, enrolments.ErrRequestProof},
		"own key inside":  {ana, func(h, _ map[string]any) { h["jwk"] = map[string]any{} }, enrolments.ErrRequestProof},
		"other method":    {ana, func(_, c map[string]any) { c["htm"] = "POST" }, enrolments.ErrRequestProof},
		"other address":   {ana, func(_, c map[string]any) { c["htu"] = publicURL + "/v1/phone/approvals" }, enrolments.ErrRequestProof},
		"other body":      {ana, func(_, c map[string]any) { c["bod"] = hashOf("{}") }, enrolments.ErrRequestProof},
		"short id":        {ana, func(_, c map[string]any) { c["jti"] = "short" }, enrolments.ErrRequestProof},
		"unknown claim":   {ana, func(_, c map[string]any) { c["sub"] = "ana" }, enrolments.ErrRequestProof},
		"stale": {ana, func(_, c map[string]any) {
			c["iat"] = d.clock.now().Add(-enrolments.ProofWindow - time.Second).Unix()
		}, enrolments.ErrClock},
		"early": {ana, func(_, c map[string]any) {
			c["iat"] = d.clock.now().Add(enrolments.ProofWindow + time.Second).Unix()
		}, enrolments.ErrClock},
		// A wrong key is not told that its clock is off.
		"another's key, stale": {bob, func(h, c map[string]any) {
			h["kid"], c["iat"] = string(ana.id), 0
		}, enrolments.ErrPhoneUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			known, err := d.KnowPhone(t.Context(), c.signer.proof(d.clock.now(), c.change))
			wantError(t, err, c.want)
			if known.ID != "" || known.ProofID != "" {
				t.Errorf("the phone %s came with it", known.ID)
			}
		})
	}
	for _, proof := range []string{"", ".", "..", "a.b.c", strings.Repeat("a", 10<<10), ana.proof(d.clock.now(), nil).Proof + "."} {
		_, err := d.KnowPhone(t.Context(), enrolments.SignedRequest{Proof: proof, Method: "GET", URL: publicURL + "/v1/phone"})
		wantError(t, err, enrolments.ErrRequestProof)
	}
}

// Who removed a phone, who was never paired and who lost the key hear one
// sentence.
func TestUnknownRemovedAndWrongKeyAreOneAnswer(t *testing.T) {
	d := open(t)
	_, removed := d.paired(t, "ana@example.com")
	_, kept := d.paired(t, "ana@example.com")
	noError(t, d.RemovePhone(t.Context(), d.know(t, removed).Phone))
	forged := newHandset(t)
	forged.id = kept.id
	unknown := newHandset(t)
	unknown.id = enrolments.NewID[enrolments.PhoneID]()
	for name, h := range map[string]*handset{"removed": removed, "wrong key": forged, "unknown": unknown} {
		_, err := d.KnowPhone(t.Context(), h.proof(d.clock.now(), nil))
		wantError(t, err, enrolments.ErrPhoneUnknown)
		if err == nil || err.Error() != enrolments.ErrPhoneUnknown.Error() {
			t.Errorf("%s: got %v", name, err)
		}
	}
	d.know(t, kept)
}

// Whoever has no phone's key must not learn from a proof that is none which phones
// there are.
func TestWhatIsNoProofTellsNotWhichPhonesThereAre(t *testing.T) {
	d := open(t)
	_, ana := d.paired(t, "ana@example.com")
	type parts = map[string]any
	for name, c := range map[string]struct {
		change func(header, claims parts)
		spoil  func(proof string) string
		want   error
	}{
		"other type":        {change: func(h, _ parts) { h["typ"] = enrolments.PairingProof }, want: enrolments.ErrRequestProof},
		"no signature":      {spoil: func(p string) string { return p[:strings.LastIndexByte(p, '.')+1] + "A" }, want: enrolments.ErrRequestProof},
		"other algorithm":   {change: func(h, _ parts) { h["alg"] = "ES256" }, want: enrolments.ErrPhoneUnknown},
		"unheard algorithm": {change: func(h, _ parts) { h["alg"] = "HS256" }, want: enrolments.ErrPhoneUnknown},
		"other address":     {change: func(_, c parts) { c["htu"] = publicURL }, want: enrolments.ErrPhoneUnknown},
		"stale":             {change: func(_, c parts) { c["iat"] = 0 }, want: enrolments.ErrPhoneUnknown},
		"as it should be":   {want: enrolments.ErrPhoneUnknown},
	} {
		for _, id := range []enrolments.PhoneID{ana.id, enrolments.NewID[enrolments.PhoneID]()} {
			for who, key := range map[string]ed25519.PrivateKey{"a stranger's key": newHandset(t).private, "a key that is no secret": decoyPrivate(t)} {
				stranger := &handset{private: key, id: id}
				r := stranger.proof(d.clock.now(), c.change)
				if c.spoil != nil {
					r.Proof = c.spoil(r.Proof)
				}
				if _, err := d.KnowPhone(t.Context(), r); !errors.Is(err, c.want) {
					t.Errorf("%s by %s, of a phone that is there %v: got %v, want %v", name, who, id == ana.id, err, c.want)
				}
			}
		}
	}
}

// decoyPrivate is the private half of jws.Decoy for EdDSA, which stands in RFC 8037
// for everybody to read.
func decoyPrivate(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	noError(t, err)
	return ed25519.NewKeyFromSeed(seed)
}

func TestARemovedPhoneIsGoneWithItsSecret(t *testing.T) {
	d := open(t)
	p, h := d.paired(t, "ana@example.com")
	secret := d.secret(t, h)
	known := d.know(t, h)
	if state, err := d.PhoneState(t.Context(), h.id); err != nil || !state.TOTP || !state.Active {
		t.Errorf("got %v, %v", state.TOTP, err)
	}
	noError(t, d.RemovePhone(t.Context(), known.Phone))
	_, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0))
	wantError(t, err, enrolments.ErrCodeWrong)
	_, err = d.PhoneState(t.Context(), h.id)
	wantError(t, err, enrolments.ErrPhoneUnknown)
	_, err = d.NewPhoneSecret(t.Context(), known)
	wantError(t, err, enrolments.ErrNotFound)
	wantError(t, d.SetPush(t.Context(), known, nil), enrolments.ErrNotFound)
	wantError(t, d.UsedPhone(t.Context(), known.ID), enrolments.ErrNotFound)
	wantError(t, d.RemovePhone(t.Context(), known.Phone), enrolments.ErrNotFound)
	if e, err := d.Person(t.Context(), "ana@example.com"); err != nil || !e.Empty() {
		t.Errorf("left: %v, %v", e.Phones, err)
	}
}

func TestAPhoneThatIsNotConfirmedGetsNoSecret(t *testing.T) {
	d := open(t)
	_, _, h := d.claimed(t, "ana@example.com")
	_, err := d.NewPhoneSecret(t.Context(), d.know(t, h))
	wantError(t, err, enrolments.ErrNotFound)
	if state, err := d.PhoneState(t.Context(), h.id); err != nil || state.Active || state.TOTP {
		t.Errorf("got %v, %v", state, err)
	}
}

func TestANewSecretOfAPhoneTakesThePlaceOfItsOld(t *testing.T) {
	d := open(t)
	p, h := d.paired(t, "ana@example.com")
	old := d.secret(t, h)
	if s, err := d.NewPhoneSecret(t.Context(), d.know(t, h)); err != nil || s.Issuer != "Countersign" || s.Label != "ana@example.com" {
		t.Errorf("got %s, %s, %v", s.Issuer, s.Label, err)
	}
	fresh := d.secret(t, h)
	_, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, old, 0))
	wantError(t, err, enrolments.ErrCodeWrong)
	_, err = d.SpendCode(t.Context(), p.Person, d.codeAt(t, fresh, 0))
	noError(t, err)
	if e, err := d.Person(t.Context(), "ana@example.com"); err != nil || e.Authenticators != 1 {
		t.Errorf("got %d secrets, %v", e.Authenticators, err)
	}
}

func TestWhereAPhoneIsWokenCanMove(t *testing.T) {
	refused := errors.New("not asked by this server")
	d := open(t, func(c *enrolments.Config) {
		c.AllowTarget = func(target push.Target) error {
			if target.Token == "not-allowed" {
				return refused
			}
			return nil
		}
	})
	_, h := d.paired(t, "ana@example.com")
	known := d.know(t, h)
	old := *known.Push
	moved := push.Target{Service: push.FCM, Token: "moved"}
	noError(t, d.SetPush(t.Context(), known, &moved))
	// The old place was found dead: the phone lives in its new one.
	noError(t, d.TargetGone(t.Context(), known.Phone, old))
	if got := d.know(t, h).Push; got == nil || *got != moved {
		t.Errorf("got %v, want the place it moved to", got)
	}
	wantError(t, d.SetPush(t.Context(), known, &push.Target{Service: "smoke"}), push.ErrBadTarget)
	wantError(t, d.SetPush(t.Context(), known, &push.Target{Service: push.FCM, Token: "not-allowed"}), refused)
	if got := d.know(t, h).Push; got == nil || *got != moved {
		t.Errorf("a target that was refused took its place: %v", got)
	}
	noError(t, d.TargetGone(t.Context(), known.Phone, moved))
	if got := d.know(t, h).Push; got != nil {
		t.Errorf("got %v, want nowhere", got)
	}
	noError(t, d.SetPush(t.Context(), known, nil))
	want := []enrolments.EventKind{
		enrolments.EventPersonAdded, enrolments.EventPairingOpened, enrolments.EventPairingClaimed,
		enrolments.EventPhonePaired, enrolments.EventTargetSet, enrolments.EventTargetGone, enrolments.EventTargetSet,
	}
	if diff := cmp.Diff(want, d.trail(t)); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}

func TestUseOfAPhoneIsNoted(t *testing.T) {
	d := open(t)
	_, h := d.paired(t, "ana@example.com")
	d.clock.turn(time.Minute)
	noError(t, d.UsedPhone(t.Context(), h.id))
	if got := d.know(t, h).LastUsedAt; !got.Equal(d.clock.now()) {
		t.Errorf("got %v, want %v", got, d.clock.now())
	}
}
