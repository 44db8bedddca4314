package enrolments_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
)

// box is a post that keeps what it was given.
type box struct {
	letters []enrolments.Letter
	broken  error
}

func (b *box) Send(_ context.Context, l enrolments.Letter) error {
	if b.broken == nil {
		b.letters = append(b.letters, l)
	}
	return b.broken
}

// newest is the code of the newest letter.
func (b *box) newest(t *testing.T) string {
	t.Helper()
	if len(b.letters) == 0 {
		t.Fatal("nothing was sent")
	}
	return b.letters[len(b.letters)-1].Code.Reveal()
}

// wrong is six digits that the newest letter does not hold.
func (b *box) wrong(t *testing.T) string {
	if b.newest(t) == "000000" {
		return "111111"
	}
	return "000000"
}

// withPost makes a desk whose server sends mail.
func withPost(t *testing.T) (*desk, *box) {
	t.Helper()
	b := &box{}
	return open(t, func(c *enrolments.Config) { c.Post = b }), b
}

// beginEmail is BeginSetUpEmail, whose address is that of the letter.
func (d *desk) beginEmail(t *testing.T, p enrolments.Pairing, address, language string) error {
	_, err := d.BeginSetUpEmail(t.Context(), p, address, language)
	return err
}

const backup = "ana@example.org"

