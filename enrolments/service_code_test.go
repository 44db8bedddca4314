package enrolments_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
	"countersign/totp"
)

// begin starts an authenticator app and returns its secret.
func (d *desk) begin(t *testing.T, p enrolments.Pairing) (enrolments.SetUpKey, []byte) {
	t.Helper()
	key, err := d.BeginAuthenticator(t.Context(), p)
	noError(t, err)
	p, err = d.store.Pairing(t.Context(), p.ID, d.clock.now())
	noError(t, err)
	a, err := d.store.Authenticator(t.Context(), p.Authenticator)
	noError(t, err)
	if totp.SetUpKey(a.Secret) != key.Key || totp.URI(a.Secret, "Countersign", p.User) != key.URI {
		t.Errorf("the person is shown another secret than is stored")
	}
	return key, a.Secret
}

// app sets up an authenticator app for user.
func (d *desk) app(t *testing.T, user string) (enrolments.Pairing, []byte) {
	t.Helper()
	p, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: user, Application: "northwind", Allowed: true})
	noError(t, err)
	_, secret := d.begin(t, p)
	p, err = d.SetUp(t.Context(), p.ID, token)
	noError(t, err)
	noError(t, d.ConfirmAuthenticator(t.Context(), p, d.codeAt(t, secret, -1)))
	p, err = d.SetUp(t.Context(), p.ID, token)
	noError(t, err)
	return p, secret
}

func TestACodeIsGoodOnceAndNeverAnOlderOne(t *testing.T) {
	d := open(t)
	p, h := d.paired(t, "ana@example.com")
	secret := d.secret(t, h)
	now := d.codeAt(t, secret, 0)
	recovery, err := d.SpendCode(t.Context(), p.Person, now[:3]+" "+now[3:])
	noError(t, err)
	if recovery {
		t.Error("a TOTP code counts as a recovery code")
	}
	_, err = d.SpendCode(t.Context(), p.Person, now)
	wantError(t, err, enrolments.ErrCodeUsed)
	_, err = d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, -1))
	wantError(t, err, enrolments.ErrCodeUsed)
	_, err = d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 1))
	noError(t, err)
	_, err = d.SpendCode(t.Context(), p.Person, now)
	wantError(t, err, enrolments.ErrCodeUsed)
}

func TestACodeIsGoodOneStepOffAndNoFurther(t *testing.T) {
	for steps, want := range map[int]error{
		-2: enrolments.ErrCodeWrong, -1: nil, 0: nil, 1: nil, 2: enrolments.ErrCodeWrong,
	} {
		d := open(t)
		p, h := d.paired(t, "ana@example.com")
		if _, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, d.secret(t, h), steps)); !errors.Is(err, want) {
			t.Errorf("%d steps off: got %v, want %v", steps, err, want)
		}
	}
}

func TestEveryAuthenticatorOfAPersonIsGood(t *testing.T) {
	d := open(t)
	p, app := d.app(t, "ana@example.com")
	_, first := d.paired(t, "ana@example.com")
	_, second := d.paired(t, "ana@example.com")
	one, two := d.secret(t, first), d.secret(t, second)
	for name, secret := range map[string][]byte{"app": app, "first phone": one, "second phone": two} {
		if _, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Somebody else's is none of this person's.
	_, bob := d.app(t, "bob@example.com")
	_, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, bob, 0))
	wantError(t, err, enrolments.ErrCodeWrong)
}

// Two secrets may show one code at an instant: spent in one, it is still good
// in the other, and then no more.
func TestACodeOfTwoSecretsIsGoodTwice(t *testing.T) {
	d := open(t)
	p, first := d.paired(t, "ana@example.com")
	_, second := d.paired(t, "ana@example.com")
	secret := totp.NewSecret()
	for _, h := range []*handset{first, second} {
		noError(t, d.store.PutPhoneSecret(t.Context(), enrolments.Authenticator{
			ID: enrolments.NewID[enrolments.AuthenticatorID](), Person: p.Person, Phone: h.id,
			Secret: secret, Confirmed: true, CreatedAt: d.clock.now(),
		}))
	}
	code := d.codeAt(t, secret, 0)
	for i, want := range []error{nil, nil, enrolments.ErrCodeUsed} {
		if _, err := d.SpendCode(t.Context(), p.Person, code); !errors.Is(err, want) {
			t.Errorf("time %d: got %v, want %v", i+1, err, want)
		}
	}
}

