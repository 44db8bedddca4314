package enrolments_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/push"
)

func TestAPhoneIsPairedFromOpenToActive(t *testing.T) {
	d := open(t)
	opened, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	if opened.State != enrolments.PairingOpen || !opened.ExpiresAt.Equal(d.clock.now().Add(10*time.Minute)) {
		t.Errorf("opened as %s until %v", opened.State, opened.ExpiresAt)
	}
	h := newHandset(t)
	claimed, err := d.Claim(t.Context(), h.claim(enrolments.TicketOf(token), d.clock.now()))
	noError(t, err)
	h.id = claimed.Phone
	if want := enrolments.Digits(enrolments.TicketOf(token), h.thumb); claimed.Digits != want || claimed.State != enrolments.PairingClaimed {
		t.Errorf("claimed as %s with digits %s, want %s", claimed.State, claimed.Digits, want)
	}
	if e, err := d.Person(t.Context(), "ana@example.com"); err != nil || !e.Empty() {
		t.Errorf("a phone counts before its person has confirmed it: %v, %v", e.Phones, err)
	}
	if d.know(t, h).Active {
		t.Error("the phone is active before its person has confirmed it")
	}

	active, err := d.Confirm(t.Context(), claimed, true)
	noError(t, err)
	if active.State != enrolments.PairingActive || !active.Confirmed() {
		t.Errorf("confirmed as %s", active.State)
	}
	known := d.know(t, h)
	if !known.Active || known.User != "ana@example.com" || known.Name != "Ana's phone" || known.Push == nil {
		t.Errorf("the phone is %v of %s", known.Name, known.User)
	}
	if seen, err := d.SetUp(t.Context(), opened.ID, token); err != nil || seen.State != enrolments.PairingActive || seen.Digits != claimed.Digits {
		t.Errorf("the browser sees %s, %v", seen.State, err)
	}
	want := []enrolments.EventKind{
		enrolments.EventPersonAdded, enrolments.EventPairingOpened,
		enrolments.EventPairingClaimed, enrolments.EventPhonePaired,
	}
	if diff := cmp.Diff(want, d.trail(t)); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}

// A photographed QR code: the stranger is faster, and gains nothing.
func TestAStolenTicketNeverActivatesAStrangersPhone(t *testing.T) {
	d := open(t)
	opened, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	ticket := enrolments.TicketOf(token)
	stranger, own := newHandset(t), newHandset(t)
	claimed, err := d.Claim(t.Context(), stranger.claim(ticket, d.clock.now()))
	noError(t, err)
	stranger.id = claimed.Phone

	_, err = d.Claim(t.Context(), own.claim(ticket, d.clock.now()))
	wantError(t, err, enrolments.ErrTicket)
	seen, err := d.SetUp(t.Context(), opened.ID, token)
	noError(t, err)
	if seen.Digits == enrolments.Digits(ticket, own.thumb) {
		t.Fatal("the browser shows the digits of the owner's phone")
	}
	if seen.Digits != enrolments.Digits(ticket, stranger.thumb) {
		t.Errorf("the browser shows %s", seen.Digits)
	}

	refused, err := d.Confirm(t.Context(), seen, false)
	noError(t, err)
	if refused.State != enrolments.PairingRefused || refused.Confirmed() {
		t.Errorf("refused as %s", refused.State)
	}
	_, err = d.KnowPhone(t.Context(), stranger.proof(d.clock.now(), nil))
	wantError(t, err, enrolments.ErrPhoneUnknown)
	_, err = d.Confirm(t.Context(), seen, true)
	wantError(t, err, enrolments.ErrPairingSettled)
	_, err = d.Claim(t.Context(), own.claim(ticket, d.clock.now()))
	wantError(t, err, enrolments.ErrTicket)
	if e, err := d.Person(t.Context(), "ana@example.com"); err != nil || !e.Empty() {
		t.Errorf("something is set up: %v, %v", e.Phones, err)
	}
	if kinds := d.trail(t); kinds[len(kinds)-1] != enrolments.EventPairingRefused {
		t.Errorf("the trail ends in %s", kinds[len(kinds)-1])
	}
}

