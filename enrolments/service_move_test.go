package enrolments_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
)

// letIn has old open a pairing and a new phone claim it.
func (d *desk) letIn(t *testing.T, old *handset, replace bool) (enrolments.Pairing, *handset) {
	t.Helper()
	p, ticket, err := d.OpenPairingByPhone(t.Context(), d.know(t, old), replace)
	noError(t, err)
	fresh := newHandset(t)
	claimed, err := d.Claim(t.Context(), fresh.claim(ticket, d.clock.now()))
	noError(t, err)
	fresh.id = claimed.Phone
	seen, err := d.PairingOf(t.Context(), d.know(t, old), p.ID)
	noError(t, err)
	if seen.State != enrolments.PairingClaimed || seen.Digits != enrolments.Digits(ticket, fresh.thumb) {
		t.Errorf("the old phone sees %s with digits %q", seen.State, seen.Digits)
	}
	return seen, fresh
}

func TestANewPhoneIsLetInByTheOldOne(t *testing.T) {
	for _, replace := range []bool{false, true} {
		d := open(t)
		_, old := d.paired(t, "ana@example.com")
		p, fresh := d.letIn(t, old, replace)
		if d.know(t, fresh).Active {
			t.Error("the new phone is active before the digits were compared")
		}
		d.know(t, old)
		_, err := d.Confirm(t.Context(), p, true)
		noError(t, err)
		if known := d.know(t, fresh); !known.Active || known.User != "ana@example.com" {
			t.Errorf("the new phone is of %s, active %v", known.User, known.Active)
		}
		if _, err := d.KnowPhone(t.Context(), old.proof(d.clock.now(), nil)); errors.Is(err, enrolments.ErrPhoneUnknown) != replace {
			t.Errorf("replace %v: the old phone is %v", replace, err)
		}
	}
}

func TestAPhoneThatWasRefusedReplacesNone(t *testing.T) {
	d := open(t)
	_, old := d.paired(t, "ana@example.com")
	p, stranger := d.letIn(t, old, true)
	_, err := d.Confirm(t.Context(), p, false)
	noError(t, err)
	d.know(t, old)
	_, err = d.KnowPhone(t.Context(), stranger.proof(d.clock.now(), nil))
	wantError(t, err, enrolments.ErrPhoneUnknown)
}

func TestAPairingOfAPhoneIsNobodyElses(t *testing.T) {
	d := open(t)
	browser, first := d.paired(t, "ana@example.com")
	_, second := d.paired(t, "ana@example.com")
	p, ticket, err := d.OpenPairingByPhone(t.Context(), d.know(t, first), false)
	noError(t, err)
	for name, c := range map[string]struct {
		phone *handset
		id    enrolments.PairingID
	}{
		"another phone":       {second, p.ID},
		"that of a browser":   {first, browser.ID},
		"one that is unknown": {first, enrolments.NewID[enrolments.PairingID]()},
	} {
		got, err := d.PairingOf(t.Context(), d.know(t, c.phone), c.id)
		wantError(t, err, enrolments.ErrNotFound)
		if got.ID != "" {
			t.Errorf("%s: %s came with it", name, got.ID)
		}
	}
	_, err = d.SetUp(t.Context(), p.ID, ticket)
	wantError(t, err, enrolments.ErrUnauthorized)
}

// Else a stranger who was first at a stolen ticket would open a pairing, and
// compare its digits, without the owner.
func TestAPhoneThatIsNotConfirmedLetsNobodyIn(t *testing.T) {
	d := open(t)
	_, _, stranger := d.claimed(t, "ana@example.com")
	noted := len(d.events(t))
	p, ticket, err := d.OpenPairingByPhone(t.Context(), d.know(t, stranger), false)
	wantError(t, err, enrolments.ErrPhoneInactive)
	if p.ID != "" || !ticket.IsZero() || len(d.events(t)) != noted {
		t.Errorf("opened %s, noted %v", p.ID, d.trail(t))
	}
}

func TestAPhoneIsRenamed(t *testing.T) {
	d := open(t)
	_, h := d.paired(t, "ana@example.com")
	noError(t, d.RenamePhone(t.Context(), d.know(t, h), "Zoe\u0308"))
	for _, name := range []string{"", " a", "a\u202eb", strings.Repeat("a", 65)} {
		wantError(t, d.RenamePhone(t.Context(), d.know(t, h), name), enrolments.ErrInvalid)
	}
	if got := d.know(t, h).Name; got != "Zo\u00eb" {
		t.Errorf("it is called %q", got)
	}
	_, _, waiting := d.claimed(t, "bob@example.com")
	wantError(t, d.RenamePhone(t.Context(), d.know(t, waiting), "Bob"), enrolments.ErrNotFound)
	var renamed []string
	for _, e := range d.events(t) {
		if e.Kind == enrolments.EventPhoneRenamed {
			renamed = append(renamed, string(e.Phone)+" "+e.Detail)
		}
	}
	if diff := cmp.Diff([]string{string(h.id) + " Zo\u00eb"}, renamed); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}