func TestOneOfManyWhoTypeACodeAtOnceSpendsIt(t *testing.T) {
	d := open(t, func(c *enrolments.Config) { c.CodeLimits.InARow = 100 })
	p, h := d.paired(t, "ana@example.com")
	code := d.codeAt(t, d.secret(t, h), 0)
	var good, used atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			switch _, err := d.SpendCode(t.Context(), p.Person, code); {
			case err == nil:
				good.Add(1)
			case errors.Is(err, enrolments.ErrCodeUsed):
				used.Add(1)
			}
		})
	}
	all.Wait()
	if good.Load() != 1 || used.Load() != 7 {
		t.Errorf("%d spent it, %d were told that it is spent", good.Load(), used.Load())
	}
}

func TestARecoveryCodeIsGoodOnce(t *testing.T) {
	d := open(t)
	p, _ := d.paired(t, "ana@example.com")
	codes, err := d.IssueCodes(t.Context(), p)
	noError(t, err)
	if len(codes) != enrolments.RecoveryCodes {
		t.Fatalf("got %d codes", len(codes))
	}
	typed := strings.ToLower(strings.ReplaceAll(codes[0], "-", " "))
	recovery, err := d.SpendCode(t.Context(), p.Person, typed)
	noError(t, err)
	if !recovery {
		t.Error("a recovery code counts as another")
	}
	recovery, err = d.SpendCode(t.Context(), p.Person, codes[0])
	wantError(t, err, enrolments.ErrCodeUsed)
	if recovery {
		t.Error("a spent code counts as a recovery")
	}
	if e, err := d.Person(t.Context(), "ana@example.com"); err != nil || e.RecoveryCodes != 9 {
		t.Errorf("%d left, %v", e.RecoveryCodes, err)
	}
	bob, _ := d.paired(t, "bob@example.com")
	_, err = d.SpendCode(t.Context(), bob.Person, codes[1])
	wantError(t, err, enrolments.ErrCodeWrong)
}

func TestNewRecoveryCodesVoidTheOld(t *testing.T) {
	d := open(t)
	p, _ := d.paired(t, "ana@example.com")
	old, err := d.IssueCodes(t.Context(), p)
	noError(t, err)
	_, err = d.IssueCodes(t.Context(), p)
	wantError(t, err, enrolments.ErrPairingSettled) // once a set-up
	again, _ := d.paired(t, "ana@example.com")
	fresh, err := d.IssueCodes(t.Context(), again)
	noError(t, err)
	_, err = d.SpendCode(t.Context(), p.Person, old[0])
	wantError(t, err, enrolments.ErrCodeWrong)
	_, err = d.SpendCode(t.Context(), p.Person, fresh[0])
	noError(t, err)
}

func TestRecoveryCodesNeedSomethingConfirmedInTheirSetUp(t *testing.T) {
	d := open(t)
	d.paired(t, "ana@example.com")
	p, _, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind", Allowed: true})
	noError(t, err)
	_, err = d.IssueCodes(t.Context(), p)
	wantError(t, err, enrolments.ErrPairingSettled)
	claimed, _, _ := d.claimed(t, "ana@example.com")
	_, err = d.IssueCodes(t.Context(), claimed)
	wantError(t, err, enrolments.ErrPairingSettled)
	app, _ := d.app(t, "ana@example.com")
	_, err = d.IssueCodes(t.Context(), app)
	noError(t, err)
}

func TestTenWrongCodesInARowBlockAPerson(t *testing.T) {
	d := open(t)
	p, h := d.paired(t, "ana@example.com")
	secret := d.secret(t, h)
	wrong := d.wrongCode(t, secret)
	for range 9 {
		_, err := d.SpendCode(t.Context(), p.Person, wrong)
		wantError(t, err, enrolments.ErrCodeWrong)
	}
	// A good one forgets them.
	_, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0))
	noError(t, err)
	for _, typed := range []string{wrong, "", "not a code", "AAAA-BBBB-CCCC-DDDD", d.codeAt(t, secret, 0), wrong, wrong, wrong, wrong, wrong} {
		if _, err := d.SpendCode(t.Context(), p.Person, typed); err == nil || errors.As(err, new(*enrolments.BlockedError)) {
			t.Fatalf("%q: got %v", typed, err)
		}
	}
	blocked := func(want time.Time) {
		t.Helper()
		var b *enrolments.BlockedError
		if _, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 1)); !errors.As(err, &b) || !b.Until.Equal(want) {
			t.Errorf("got %v, want a block until %v", err, want)
		}
	}
	until := d.clock.now().Add(15 * time.Minute)
	blocked(until)
	d.clock.turn(15*time.Minute - time.Second)
	blocked(until)
	d.clock.turn(time.Second)
	_, err = d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0))
	noError(t, err)
	kinds := d.trail(t)
	if kinds[len(kinds)-1] != enrolments.EventCodesBlocked {
		t.Errorf("the trail ends in %s", kinds[len(kinds)-1])
	}
}

