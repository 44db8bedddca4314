package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
	"countersign/enrolments/enrolmentstest"
	"countersign/internal/jws"
	"countersign/internal/seal"
	"countersign/push"
	"countersign/sqlstore/sqlstoretest"
)

// onBoth are the tests that run over each database; fresh makes an empty one.
var onBoth = []struct {
	sentence string
	test     func(t *testing.T, fresh func(*testing.T) string)
}{
	{"a new pairing clears away what old ones left and nothing else", aNewPairingClearsAwayWhatOldOnesLeftAndNothingElse},
	{"a sealed value in another row does not open", aSealedValueInAnotherRowDoesNotOpen},
	{"after resealing the old key can go", afterResealingTheOldKeyCanGo},
	{"a foreign keyring is refused at open", aForeignKeyringIsRefusedAtOpen},
	{"many open one new database at once", manyOpenOneNewDatabaseAtOnce},
	{"one connection is enough", oneConnectionIsEnough},
	{"nodes at once write one chain", nodesAtOnceWriteOneChain},
	{"the secret of a notice goes with its last delivery", theSecretOfANoticeGoesWithItsLastDelivery},
	{"a database of a newer program is refused", aDatabaseOfANewerProgramIsRefused},
	{"after close nothing is written", afterCloseNothingIsWritten},
	{"what was answered survives SIGKILL", whatWasAnsweredSurvivesSIGKILL},
}

func TestEachDatabase(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		testDatabase(t, func(t *testing.T) string { return sqliteURL(t) })
	})
	t.Run("postgres", func(t *testing.T) {
		server := sqlstoretest.Start(t)
		testDatabase(t, func(t *testing.T) string { return server.Database(t) })
	})
}

func testDatabase(t *testing.T, fresh func(t *testing.T) string) {
	t.Run("keeps the contract", func(t *testing.T) {
		enrolmentstest.Exercise(t, func(t *testing.T) enrolments.Store { return open(t, fresh(t)) })
	})
	for _, c := range onBoth {
		t.Run(c.sentence, func(t *testing.T) { c.test(t, fresh) })
	}
}

