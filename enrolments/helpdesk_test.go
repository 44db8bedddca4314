package enrolments_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
)

const reason = "lost the phone, known by face"

func (d *desk) helpDesk(t *testing.T) enrolments.HelpDesk {
	t.Helper()
	h, err := d.HelpDesk(reason)
	noError(t, err)
	return h
}

// losing begins a recovery of a person.
func (d *desk) losing(t *testing.T, person enrolments.PersonID, wait time.Duration) enrolments.Recovery {
	t.Helper()
	r, _, err := d.BeginRecovery(t.Context(), enrolments.Recovery{Person: person, Application: "northwind", Method: enrolments.MethodTOTP}, wait)
	noError(t, err)
	return r
}

// trusting has a person trust a browser for an application.
func (d *desk) trusting(t *testing.T, person enrolments.PersonID, app enrolments.ApplicationID) enrolments.TrustedBrowser {
	t.Helper()
	approval := enrolments.NewID[string]()
	noError(t, d.Trust(t.Context(), enrolments.TrustedBrowser{Person: person, Application: app, Approval: approval}, d.clock.now(), 24*time.Hour))
	b, _, err := d.IssueTrust(t.Context(), approval)
	noError(t, err)
	return b
}

func TestTheHelpDeskDoesNothingWithoutAReason(t *testing.T) {
	d := open(t)
	for _, text := range []string{"", " ", " a", "a\nb", "a\u202eb", strings.Repeat("é", 257)} {
		_, err := d.HelpDesk(text)
		wantError(t, err, enrolments.ErrInvalid)
	}
	_, err := d.HelpDesk(strings.Repeat("é", 256))
	noError(t, err)
}

func TestEveryActOfTheHelpDeskStandsInTheTrailWithItsReasonAndIsTold(t *testing.T) {
	d := open(t)
	ctx, desk := t.Context(), d.helpDesk(t)
	p, h := d.paired(t, "ana@example.com")
	app, _ := d.app(t, "ana@example.com")
	lost, browser := d.losing(t, p.Person, time.Hour), d.trusting(t, p.Person, "northwind")
	begun := len(d.events(t))

	_, _, err := desk.OpenPairing(ctx, "ana@example.com")
	noError(t, err)
	noError(t, desk.Unlock(ctx, p.Person))
	if n, err := desk.EndTrust(ctx, p.Person, browser.Application, browser.ID); n != 1 || err != nil {
		t.Errorf("%d browsers, %v", n, err)
	}
	if stopped, err := desk.StopRecovery(ctx, p.Person, lost.ID); !stopped || err != nil {
		t.Errorf("stopped %v, %v", stopped, err)
	}
	noError(t, desk.RemovePhone(ctx, d.know(t, h).Phone))
	noError(t, desk.RemoveAuthenticator(ctx, p.Person, app.Authenticator))
	noError(t, desk.NoteCaller(ctx, p.Person, nil))
	noError(t, desk.NoteCaller(ctx, p.Person, errors.New("refused on a phone")))

	var kinds []enrolments.EventKind
	for i, e := range d.events(t) {
		want := ""
		if i >= begun {
			kinds, want = append(kinds, e.Kind), reason
		}
		if e.Because() != want || e.Person != p.Person {
			t.Errorf("%s of %s because %q, want %q", e.Kind, e.Person, e.Because(), want)
		}
	}
	want := []enrolments.EventKind{
		enrolments.EventPairingOpened, enrolments.EventPersonUnlocked, enrolments.EventTrustEnded,
		enrolments.EventRecoveryRefused, enrolments.EventPhoneRemoved, enrolments.EventSecretRemoved, enrolments.EventCallerVerified, enrolments.EventCallerRefused,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
	told, err := d.store.Notices(ctx, p.Person, d.clock.now().Add(-time.Minute), 100)
	noError(t, err)
	for _, n := range told {
		if n.Because == reason {
			want = slices.DeleteFunc(want, func(k enrolments.EventKind) bool { return k == n.Event })
		}
	}
	if len(want) != 0 {
		t.Errorf("the person is not told of %v", want)
	}
}

func TestPhonesGoInTheStepInWhichTheHelpDesksLinkMakesANewOneActiveUnlessKept(t *testing.T) {
	for name, entered := range map[string]bool{"by a link": false, "by a link for a browser without script": true} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			_, lost := d.paired(t, "ana@example.com")
			_, kept := d.paired(t, "ana@example.com")
			_, others := d.paired(t, "bob@example.com")
			opens := d.helpDesk(t).OpenPairing
			if entered {
				opens = d.helpDesk(t).OpenPairingToEnter
			}
			p, token, err := opens(t.Context(), "ana@example.com", kept.id, others.id)
			noError(t, err)
			if entered {
				_, token, err = d.EnterSetUp(t.Context(), p.ID, token)
				noError(t, err)
			}
			fresh := newHandset(t)
			p, err = d.Claim(t.Context(), fresh.claim(enrolments.TicketOf(token), d.clock.now()))
			noError(t, err)
			fresh.id = p.Phone
			d.know(t, lost) // until the new one is active
			_, err = d.Confirm(t.Context(), p, true)
			noError(t, err)
			for _, h := range []*handset{fresh, kept, others} {
				d.know(t, h)
			}
			_, err = d.KnowPhone(t.Context(), lost.proof(d.clock.now(), nil))
			wantError(t, err, enrolments.ErrPhoneUnknown)
		})
	}
}