func TestATicketIsSpentByOnePhoneOfMany(t *testing.T) {
	d := open(t)
	_, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	var wins, losses int
	var counting sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		claim := newHandset(t).claim(enrolments.TicketOf(token), d.clock.now())
		all.Go(func() {
			_, err := d.Claim(t.Context(), claim)
			counting.Lock()
			defer counting.Unlock()
			if err == nil {
				wins++
			} else if errors.Is(err, enrolments.ErrTicket) {
				losses++
			}
		})
	}
	all.Wait()
	if wins != 1 || losses != 7 {
		t.Errorf("%d phones spent the ticket, %d were told that it is spent", wins, losses)
	}
}

func TestAClaimOutOfBoundsSpendsNothing(t *testing.T) {
	d := open(t, func(c *enrolments.Config) {
		c.AllowTarget = func(target push.Target) error {
			if target.Service == push.WebPush {
				return push.ErrBadTarget
			}
			return nil
		}
	})
	_, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	h, other := newHandset(t), newHandset(t)
	ticket := enrolments.TicketOf(token)
	for name, c := range map[string]struct {
		change func(*enrolments.Claim)
		want   error
	}{
		"no name":          {func(c *enrolments.Claim) { c.Name = "" }, enrolments.ErrInvalid},
		"long name":        {func(c *enrolments.Claim) { c.Name = strings.Repeat("a", 65) }, enrolments.ErrInvalid},
		"bidi name":        {func(c *enrolments.Claim) { c.Name = "a\u202eb" }, enrolments.ErrInvalid},
		"no platform":      {func(c *enrolments.Claim) { c.Platform = "" }, enrolments.ErrInvalid},
		"unknown platform": {func(c *enrolments.Claim) { c.Platform = strings.Repeat("x", 100) }, enrolments.ErrInvalid},
		"no key":           {func(c *enrolments.Claim) { c.Key = nil }, jws.ErrKey},
		"broken target":    {func(c *enrolments.Claim) { c.Push = &push.Target{Service: "smoke"} }, push.ErrBadTarget},
		"target not allowed": {func(c *enrolments.Claim) {
			c.Push = &push.Target{
				Service: push.WebPush, Endpoint: "https://push.example.com/a", Auth: strings.Repeat("A", 22),
				P256DH: "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
			}
		}, push.ErrBadTarget},
		"no proof":         {func(c *enrolments.Claim) { c.Proof = "" }, enrolments.ErrProof},
		"another's key":    {func(c *enrolments.Claim) { c.Key = other.jwk }, enrolments.ErrProof},
		"another's ticket": {func(c *enrolments.Claim) { c.Ticket = enrolments.NewSecret() }, enrolments.ErrProof},
		"unknown ticket": {func(c *enrolments.Claim) {
			*c = h.claim(enrolments.NewSecret(), d.clock.now())
		}, enrolments.ErrTicket},
	} {
		t.Run(name, func(t *testing.T) {
			claim := h.claim(ticket, d.clock.now())
			c.change(&claim)
			_, err := d.Claim(t.Context(), claim)
			wantError(t, err, c.want)
		})
	}
	if _, err := d.Claim(t.Context(), h.claim(ticket, d.clock.now())); err != nil {
		t.Errorf("the ticket was spent by what was refused: %v", err)
	}
}

func TestAPhoneWithoutAPushTargetIsPairedToo(t *testing.T) {
	d := open(t)
	_, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	claim := newHandset(t).claim(enrolments.TicketOf(token), d.clock.now())
	claim.Push = nil
	if _, err := d.Claim(t.Context(), claim); err != nil {
		t.Error(err)
	}
}

func TestASetUpEndsAfterTenMinutes(t *testing.T) {
	d := open(t)
	open, openToken, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	claimed, _, h := d.claimed(t, "bob@example.com")
	d.clock.turn(enrolments.PairingTTL - time.Second)
	d.know(t, h)
	d.clock.turn(time.Second)

	_, err = d.Claim(t.Context(), newHandset(t).claim(enrolments.TicketOf(openToken), d.clock.now()))
	wantError(t, err, enrolments.ErrTicket)
	if seen, err := d.SetUp(t.Context(), open.ID, openToken); err != nil || seen.State != enrolments.PairingExpired {
		t.Errorf("the browser sees %s, %v", seen.State, err)
	}
	_, err = d.Confirm(t.Context(), claimed, true)
	wantError(t, err, enrolments.ErrPairingSettled)
	_, err = d.KnowPhone(t.Context(), h.proof(d.clock.now(), nil))
	wantError(t, err, enrolments.ErrPhoneUnknown)
}