func TestALockStandsUntilAnAdministratorLiftsIt(t *testing.T) {
	d := open(t, func(c *enrolments.Config) {
		c.CodeLimits = enrolments.CodeLimits{InARow: 2, BackOff: time.Minute, LockAt: 3}
	})
	p, h := d.paired(t, "ana@example.com")
	secret := d.secret(t, h)
	for range 3 {
		_, err := d.SpendCode(t.Context(), p.Person, d.wrongCode(t, secret))
		wantError(t, err, enrolments.ErrCodeWrong)
		d.clock.turn(time.Hour)
	}
	d.clock.turn(365 * 24 * time.Hour)
	var b *enrolments.BlockedError
	if _, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0)); !errors.As(err, &b) || !b.Until.IsZero() {
		t.Fatalf("got %v, want a lock", err)
	}
	noError(t, d.LockPush(t.Context(), enrolments.Event{Kind: enrolments.EventApprovalReported, Person: p.Person}))
	noError(t, d.helpDesk(t).Unlock(t.Context(), p.Person))
	_, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0))
	noError(t, err)
	if e, err := d.Person(t.Context(), "ana@example.com"); err != nil || e.PushLocked {
		t.Errorf("pushes are still locked: %v", err)
	}
	wantError(t, d.helpDesk(t).Unlock(t.Context(), "nobody"), enrolments.ErrNotFound)
	kinds := d.trail(t)
	want := []enrolments.EventKind{enrolments.EventCodesBlocked, enrolments.EventApprovalReported, enrolments.EventPersonUnlocked}
	if diff := cmp.Diff(want, kinds[len(kinds)-3:]); diff != "" {
		t.Errorf("the trail ends in (-want +got):\n%s", diff)
	}
}

// blindStore cannot read secrets, and counts who tried to.
type blindStore struct {
	enrolments.Store
	asked atomic.Int32
	err   error
}

func (s *blindStore) Authenticators(ctx context.Context, id enrolments.PersonID) ([]enrolments.Authenticator, error) {
	s.asked.Add(1)
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Authenticators(ctx, id)
}

func TestATryIsCountedBeforeItIsLookedAt(t *testing.T) {
	lost := errors.New("the database is lost")
	blind := &blindStore{}
	d := open(t, func(c *enrolments.Config) {
		blind.Store, c.Store = c.Store, blind
		c.CodeLimits.InARow = 3
	})
	p, h := d.paired(t, "ana@example.com")
	secret := d.secret(t, h)
	blind.err = lost
	for range 3 {
		recovery, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0))
		wantError(t, err, lost)
		if recovery {
			t.Error("a store that was lost let a code pass")
		}
	}
	blind.err = nil
	if _, err := d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0)); !errors.As(err, new(*enrolments.BlockedError)) {
		t.Errorf("got %v: tries that ended badly were not counted", err)
	}
}

func TestGuessersAtOncePassTheLimitNoFurtherThanOneByOne(t *testing.T) {
	blind := &blindStore{}
	d := open(t, func(c *enrolments.Config) {
		blind.Store, c.Store = c.Store, blind
		c.CodeLimits.InARow = 5
	})
	p, h := d.paired(t, "ana@example.com")
	wrong := d.wrongCode(t, d.secret(t, h))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := d.SpendCode(t.Context(), p.Person, wrong); err == nil {
				t.Error("a wrong code was taken")
			}
		})
	}
	all.Wait()
	if got := blind.asked.Load(); got != 5 {
		t.Errorf("%d codes were looked at, want 5", got)
	}
}