func TestAnAuthenticatorAppThatTheHelpDeskRemovesSignsNobodyIn(t *testing.T) {
	d := open(t)
	p, secret := d.app(t, "ana@example.com")
	other, _ := d.app(t, "bob@example.com")
	d.trusting(t, p.Person, "northwind")
	wantError(t, d.helpDesk(t).RemoveAuthenticator(t.Context(), p.Person, other.Authenticator), enrolments.ErrNotFound)
	noError(t, d.helpDesk(t).RemoveAuthenticator(t.Context(), p.Person, p.Authenticator))
	wantError(t, d.helpDesk(t).RemoveAuthenticator(t.Context(), p.Person, p.Authenticator), enrolments.ErrNotFound)
	if all := d.events(t); all[len(all)-1].Detail != "added on "+d.clock.now().Format(time.DateOnly) {
		t.Errorf("the trail says %q of it", all[len(all)-1].Detail)
	}
	_, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0))
	wantError(t, err, enrolments.ErrCodeWrong)
	left, err := d.store.TrustedBrowsers(t.Context(), p.Person, "northwind", d.clock.now())
	noError(t, err)
	if len(left) != 0 {
		t.Errorf("trusted are %v, as its codes may have begun", left)
	}
}

func TestTheHelpDeskStopsARecoveryOfThatPersonWhileItRuns(t *testing.T) {
	d := open(t)
	p, _ := d.paired(t, "ana@example.com")
	other, _ := d.paired(t, "bob@example.com")
	r := d.losing(t, p.Person, 0)
	opened, token, err := d.OpenRecovery(t.Context(), r, nil)
	noError(t, err)
	_, err = d.helpDesk(t).StopRecovery(t.Context(), other.Person, r.ID)
	wantError(t, err, enrolments.ErrNotFound)
	for _, want := range []bool{true, false} {
		stopped, err := d.helpDesk(t).StopRecovery(t.Context(), p.Person, r.ID)
		noError(t, err)
		if stopped != want {
			t.Errorf("stopped %v, want %v", stopped, want)
		}
	}
	if set, err := d.SetUp(t.Context(), opened.ID, token); err != nil || set.State != enrolments.PairingRefused {
		t.Errorf("its set-up is %s, %v", set.State, err)
	}
	if left, err := d.RunningRecoveries(t.Context(), p.Person); err != nil || len(left) != 0 {
		t.Errorf("%d run still, %v", len(left), err)
	}
}