func TestOnlyTheBrowserThatHoldsTheTokenSeesASetUp(t *testing.T) {
	d := open(t)
	p, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	other, otherToken, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "bob@example.com", Application: "northwind"})
	noError(t, err)
	for name, c := range map[string]struct {
		id    enrolments.PairingID
		token enrolments.Secret
	}{
		"no token":        {p.ID, enrolments.Secret{}},
		"another's token": {p.ID, otherToken},
		"another's id":    {other.ID, token},
		"the ticket":      {p.ID, enrolments.TicketOf(token)},
		"unknown id":      {enrolments.NewID[enrolments.PairingID](), token},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := d.SetUp(t.Context(), c.id, c.token)
			wantError(t, err, enrolments.ErrUnauthorized)
			if got.ID != "" || got.Person != "" {
				t.Errorf("a pairing came with it: %v", got.ID)
			}
		})
	}
}

func TestWhoHasSomethingNeedsAFreshApprovalForMore(t *testing.T) {
	d := open(t)
	// Nothing set up: anybody may begin, again and again.
	for range 2 {
		_, _, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
		noError(t, err)
	}
	_, h := d.paired(t, "ana@example.com")
	_, _, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	wantError(t, err, enrolments.ErrFreshApproval)
	_, _, err = d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind", Allowed: true})
	noError(t, err)
	// Somebody else is not held back by it.
	_, _, err = d.OpenPairing(t.Context(), enrolments.Opening{User: "bob@example.com", Application: "northwind"})
	noError(t, err)
	noError(t, d.RemovePhone(t.Context(), d.know(t, h).Phone))
	_, _, err = d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
}

func TestAnAuthenticatorOrRecoveryCodesAreSomethingSetUpToo(t *testing.T) {
	d := open(t)
	p, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	_, secret := d.begin(t, p)
	_, _, err = d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err) // begun is not confirmed
	p, err = d.SetUp(t.Context(), p.ID, token)
	noError(t, err)
	noError(t, d.ConfirmAuthenticator(t.Context(), p, d.codeAt(t, secret, 0)))
	_, _, err = d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	wantError(t, err, enrolments.ErrFreshApproval)

	bob, h := d.paired(t, "bob@example.com")
	_, err = d.IssueCodes(t.Context(), bob)
	noError(t, err)
	noError(t, d.RemovePhone(t.Context(), d.know(t, h).Phone))
	_, _, err = d.OpenPairing(t.Context(), enrolments.Opening{User: "bob@example.com", Application: "northwind"})
	wantError(t, err, enrolments.ErrFreshApproval)
}

func TestASetUpForNobodyIsRefused(t *testing.T) {
	d := open(t)
	for _, user := range []string{"", " ana", "a\nb", strings.Repeat("a", 129)} {
		_, _, err := d.OpenPairing(t.Context(), enrolments.Opening{User: user, Application: "northwind", Allowed: true})
		wantError(t, err, enrolments.ErrInvalid)
	}
	if events := d.trail(t); len(events) != 0 {
		t.Errorf("the trail has %v", events)
	}
}

func TestOneNameIsOnePersonHoweverItIsWritten(t *testing.T) {
	d := open(t)
	a, err := d.AddPerson(t.Context(), "zo\u00eb@example.com")
	noError(t, err)
	b, err := d.AddPerson(t.Context(), "zoe\u0308@example.com")
	noError(t, err)
	c, err := d.AddPerson(t.Context(), "ZO\u00cb@example.com")
	noError(t, err)
	if a != b || a.ID == c.ID {
		t.Errorf("got %v, %v and %v", a, b, c)
	}
	if e, err := d.Person(t.Context(), "zoe\u0308@example.com"); err != nil || e.ID != a.ID {
		t.Errorf("got %v, %v", e.ID, err)
	}
	_, err = d.Person(t.Context(), "nobody@example.com")
	wantError(t, err, enrolments.ErrNotFound)
	_, err = d.Person(t.Context(), "\x00")
	wantError(t, err, enrolments.ErrInvalid)
	want := []enrolments.EventKind{enrolments.EventPersonAdded, enrolments.EventPersonAdded}
	if diff := cmp.Diff(want, d.trail(t)); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}