// ring is a keyring of keys that differ by their first byte.
func ring(t testing.TB, keys ...byte) *seal.Keyring {
	t.Helper()
	var raw [][]byte
	for _, k := range keys {
		key := make([]byte, seal.KeySize)
		key[0] = k
		raw = append(raw, key)
	}
	ring, err := seal.New(raw...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// open opens url until the test ends.
func open(t testing.TB, url string, keys ...byte) *Store {
	t.Helper()
	if len(keys) == 0 {
		keys = []byte{1}
	}
	s, err := Open(t.Context(), Config{URL: url, Keys: ring(t, keys...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func sqliteURL(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "countersign.db") }

// change runs a statement behind the store's back.
func change(t *testing.T, s *Store, statement string) {
	t.Helper()
	n, err := s.once(context.Background(), statement)
	if err != nil || n == 0 {
		t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
}

func addPerson(t testing.TB, s *Store) enrolments.Person {
	t.Helper()
	p, _, err := s.EnsurePerson(t.Context(), enrolments.Person{
		ID: enrolments.NewID[enrolments.PersonID](), User: enrolments.NewID[string](), CreatedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	pushToken  = "a-push-token-in-clear"
	totpSecret = "a-totp-secret-in-clr"
)

// addPhone pairs a phone, with a TOTP secret of its own, through the store.
func addPhone(t testing.TB, s *Store, p enrolments.Person) (enrolments.Phone, enrolments.Authenticator) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	token := enrolments.NewSecret()
	g := enrolments.Pairing{ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, Token: token.Hash(),
		Ticket: enrolments.TicketOf(token).Hash(), State: enrolments.PairingOpen, CreatedAt: now, ExpiresAt: now.Add(time.Minute)}
	raw, err := jws.NewPrivateKey()
	must(t, err)
	signer, err := jws.NewSigner(raw)
	must(t, err)
	f := enrolments.Phone{ID: enrolments.NewID[enrolments.PhoneID](), Name: "phone", Platform: "ios", Key: signer.Public(),
		Push: &push.Target{Service: push.FCM, Token: pushToken}, AddedAt: now, LastUsedAt: now}
	a := enrolments.Authenticator{ID: enrolments.NewID[enrolments.AuthenticatorID](), Phone: f.ID, Secret: []byte(totpSecret), CreatedAt: now}
	must(t, s.AddPairing(ctx, g))
	_, err = s.Claim(ctx, g.Ticket, f, "123456", now)
	must(t, err)
	_, err = s.Confirm(ctx, g.ID, true, now)
	must(t, err)
	must(t, s.PutPhoneSecret(ctx, a))
	return f, a
}

const (
	backupAddress = "an-address-in-clear@example.org"
	codeHash      = "a-hash-of-a-code-in-clear-of-32-"
	answered      = "a-question-in-clear"
)

// addChannels gives p a backup address by a code that is spent, and answers.
func addChannels(t testing.TB, s *Store, p enrolments.Person) {
	t.Helper()
	c := enrolments.EmailCode{ID: enrolments.NewID[string](), Person: p.ID, Purpose: "x",
		Code: enrolments.Hash([]byte(codeHash)), Address: backupAddress, SentAt: time.Now()}
	must(t, s.AddEmailCode(t.Context(), c))
	_, err := s.SpendEmailCode(t.Context(), p.ID, c.Purpose, c.Code, time.Now())
	must(t, err)
	must(t, s.SetAnswers(t.Context(), p.ID, []enrolments.AnswerHash{{Question: answered}}, time.Now()))
}

// changeName is what the change of addChange names.
const changeName = "a-changed-address@example.org"

// addChange begins a change on a security page of p.
func addChange(t testing.TB, s *Store, p enrolments.Person) enrolments.Change {
	t.Helper()
	now := time.Now()
	g := enrolments.SecurityPage{ID: enrolments.NewID[enrolments.SecurityPageID](), Person: p.ID, OpenedAt: now, EndsAt: now.Add(time.Hour)}
	must(t, s.AddSecurityPage(t.Context(), g))
	c := enrolments.Change{Approval: "an-approval", Page: g.ID, Person: p.ID, Kind: enrolments.ChangeSetEmail, Address: changeName, BegunAt: now}
	must(t, s.AddChange(t.Context(), c, g.EndsAt))
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func record(t testing.TB, s *Store, n int) {
	t.Helper()
	for i := range n {
		must(t, s.Record(t.Context(), enrolments.Event{At: time.Now(), Kind: enrolments.EventPersonAdded, Detail: fmt.Sprint(i)}))
	}
}

func aNewPairingClearsAwayWhatOldOnesLeftAndNothingElse(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t))
	p, other := addPerson(t, s), addPerson(t, s)
	kept, keptSecret := addPhone(t, s, p)
	count := func(table string) (n int) {
		must(t, s.read().one(t.Context(), `SELECT count(*) FROM `+table, nil, &n))
		return n
	}
	// Two days ago: a pairing with a claimed phone and an authenticator,
	// one that was confirmed in time, and one of somebody else.
	then := time.Now().Add(-48 * time.Hour)
	left := func(p enrolments.Person, confirm bool) {
		token := enrolments.NewSecret()
		g := enrolments.Pairing{ID: enrolments.NewID[enrolments.PairingID](), Person: p.ID, Ticket: token.Hash(),
			State: enrolments.PairingOpen, CreatedAt: then, ExpiresAt: then.Add(time.Minute)}
		must(t, s.AddPairing(t.Context(), g))
		f := kept
		f.ID = enrolments.NewID[enrolments.PhoneID]()
		_, err := s.Claim(t.Context(), g.Ticket, f, "123456", then)
		must(t, err)
		a := enrolments.Authenticator{ID: enrolments.NewID[enrolments.AuthenticatorID](), Secret: []byte("secret"), CreatedAt: then}
		must(t, s.BeginAuthenticator(t.Context(), g.ID, a, then))
		if confirm {
			_, err = s.Confirm(t.Context(), g.ID, true, then)
			must(t, err)
			must(t, s.BurnStep(t.Context(), a.ID, 1))
		}
	}
	left(p, false)
	left(p, true)
	left(other, false)
	addPhone(t, s, p) // opens a pairing today
	for table, want := range map[string]int{
		"pairings":       3, // today's two, somebody else's
		"phones":         4, // today's two, the confirmed, somebody else's
		"authenticators": 4,
	} {
		if got := count(table); got != want {
			t.Errorf("%d %s, want %d", got, table, want)
		}
	}
	if _, _, err := s.Phone(t.Context(), kept.ID); err != nil {
		t.Errorf("today's phone: %v", err)
	}
	if _, err := s.Authenticator(t.Context(), keptSecret.ID); err != nil {
		t.Errorf("today's authenticator: %v", err)
	}
}

func TestAMissingMemberOfAPolicyTakesItsDefault(t *testing.T) {
	s := open(t, sqliteURL(t))
	a := enrolments.Application{ID: "books", Name: "Books", Policy: enrolments.DefaultPolicy(), CreatedAt: time.Now()}
	must(t, s.AddApplication(t.Context(), a, enrolments.Hash{}))
	change(t, s, `UPDATE applications SET policy = '{"number_digits":6,"a_later_name":1}'`)
	got, _, err := s.Application(t.Context(), "books")
	must(t, err)
	want := enrolments.DefaultPolicy()
	want.NumberDigits = 6
	if diff := cmp.Diff(want, got.Policy); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatIsStoredAndCannotBeReadIsAnErrorAndNoHalfAnswer(t *testing.T) {
	s := open(t, sqliteURL(t))
	p := addPerson(t, s)
	f, _ := addPhone(t, s, p)
	change(t, s, `UPDATE phones SET public_key = '{}'`)
	if e, err := s.Enrolment(t.Context(), p.User); !errors.Is(err, jws.ErrKey) || e.User != "" {
		t.Errorf("got %v, %v", e, err)
	}
	if _, _, err := s.Phone(t.Context(), f.ID); !errors.Is(err, jws.ErrKey) {
		t.Errorf("got %v", err)
	}
}