func TestTrustThatEndsIsToldOnceWhoeverEndsItAndWhateverTheBrowsers(t *testing.T) {
	from := enrolments.Origin{Browser: "Chrome on Windows", IP: "203.0.113.9"}
	for name, c := range map[string]struct {
		end  func(*desk, enrolments.PersonID) (int, error)
		want enrolments.Notice
	}{
		"the help desk": {func(d *desk, p enrolments.PersonID) (int, error) {
			return d.helpDesk(t).EndTrust(t.Context(), p, "", "")
		}, enrolments.Notice{Because: reason}},
		"the person": {func(d *desk, p enrolments.PersonID) (int, error) {
			return d.EndTrust(t.Context(), p, "northwind", "", from)
		}, enrolments.Notice{Origin: from}},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			p, _ := d.paired(t, "ana@example.com")
			for _, name := range []string{"Chrome on Windows", "", "Chrome on Windows", "Firefox on Linux", "Safari on macOS", "Edge on Windows"} {
				approval := enrolments.NewID[string]()
				noError(t, d.Trust(t.Context(), enrolments.TrustedBrowser{Person: p.Person, Application: "northwind", Approval: approval, Name: name}, d.clock.now(), time.Hour))
				_, _, err := d.IssueTrust(t.Context(), approval)
				noError(t, err)
			}
			if n, err := c.end(d, p.Person); n != 6 || err != nil {
				t.Errorf("%d ended, %v", n, err)
			}
			if n, err := c.end(d, p.Person); n != 0 || err != nil {
				t.Errorf("%d ended again, %v", n, err)
			}
			told, err := d.store.Notices(t.Context(), p.Person, d.clock.now(), 100)
			noError(t, err)
			told = slices.DeleteFunc(told, func(n enrolments.Notice) bool { return n.Event != enrolments.EventTrustEnded })
			if len(told) != 1 {
				t.Fatalf("told %d times", len(told))
			}
			n := told[0]
			if strings.Count(n.Detail, ",") != 3 || !strings.HasSuffix(n.Detail, ", …") || n.Because != c.want.Because || n.Origin != c.want.Origin {
				t.Errorf("told %+v", n)
			}
		})
	}
}

func TestTrustIsListedAndEndedForEveryApplicationAtOnce(t *testing.T) {
	d := open(t)
	p, _ := d.paired(t, "ana@example.com")
	for _, id := range []enrolments.ApplicationID{"northwind", "contoso", "strict"} {
		a := app()
		a.ID, a.Policy.TrustFor = id, 24*time.Hour
		if id == "strict" { // where trust ends with the policy
			a.Policy.TrustFor = 0
		}
		_, err := d.AddApplication(t.Context(), a)
		noError(t, err)
		d.trusting(t, p.Person, id)
	}
	var listed []enrolments.ApplicationID
	all, err := d.TrustedEverywhere(t.Context(), p.Person)
	noError(t, err)
	for _, b := range all {
		listed = append(listed, b.Application)
	}
	if len(listed) != 2 || listed[0] == "strict" || listed[1] == "strict" {
		t.Errorf("listed for %v", listed)
	}
	if n, err := d.helpDesk(t).EndTrust(t.Context(), p.Person, "", ""); n != 3 || err != nil {
		t.Errorf("%d ended, %v", n, err)
	}
}

func TestWhatHoldsCodesBackIsTold(t *testing.T) {
	d := open(t, func(c *enrolments.Config) {
		c.CodeLimits = enrolments.CodeLimits{InARow: 2, BackOff: time.Minute, LockAt: 3}
	})
	p, h := d.paired(t, "ana@example.com")
	secret := d.secret(t, h)
	for failed, want := range []*enrolments.BlockedError{nil, nil, {Until: d.clock.now().Add(time.Minute)}, {}} {
		if failed > 0 {
			_, err := d.SpendCode(t.Context(), p.Person, d.wrongCode(t, secret))
			wantError(t, err, enrolments.ErrCodeWrong)
		}
		n, blocked, err := d.CodesBlocked(t.Context(), p.Person)
		noError(t, err)
		if diff := cmp.Diff(want, blocked); n != failed || diff != "" {
			t.Errorf("after %d: %d, %s", failed, n, diff)
		}
		if blocked != nil && !blocked.Until.IsZero() {
			d.clock.turn(time.Minute)
			if _, blocked, _ := d.CodesBlocked(t.Context(), p.Person); blocked != nil {
				t.Errorf("after the wait: %v", blocked)
			}
		}
	}
}
