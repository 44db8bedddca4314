package enrolments_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"countersign/enrolments"
	"countersign/push"
)

// Every way to go wrong, with every secret in hand: neither an error nor the
// trail repeats one.
func TestNoErrorAndNoEventHoldsASecret(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	var errs []error
	fails := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: did not go wrong", what)
			return
		}
		errs = append(errs, err)
	}
	key, err := d.AddApplication(ctx, app())
	noError(t, err)
	p, token, h := d.claimed(t, "ana@example.com")
	ticket := enrolments.TicketOf(token)
	p, err = d.Confirm(ctx, p, true)
	noError(t, err)
	secret := d.secret(t, h)
	codes, err := d.IssueCodes(ctx, p)
	noError(t, err)
	code, wrong := d.codeAt(t, secret, 0), d.wrongCode(t, secret)
	const pushToken = "token-of-the-phone"

	_, err = d.Authenticate(ctx, enrolments.APIKey{Application: "southwind", Secret: key.Secret})
	fails("key of another application", err)
	_, err = d.Authenticate(ctx, enrolments.APIKey{Application: "northwind", Secret: token})
	fails("token for a key", err)
	_, err = enrolments.ParseAPIKey("cs_northwind_" + key.Secret.Reveal() + "x")
	fails("long key", err)
	_, err = d.SetUp(ctx, enrolments.PairingID(token.Reveal()), key.Secret)
	fails("unknown set-up", err)
	_, err = d.SetUp(ctx, p.ID, ticket)
	fails("ticket for a token", err)
	claim := newHandset(t).claim(ticket, d.clock.now())
	_, err = d.Claim(ctx, claim)
	fails("spent ticket", err)
	claim.Proof += "x"
	_, err = d.Claim(ctx, claim)
	fails("broken proof", err)
	claim.Push = &push.Target{Service: push.APNs, Token: pushToken}
	_, err = d.Claim(ctx, claim)
	fails("broken target", err)
	fails("broken target", d.SetPush(ctx, d.know(t, h), &push.Target{Service: push.WebPush, Endpoint: "http://push.example.com/" + pushToken}))
	known := d.know(t, h)
	known.ID = "nobody"
	fails("target of no phone", d.SetPush(ctx, known, &push.Target{Service: push.FCM, Token: pushToken}))
	_, err = d.NewPhoneSecret(ctx, known)
	fails("secret of no phone", err)
	proof := h.proof(d.clock.now(), nil)
	proof.URL += "/" + code
	_, err = d.KnowPhone(ctx, proof)
	fails("another request", err)
	_, err = d.Confirm(ctx, p, true)
	fails("confirmed twice", err)
	_, err = d.IssueCodes(ctx, p)
	fails("codes twice", err)
	fails("no authenticator", d.ConfirmAuthenticator(ctx, p, code))
	_, _, err = d.OpenPairing(ctx, enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	fails("no fresh approval", err)
	_, err = d.SpendCode(ctx, p.Person, code)
	noError(t, err)
	_, err = d.SpendCode(ctx, p.Person, code)
	fails("spent code", err)
	_, err = d.SpendCode(ctx, p.Person, codes[0])
	noError(t, err)
	_, err = d.SpendCode(ctx, p.Person, codes[0])
	fails("spent recovery code", err)
	for range 10 {
		_, err = d.SpendCode(ctx, p.Person, wrong)
		fails("wrong code", err)
	}
	_, err = d.SpendCode(ctx, p.Person, codes[1])
	fails("blocked", err)

	secrets := map[string]string{
		"API key": key.Secret.Reveal(), "set-up token": token.Reveal(), "ticket": ticket.Reveal(),
		"TOTP secret": base32.StdEncoding.EncodeToString(secret), "TOTP secret in hex": hex.EncodeToString(secret),
		"TOTP secret in base64": base64.StdEncoding.EncodeToString(secret), "TOTP secret in bytes": fmt.Sprint(secret),
		"code": code, "wrong code": wrong, "recovery code": codes[0], "another recovery code": codes[1],
		"recovery code in one piece": strings.ReplaceAll(codes[0], "-", ""), "push token": pushToken,
		"digits": p.Digits, "proof": proof.Proof,
	}
	texts := []string{fmt.Sprintf("%+v", d.events(t)), fmt.Sprintf("%#v", d.events(t))}
	for _, err := range errs {
		texts = append(texts, err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err))
	}
	for name, s := range secrets {
		for _, text := range texts {
			if strings.Contains(text, s) {
				t.Errorf("the %s stands in %q", name, text)
			}
		}
	}
}
