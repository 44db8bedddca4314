package duo_test

import (
	"net/http"
	"strings"
	"testing"

	"countersign/enrolments"

	duoapi "github.com/duosecurity/duo_api_golang"
	"github.com/duosecurity/duo_api_golang/authapi"
)

// blindly is a policy that lets clients push that can show no number.
var blindly = enrolments.IntegrationPolicy{PushWithoutNumber: "an application that waits"}

// Every method of duo_api_golang, as its users call it.
func TestTheGoLibrary(t *testing.T) {
	w := newWorld(t, blindly)
	c := w.library(w.Integration)

	t.Run("ping, check and logo", func(t *testing.T) {
		if got, err := c.Ping(); err != nil || got.Stat != "OK" || got.Response.Time == 0 {
			t.Errorf("ping: %+v, %v", got, err)
		}
		if got, err := c.Check(); err != nil || got.Stat != "OK" || got.Response.Time == 0 {
			t.Errorf("check: %+v, %v", got, err)
		}
		if got, err := c.Logo(); err != nil || got.Stat != "FAIL" || *got.Code != 40401 {
			t.Errorf("logo: %+v, %v", got, err)
		}
	})

	t.Run("enroll and enroll_status", func(t *testing.T) {
		got, err := c.Enroll(authapi.EnrollUsername("new"), authapi.EnrollValidSeconds(600))
		w.ok(err)
		r := got.Response
		if got.Stat != "OK" || r.Username != "new" || r.User_Id == "" || r.Expiration == 0 || !strings.HasPrefix(r.Activation_Barcode, "data:image/svg+xml;base64,") {
			t.Errorf("%+v", got)
		}
		if got, err := c.EnrollStatus(r.User_Id, r.Activation_Code); err != nil || got.Response != "waiting" {
			t.Errorf("before: %+v, %v", got, err)
		}
		if got, err := c.EnrollStatus("somebody else", r.Activation_Code); err != nil || got.Response != "invalid" {
			t.Errorf("another's: %+v, %v", got, err)
		}
		if got, err := c.EnrollStatus(r.User_Id, "x.y"); err != nil || got.Response != "invalid" {
			t.Errorf("no code: %+v, %v", got, err)
		}
		w.phoneBy(r.Activation_Code)
		if got, err := c.EnrollStatus(r.User_Id, r.Activation_Code); err != nil || got.Response != "success" {
			t.Errorf("after: %+v, %v", got, err)
		}
		again, err := c.Enroll(authapi.EnrollUsername("new"))
		if err != nil || again.Stat != "FAIL" || *again.Code != 40002 {
			t.Errorf("the name again: %+v, %v", again, err)
		}
		anybody, err := c.Enroll()
		if err != nil || anybody.Stat != "OK" || !strings.HasPrefix(anybody.Response.Username, "user-") {
			t.Errorf("without a name: %+v, %v", anybody, err)
		}
		byID, err := c.Preauth(authapi.PreauthUserId(r.User_Id))
		if err != nil || byID.Response.Result != "auth" || len(byID.Response.Devices) != 1 {
			t.Errorf("by id: %+v, %v", byID, err)
		}
	})

	ana := w.phone("ana")
	t.Run("preauth", func(t *testing.T) {
		got, err := c.Preauth(authapi.PreauthUsername("ana"), authapi.PreauthIpAddr("192.0.2.9"))
		if err != nil || got.Response.Result != "auth" || len(got.Response.Devices) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		d := got.Response.Devices[0]
		if d.Type != "phone" || d.Name != "Ana's phone" || strings.Join(d.Capabilities, " ") != "auto push mobile_otp" {
			t.Errorf("%+v", d)
		}
	})

	t.Run("auth push, waiting", func(t *testing.T) {
		result := soon(func() *authapi.AuthResult {
			got, err := c.Auth("push", authapi.AuthUsername("ana"), authapi.AuthDevice("auto"), authapi.AuthIpAddr("192.0.2.9"),
				authapi.AuthType("Payment"), authapi.AuthDisplayUsername("Ana B."), authapi.AuthPushinfo("amount=12%20EUR&to=Ben"))
			if err != nil {
				t.Error(err)
			}
			return got
		})
		r := ana.asked()
		for member, want := range map[string]string{
			"application": "Servers", "user": "ana", "action": "Payment", "ip": "192.0.2.9", "reference": "As: Ana B. · amount: 12 EUR · to: Ben",
		} {
			if got := ana.shown(r, member); got != want {
				t.Errorf("%s is %q, want %q", member, got, want)
			}
		}
		ana.approves(r)
		if got := wait(t, result); got.Stat != "OK" || got.Response.Result != "allow" || got.Response.Status != "allow" {
			t.Errorf("%+v", got)
		}
	})

	t.Run("auth push denied", func(t *testing.T) {
		result := soon(func() *authapi.AuthResult {
			got, _ := c.Auth("auto", authapi.AuthUsername("ana"), authapi.AuthDevice("auto"))
			return got
		})
		ana.denies(ana.asked())
		if got := wait(t, result); got == nil || got.Response.Result != "deny" || got.Response.Status != "deny" {
			t.Errorf("%+v", got)
		}
	})

	t.Run("auth push, polled", func(t *testing.T) {
		got, err := c.Auth("push", authapi.AuthUsername("ana"), authapi.AuthDevice("auto"), authapi.AuthAsync())
		w.ok(err)
		txid := got.Response.Txid
		first, err := c.AuthStatus(txid)
		if err != nil || first.Response.Result != "waiting" || first.Response.Status != "pushed" {
			t.Fatalf("first %+v, %v", first, err)
		}
		next := soon(func() *authapi.AuthStatusResult { s, _ := c.AuthStatus(txid); return s })
		ana.approves(ana.asked())
		if got := wait(t, next); got == nil || got.Response.Result != "allow" {
			t.Errorf("next %+v", got)
		}
		if got, err := c.AuthStatus(txid); err != nil || got.Response.Result != "allow" {
			t.Errorf("afterwards %+v, %v", got, err)
		}
	})

	t.Run("auth passcode", func(t *testing.T) {
		digits := ana.code()
		passcode := func(from string) *authapi.AuthResult {
			got, err := c.Auth("passcode", authapi.AuthUsername("ana"), authapi.AuthPasscode(digits), authapi.AuthIpAddr(from))
			w.ok(err)
			return got
		}
		if got := passcode("192.0.2.1"); got.Response.Result != "allow" {
			t.Errorf("%+v", got)
		}
		if got := passcode("192.0.2.2"); got.Response.Result != "deny" {
			t.Errorf("the code again: %+v", got)
		}
	})

	t.Run("factors that are not offered", func(t *testing.T) {
		for _, factor := range []string{"sms", "phone", "carrier pigeon"} {
			got, err := c.Auth(factor, authapi.AuthUsername("ana"), authapi.AuthDevice("auto"))
			if err != nil || got.Stat != "FAIL" || *got.Code != 40002 {
				t.Errorf("%s: %+v, %v", factor, got, err)
			}
		}
	})

	t.Run("version 5, JSON", func(t *testing.T) {
		_, body, err := c.JSONSignedCall(http.MethodPost, "/auth/v2/preauth", duoapi.JSONParams{"username": "ana"})
		if err != nil || !strings.Contains(string(body), `"result":"auth"`) {
			t.Errorf("%s, %v", body, err)
		}
		result := soon(func() string {
			_, body, _ := c.JSONSignedCall(http.MethodPost, "/auth/v2/auth", duoapi.JSONParams{"username": "ana", "factor": "push", "device": "auto", "async": "0"})
			return string(body)
		})
		ana.approves(ana.asked())
		if got := wait(t, result); !strings.Contains(got, `"result":"allow"`) {
			t.Errorf("%s", got)
		}
	})

	t.Run("the wrong secret", func(t *testing.T) {
		i := w.Integration
		i.Secret = enrolments.SecretOf(strings.Repeat("x", 40))
		got, err := w.library(i).Check()
		if err != nil || got.Stat != "FAIL" || *got.Code != 40103 || *got.Message != "Invalid signature in request credentials" {
			t.Errorf("%+v, %v", got, err)
		}
		i.Key = "DIAAAAAAAAAAAAAAAAAA"
		got, err = w.library(i).Check()
		if err != nil || *got.Code != 40102 {
			t.Errorf("unknown key: %+v, %v", got, err)
		}
	})
}

// phoneBy pairs a phone through an activation code, as its person does.
func (w *world) phoneBy(activation string) {
	w.t.Helper()
	id, token, _ := strings.Cut(activation, ".")
	secret := enrolments.SecretOf(token)
	w.pair(enrolments.PairingID(id), secret)
}
