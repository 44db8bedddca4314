package duo_test

import (
	"net/url"
	"testing"
	"time"

	"countersign/enrolments"
)

// remembering is a policy under which devices are remembered for a day.
func remembering(p *enrolments.Policy) { p.TrustFor = 24 * time.Hour }

// typed is a sign-in by passcode.
func (w *world) typed(code string) sent {
	return w.v2("/auth/v2/auth", url.Values{"username": {"ana"}, "factor": {"passcode"}, "passcode": {code}})
}

func (w *world) brings(token string) string {
	return w.v2("/auth/v2/preauth", url.Values{"username": {"ana"}, "trusted_device_token": {token}}).member("result")
}

func TestADeviceIsRememberedForThePolicysTime(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{}, remembering)
	ana := w.phone("ana")
	got := w.typed(ana.code())
	token := got.member("trusted_device_token")
	if got.member("result") != "allow" || token == "" {
		t.Fatalf("%s", got.raw)
	}
	if result := w.brings(token); result != "allow" {
		t.Errorf("its token gets %q", result)
	}
	for name, wrong := range map[string]string{"another": token[1:] + "x", "none": ""} {
		if result := w.brings(wrong); result != "auth" {
			t.Errorf("%s token gets %q", name, result)
		}
	}
	if result := w.v2("/auth/v2/preauth", url.Values{"username": {"ben"}, "trusted_device_token": {token}}).member("result"); result == "allow" {
		t.Error("somebody else's token lets in")
	}
	w.clock.move(25 * time.Hour)
	if result := w.brings(token); result != "auth" {
		t.Errorf("a day later its token gets %q", result)
	}
}

func TestNoDeviceIsRememberedUnlessThePolicySaysSo(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{})
	ana := w.phone("ana")
	got := w.typed(ana.code())
	if got.member("result") != "allow" || got.member("trusted_device_token") != "" {
		t.Errorf("%s", got.raw)
	}
}

func TestADenialRemembersNoDevice(t *testing.T) {
	w := newWorld(t, enrolments.IntegrationPolicy{}, remembering)
	w.phone("ana")
	if got := w.typed("000000"); got.member("result") != "deny" || got.member("trusted_device_token") != "" {
		t.Errorf("%s", got.raw)
	}
}