func TestABackupAddressIsSetByACodeThatIsSentThere(t *testing.T) {
	d, post := withPost(t)
	p, _ := d.paired(t, "ana@example.com")
	to, err := d.BeginSetUpEmail(t.Context(), p, "ana@EXAMPLE.org", "de-CH")
	if err != nil || to != backup {
		t.Fatalf("sent to %q, %v", to, err)
	}
	letter := post.letters[0]
	if len(letter.Code.Reveal()) != 6 || strings.Trim(letter.Code.Reveal(), "0123456789") != "" {
		t.Errorf("a code of %d characters", len(letter.Code.Reveal()))
	}
	want := enrolments.Letter{Kind: enrolments.LetterCode, To: backup, Language: "de-CH", User: "ana@example.com", At: d.clock.now()}
	letter.Code = enrolments.Secret{}
	if diff := cmp.Diff(want, letter, cmp.AllowUnexported(enrolments.Secret{})); diff != "" {
		t.Errorf("the letter (-want +got):\n%s", diff)
	}
	code := post.newest(t)
	e, err := d.ConfirmSetUpEmail(t.Context(), p, code[:3]+" "+code[3:])
	noError(t, err)
	stands, err := d.BackupEmail(t.Context(), p.Person)
	noError(t, err)
	if diff := cmp.Diff(enrolments.Email{Address: backup, Language: "de-CH", ConfirmedAt: d.clock.now()}, stands); diff != "" || e != stands {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = d.ConfirmSetUpEmail(t.Context(), p, code)
	wantError(t, err, enrolments.ErrCodeExpired)
	noError(t, d.RemoveEmail(t.Context(), p.Person))
	_, err = d.BackupEmail(t.Context(), p.Person)
	wantError(t, err, enrolments.ErrNotFound)

	var details []string
	for _, e := range d.events(t) {
		if strings.HasPrefix(string(e.Kind), "email.") {
			details = append(details, string(e.Kind)+" "+e.Detail)
		}
	}
	if diff := cmp.Diff([]string{
		"email.code_sent a•••@example.org", "email.set a•••@example.org", "email.code_wrong ", "email.removed a•••@example.org",
	}, details); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}

func TestABackupAddressIsAnotherMailboxThanTheSignIns(t *testing.T) {
	d, post := withPost(t)
	for user, address := range map[string]string{
		"ana@example.com": "Ana+backup@EXAMPLE.com", "ana.ng@gmail.com": "anang@googlemail.com",
	} {
		p, _ := d.paired(t, user)
		wantError(t, d.beginEmail(t, p, address, "en"), enrolments.ErrSameMailbox)
	}
	if len(post.letters) != 0 {
		t.Error("a code was sent all the same")
	}
	p, _ := d.paired(t, "ana, who signs in by a name")
	noError(t, d.beginEmail(t, p, "ana@example.com", ""))
}

func TestWithoutAPostNothingIsOffered(t *testing.T) {
	d := open(t)
	p, _ := d.paired(t, "ana@example.com")
	if d.OffersEmail() {
		t.Error("it is offered")
	}
	wantError(t, d.beginEmail(t, p, backup, "en"), enrolments.ErrNotOffered)
}

func TestAnAddressOrLanguageOutOfBoundsIsRefused(t *testing.T) {
	d, _ := withPost(t)
	p, _ := d.paired(t, "ana@example.com")
	for address, language := range map[string]string{
		"ana": "en", "ana@example.org": "en_GB", "bea@example.org": "englishlanguage",
		"cea@example.org": strings.Repeat("en-", 20) + "en", "dea@example.org": "e",
	} {
		wantError(t, d.beginEmail(t, p, address, language), enrolments.ErrInvalid)
	}
}

func TestALetterThatWasNotTakenIsSaid(t *testing.T) {
	d, post := withPost(t)
	p, _ := d.paired(t, "ana@example.com")
	post.broken = context.DeadlineExceeded
	err := d.beginEmail(t, p, backup, "en")
	wantError(t, err, enrolments.ErrUnsent)
	wantError(t, err, context.DeadlineExceeded)
}

func TestOnlyASetUpThatHasConfirmedSomethingSetsAnAddress(t *testing.T) {
	d, post := withPost(t)
	open, _, _ := d.claimed(t, "ana@example.com")
	wantError(t, d.beginEmail(t, open, backup, "en"), enrolments.ErrPairingSettled)
	_, err := d.ConfirmSetUpEmail(t.Context(), open, "000000")
	wantError(t, err, enrolments.ErrPairingSettled)

	byApp, _ := d.app(t, "bob@example.com")
	noError(t, d.beginEmail(t, byApp, backup, "en"))
	refused := byApp
	refused.State = enrolments.PairingRefused
	_, err = d.ConfirmSetUpEmail(t.Context(), refused, post.newest(t))
	wantError(t, err, enrolments.ErrPairingSettled)

	d.clock.turn(enrolments.PairingTTL - time.Second)
	noError(t, d.beginEmail(t, byApp, backup, "en"))
	d.clock.turn(time.Minute)
	wantError(t, d.beginEmail(t, byApp, backup, "en"), enrolments.ErrPairingSettled)
	_, err = d.ConfirmSetUpEmail(t.Context(), byApp, post.newest(t))
	noError(t, err)
}

func TestACodeOfOneSetUpIsNoneOfAnothers(t *testing.T) {
	d, post := withPost(t)
	one, _ := d.paired(t, "ana@example.com")
	two, _ := d.paired(t, "ana@example.com")
	noError(t, d.beginEmail(t, one, backup, "en"))
	_, err := d.ConfirmSetUpEmail(t.Context(), two, post.newest(t))
	wantError(t, err, enrolments.ErrCodeExpired)
}

func TestACodeByMailEndsWithItsTimeAndItsTries(t *testing.T) {
	d, post := withPost(t)
	p, _ := d.paired(t, "ana@example.com")
	noError(t, d.beginEmail(t, p, backup, "en"))
	for _, typed := range []string{post.wrong(t), post.wrong(t), post.wrong(t), post.wrong(t), post.wrong(t)} {
		_, err := d.ConfirmSetUpEmail(t.Context(), p, typed)
		wantError(t, err, enrolments.ErrCodeWrong)
	}
	_, err := d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
	wantError(t, err, enrolments.ErrCodeExpired)

	noError(t, d.beginEmail(t, p, backup, "en"))
	d.clock.turn(enrolments.EmailCodeLife)
	_, err = d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
	wantError(t, err, enrolments.ErrCodeExpired)
}

func TestWhatIsNoCodeTakesATryOfThePersonAndNoneOfTheCode(t *testing.T) {
	d, post := withPost(t)
	p, _ := d.paired(t, "ana@example.com")
	noError(t, d.beginEmail(t, p, backup, "en"))
	for _, typed := range []string{"", "12345", "1234567", "12345a", strings.Repeat("1", 65), "１２３４５６"} {
		_, err := d.ConfirmSetUpEmail(t.Context(), p, typed)
		wantError(t, err, enrolments.ErrCodeWrong)
	}
	_, err := d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
	noError(t, err)
}

func TestManyWrongCodesByMailBlockThemAndNothingElse(t *testing.T) {
	d, post := withPost(t)
	p, h := d.paired(t, "ana@example.com")
	secret := d.secret(t, h)
	for range 2 {
		noError(t, d.beginEmail(t, p, backup, "en"))
		for range enrolments.EmailCodeTries {
			_, err := d.ConfirmSetUpEmail(t.Context(), p, post.wrong(t))
			wantError(t, err, enrolments.ErrCodeWrong)
		}
	}
	noError(t, d.beginEmail(t, p, backup, "en"))
	_, err := d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
	var blocked *enrolments.BlockedError
	if !errors.As(err, &blocked) || !blocked.Until.Equal(d.clock.now().Add(15*time.Minute)) {
		t.Errorf("got %v, want a block of 15 minutes", err)
	}
	_, err = d.SpendCode(t.Context(), p.Person, d.codeAt(t, secret, 0))
	noError(t, err)
	_, err = d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
	if !errors.As(err, &blocked) {
		t.Errorf("a right code of another kind ended it: %v", err)
	}
	noError(t, d.helpDesk(t).Unlock(t.Context(), p.Person))
	_, err = d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
	noError(t, err)
}

func TestNobodyIsFloodedWithCodes(t *testing.T) {
	d, post := withPost(t)
	p, _ := d.paired(t, "ana@example.com")
	for i := range enrolments.EmailCodesAnHour {
		noError(t, d.beginEmail(t, p, fmt.Sprintf("ana%d@example.org", i), "en"))
	}
	var many *enrolments.TooManyEmailsError
	err := d.beginEmail(t, p, backup, "en")
	if !errors.As(err, &many) || !many.Until.Equal(d.clock.now().Add(time.Hour)) || len(post.letters) != enrolments.EmailCodesAnHour {
		t.Errorf("got %v after %d letters", err, len(post.letters))
	}
}

func TestNoErrorAndNoEventHoldsAnAddressOrACode(t *testing.T) {
	d, post := withPost(t)
	p, _ := d.paired(t, "ana, by name")
	noError(t, d.beginEmail(t, p, "private.address@example.org", "en"))
	_, wrong := d.ConfirmSetUpEmail(t.Context(), p, post.wrong(t))
	_, err := d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
	noError(t, err)
	post.broken = context.Canceled
	unsent := d.beginEmail(t, p, "private.address@example.com", "en")
	malformed := d.beginEmail(t, p, "private.address@example", "en")
	noError(t, d.RemoveEmail(t.Context(), p.Person))
	for _, text := range []string{fmt.Sprintf("%+v", d.events(t)), fmt.Sprintf("%+v %+v %+v", wrong, unsent, malformed)} {
		for _, secret := range []string{"rivate", post.newest(t), post.wrong(t)} {
			if strings.Contains(text, secret) {
				t.Errorf("%q stands in %q", secret, text)
			}
		}
	}
}