func TestAnAuthenticatorCountsOnceACodeHasProvedIt(t *testing.T) {
	d := open(t)
	p, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	wantError(t, d.ConfirmAuthenticator(t.Context(), p, "123456"), enrolments.ErrPairingSettled)
	_, first := d.begin(t, p)
	_, secret := d.begin(t, p) // shown again: the first is void
	p, err = d.SetUp(t.Context(), p.ID, token)
	noError(t, err)
	_, err = d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0))
	wantError(t, err, enrolments.ErrCodeWrong)
	wantError(t, d.ConfirmAuthenticator(t.Context(), p, d.codeAt(t, first, 0)), enrolments.ErrCodeWrong)
	wantError(t, d.ConfirmAuthenticator(t.Context(), p, "AAAA-BBBB-CCCC-DDDD"), enrolments.ErrCodeWrong)

	code := d.codeAt(t, secret, 0)
	noError(t, d.ConfirmAuthenticator(t.Context(), p, code))
	_, err = d.SpendCode(t.Context(), p.Person, code)
	wantError(t, err, enrolments.ErrCodeUsed)
	_, err = d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 1))
	noError(t, err)
	if p, err = d.SetUp(t.Context(), p.ID, token); err != nil || !p.AuthenticatorConfirmed || !p.Confirmed() {
		t.Errorf("got %v, %v", p.AuthenticatorConfirmed, err)
	}
	_, err = d.BeginAuthenticator(t.Context(), p)
	wantError(t, err, enrolments.ErrPairingSettled)
	_, err = d.IssueCodes(t.Context(), p)
	noError(t, err)
	want := []enrolments.EventKind{
		enrolments.EventPersonAdded, enrolments.EventPairingOpened, enrolments.EventSecretIssued,
		enrolments.EventSecretIssued, enrolments.EventSecretConfirmed, enrolments.EventCodesIssued,
	}
	if diff := cmp.Diff(want, d.trail(t)); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}

func TestWrongCodesInASetUpCountAgainstThePerson(t *testing.T) {
	d := open(t)
	p, token, err := d.OpenPairing(t.Context(), enrolments.Opening{User: "ana@example.com", Application: "northwind"})
	noError(t, err)
	_, secret := d.begin(t, p)
	p, err = d.SetUp(t.Context(), p.ID, token)
	noError(t, err)
	for range 10 {
		wantError(t, d.ConfirmAuthenticator(t.Context(), p, d.wrongCode(t, secret)), enrolments.ErrCodeWrong)
	}
	if err := d.ConfirmAuthenticator(t.Context(), p, d.codeAt(t, secret, 0)); !errors.As(err, new(*enrolments.BlockedError)) {
		t.Errorf("got %v, want a block", err)
	}
}

// The token of a set-up is worth nothing after its ten minutes, even where a
// phone was confirmed in time.
func TestNothingIsSetUpAfterTheTimeOfASetUp(t *testing.T) {
	d := open(t)
	claimed, token, _ := d.claimed(t, "ana@example.com")
	p, err := d.Confirm(t.Context(), claimed, true)
	noError(t, err)
	_, secret := d.begin(t, p)
	d.clock.turn(enrolments.PairingTTL)
	p, err = d.SetUp(t.Context(), p.ID, token)
	noError(t, err)
	if p.State != enrolments.PairingActive {
		t.Fatalf("the set-up is %s", p.State)
	}
	wantError(t, d.ConfirmAuthenticator(t.Context(), p, d.codeAt(t, secret, 0)), enrolments.ErrPairingSettled)
	_, err = d.BeginAuthenticator(t.Context(), p)
	wantError(t, err, enrolments.ErrPairingSettled)
	_, err = d.IssueCodes(t.Context(), p)
	wantError(t, err, enrolments.ErrPairingSettled)
}

func TestARefusedSetUpGivesNothingMore(t *testing.T) {
	d := open(t)
	p, token, _ := d.claimed(t, "ana@example.com")
	_, secret := d.begin(t, p)
	_, err := d.Confirm(t.Context(), p, false)
	noError(t, err)
	p, err = d.SetUp(t.Context(), p.ID, token)
	noError(t, err)
	wantError(t, d.ConfirmAuthenticator(t.Context(), p, d.codeAt(t, secret, 0)), enrolments.ErrPairingSettled)
	_, err = d.BeginAuthenticator(t.Context(), p)
	wantError(t, err, enrolments.ErrPairingSettled)
	_, err = d.IssueCodes(t.Context(), p)
	wantError(t, err, enrolments.ErrPairingSettled)
}
