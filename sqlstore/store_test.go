package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/internal/seal"
	"countersign/push"
	"countersign/sqlstore/sqlstoretest"
)

// onBoth runs a test over both databases; fresh makes an empty one.
func onBoth(t *testing.T, test func(t *testing.T, fresh func(t *testing.T) string)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(t *testing.T) string { return sqliteURL(t) })
	})
	t.Run("postgres", func(t *testing.T) {
		server := sqlstoretest.Start(t)
		test(t, func(t *testing.T) string { return server.Database(t) })
	})
}

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

func TestAnAlteredTrailIsFoundAndTheRowNamed(t *testing.T) {
	for name, c := range map[string]struct {
		statements []string
		names      string
	}{
		"a text changed":      {[]string{`UPDATE audit SET detail = 'x' WHERE number = 3`}, "row 3"},
		"a time changed":      {[]string{`UPDATE audit SET at = at + 1 WHERE number = 1`}, "row 1"},
		"a person changed":    {[]string{`UPDATE audit SET person = 'x' WHERE number = 2`}, "row 2"},
		"a hash changed":      {[]string{`UPDATE audit SET hash = before WHERE number = 4`}, "row 4"},
		"a row removed":       {[]string{`DELETE FROM audit WHERE number = 3`}, "row 3 is missing"},
		"the first removed":   {[]string{`DELETE FROM audit WHERE number = 1`}, "row 1 is missing"},
		"the last removed":    {[]string{`DELETE FROM audit WHERE number = 5`}, "row 5 is missing"},
		"all removed":         {[]string{`DELETE FROM audit`}, "row 1 is missing"},
		"the head removed":    {[]string{`DELETE FROM audit_head`}, "head"},
		"the end cut off":     {[]string{`DELETE FROM audit WHERE number = 5`, `UPDATE audit_head SET number = 4, hash = (SELECT hash FROM audit WHERE number = 4)`}, "seal of row 4"},
		"the seal removed":    {[]string{`UPDATE audit_head SET seal = NULL`}, "seal of row 5"},
		"the head moved back": {[]string{`UPDATE audit_head SET number = 4`}, "row 5"},
		"two rows exchanged": {[]string{`UPDATE audit SET number = 99 WHERE number = 2`, `UPDATE audit SET number = 2 WHERE number = 3`,
			`UPDATE audit SET number = 3 WHERE number = 99`}, "row 2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sqliteURL(t))
			record(t, s, 5)
			if n, err := s.VerifyAudit(t.Context()); n != 5 || err != nil {
				t.Fatalf("before: %d rows, %v", n, err)
			}
			for _, statement := range c.statements {
				change(t, s, statement)
			}
			n, err := s.VerifyAudit(t.Context())
			if !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), c.names) || n != 0 {
				t.Errorf("got %d, %v; want ErrTampered with %q", n, err, c.names)
			}
		})
	}
}

func TestEveryFieldOfARowIsInItsHash(t *testing.T) {
	row := link{number: 7, before: make([]byte, 32), event: enrolments.Event{At: time.UnixMicro(1), Kind: "a", Person: "b",
		Application: "c", Phone: "d", Approval: "e", Detail: "f"}}
	seen := map[string]string{string(row.hash()): "the row itself"}
	for name, alter := range map[string]func(l *link){
		"number":      func(l *link) { l.number++ },
		"before":      func(l *link) { l.before = append(make([]byte, 31), 1) },
		"at":          func(l *link) { l.event.At = time.UnixMicro(2) },
		"kind":        func(l *link) { l.event.Kind = "x" },
		"person":      func(l *link) { l.event.Person = "x" },
		"application": func(l *link) { l.event.Application = "x" },
		"phone":       func(l *link) { l.event.Phone = "x" },
		"approval":    func(l *link) { l.event.Approval = "x" },
		"detail":      func(l *link) { l.event.Detail = "x" },
		// The same bytes, cut elsewhere.
		"shifted": func(l *link) { l.event.Approval, l.event.Detail = "ef", "" },
	} {
		altered := row
		alter(&altered)
		hash := string(altered.hash())
		if other, ok := seen[hash]; ok {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[hash] = name
	}
}

func TestARowForgedWithItsHashIsFoundAtTheNext(t *testing.T) {
	s := open(t, sqliteURL(t))
	record(t, s, 5)
	var l link
	must(t, s.read().each(t.Context(), `SELECT `+eventColumns+`, number, before FROM audit WHERE number = 3`, nil,
		func(scan func(...any) error) (err error) {
			l.event, err = scanEvent(scan, &l.number, &l.before)
			return err
		}))
	l.event.Detail = "forged"
	for _, query := range []string{
		`UPDATE audit SET detail = 'forged', hash = $1 WHERE number = 3`,
		`UPDATE audit SET before = $1 WHERE number = 4`, // and so on, one after the other
	} {
		_, err := s.once(t.Context(), query, l.hash())
		must(t, err)
		if _, err := s.VerifyAudit(t.Context()); !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "row 4") {
			t.Errorf("got %v, want ErrTampered with row 4", err)
		}
	}
}

func TestANewPairingClearsAwayWhatOldOnesLeftAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
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
	})
}

func TestATrailWrittenAnewWithoutTheKeyIsFound(t *testing.T) {
	url := sqliteURL(t)
	s := open(t, url)
	record(t, s, 3)
	change(t, s, `DELETE FROM audit`)
	change(t, s, `UPDATE audit_head SET number = 0, hash = zeroblob(32)`)
	forger := *s
	forger.keys = ring(t, 9)
	must(t, forger.write(t.Context(), func(ctx context.Context, db session) error {
		return forger.chain(ctx, db, []enrolments.Event{{Kind: "x"}, {Kind: "y"}, {Kind: "z"}})
	}))
	if _, err := s.VerifyAudit(t.Context()); !errors.Is(err, ErrTampered) {
		t.Errorf("got %v, want ErrTampered", err)
	}
}

func TestNoSecretIsInTheFilesInClear(t *testing.T) {
	url := sqliteURL(t)
	s := open(t, url)
	addPhone(t, s, addPerson(t, s))
	_, err := s.SigningKeys(t.Context(), []byte("a-signing-key-in-clear"), time.Now())
	must(t, err)
	record(t, s, 1)
	folder := filepath.Dir(strings.TrimPrefix(url, "sqlite:"))
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	must(t, err)
	if len(files) < 3 { // the file, its log, its lock
		t.Fatalf("only %v to search", files)
	}
	found := false
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		for _, secret := range []string{pushToken, totpSecret, "a-signing-key-in-clear"} {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s holds %s", filepath.Base(file), secret)
			}
		}
		found = found || bytes.Contains(raw, []byte("person.added"))
		info, err := os.Stat(file)
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, want its owner alone", filepath.Base(file), info.Mode())
		}
	}
	if !found {
		t.Error("what is not secret was not found either: the search is blind")
	}
}

func TestASealedValueInAnotherRowDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		s := open(t, fresh(t))
		p := addPerson(t, s)
		f, a := addPhone(t, s, p)
		addPhone(t, s, addPerson(t, s))
		change(t, s, `UPDATE authenticators SET secret = (SELECT secret FROM authenticators WHERE id <> '`+string(a.ID)+`') WHERE id = '`+string(a.ID)+`'`)
		if got, err := s.Authenticator(t.Context(), a.ID); !errors.Is(err, seal.ErrOpen) || got.Secret != nil {
			t.Errorf("got %v, want seal.ErrOpen", err)
		}
		if got, err := s.Authenticators(t.Context(), p.ID); !errors.Is(err, seal.ErrOpen) || got != nil {
			t.Errorf("got %v, want seal.ErrOpen", err)
		}
		change(t, s, `UPDATE phones SET push = (SELECT push FROM phones WHERE id <> '`+string(f.ID)+`') WHERE id = '`+string(f.ID)+`'`)
		if _, _, err := s.Phone(t.Context(), f.ID); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("got %v, want seal.ErrOpen", err)
		}
		if _, err := s.Enrolment(t.Context(), p.User); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("got %v, want seal.ErrOpen", err)
		}
	})
}

func TestAfterResealingTheOldKeyCanGo(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		url := fresh(t)
		older := open(t, url, 1)
		p := addPerson(t, older)
		f, a := addPhone(t, older, p)
		keys, err := older.SigningKeys(t.Context(), []byte("signing key"), time.Now())
		must(t, err)
		record(t, older, 2)

		both := open(t, url, 2, 1)
		for _, want := range []int{4, 0} { // secret, target, signing key, head
			if n, err := both.Reseal(t.Context()); n != want || err != nil {
				t.Fatalf("resealed %d, %v; want %d", n, err, want)
			}
		}

		newer := open(t, url, 2)
		if got, err := newer.Authenticator(t.Context(), a.ID); err != nil || !bytes.Equal(got.Secret, a.Secret) {
			t.Errorf("authenticator: got %v", err)
		}
		if got, _, err := newer.Phone(t.Context(), f.ID); err != nil || *got.Push != *f.Push {
			t.Errorf("phone: got %v", err)
		}
		got, err := newer.SigningKeys(t.Context(), nil, time.Now())
		if err != nil || !bytes.Equal(got[0], keys[0]) {
			t.Errorf("signing key: got %v", err)
		}
		if n, err := newer.VerifyAudit(t.Context()); n != 2 || err != nil {
			t.Errorf("audit: %d rows, %v", n, err)
		}
		if _, err := older.Authenticator(t.Context(), a.ID); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("the old key still opens: %v", err)
		}
	})
}

func TestResealingGoesThroughMoreThanOnePage(t *testing.T) {
	url := sqliteURL(t)
	older := open(t, url, 1)
	p := addPerson(t, older)
	const many = 2*resealPage + 1
	must(t, older.write(t.Context(), func(ctx context.Context, db session) error {
		for i := range many {
			a := enrolments.Authenticator{ID: enrolments.AuthenticatorID(fmt.Sprint(i)), Person: p.ID, Secret: []byte("secret")}
			if err := older.addAuthenticator(ctx, db, a); err != nil {
				return err
			}
		}
		return nil
	}))
	if n, err := open(t, url, 2, 1).Reseal(t.Context()); n != many || err != nil {
		t.Fatalf("resealed %d, %v; want %d", n, err, many)
	}
	if _, err := open(t, url, 2).Authenticator(t.Context(), "7"); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestResealingStopsAtWhatItCannotOpen(t *testing.T) {
	url := sqliteURL(t)
	s := open(t, url, 1)
	_, a := addPhone(t, s, addPerson(t, s))
	_, err := open(t, url, 3).Reseal(t.Context())
	if !errors.Is(err, seal.ErrOpen) || !strings.Contains(err.Error(), string(a.ID)) {
		t.Errorf("got %v, want seal.ErrOpen with the row", err)
	}
	if _, err := s.Authenticator(t.Context(), a.ID); err != nil {
		t.Errorf("the value is lost: %v", err)
	}
}

func TestAForeignKeyringIsRefusedAtOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		url := fresh(t)
		_, err := open(t, url, 1).SigningKeys(t.Context(), []byte("signing key"), time.Now())
		must(t, err)
		s, err := Open(t.Context(), Config{URL: url, Keys: ring(t, 2)})
		if !errors.Is(err, seal.ErrOpen) || s != nil {
			t.Errorf("got %v, want seal.ErrOpen", err)
		}
	})
}

func TestManyOpenOneNewDatabaseAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		url := fresh(t)
		stores := make([]*Store, 6)
		errs := make([]error, len(stores))
		var all sync.WaitGroup
		for i := range stores {
			all.Go(func() {
				stores[i], errs[i] = Open(t.Context(), Config{URL: url, Keys: ring(t, 1)})
			})
		}
		all.Wait()
		for i, s := range stores {
			if errs[i] != nil {
				t.Errorf("got %v", errs[i])
				continue
			}
			record(t, s, 1)
			defer s.Close()
		}
		if t.Failed() {
			return
		}
		if n, err := stores[0].VerifyAudit(t.Context()); n != int64(len(stores)) || err != nil {
			t.Errorf("%d rows, %v; want %d", n, err, len(stores))
		}
	})
}

func TestNodesAtOnceWriteOneChain(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		url := fresh(t)
		const nodes, callers, each = 3, 5, 8
		var all sync.WaitGroup
		stores := make([]*Store, nodes)
		for i := range stores {
			stores[i] = open(t, url)
		}
		for _, s := range stores {
			for range callers {
				all.Go(func() {
					for range each {
						if err := s.Record(t.Context(), enrolments.Event{Kind: "x"}, enrolments.Event{Kind: "y"}); err != nil {
							t.Errorf("got %v", err)
						}
					}
				})
			}
		}
		all.Wait()
		if n, err := stores[0].VerifyAudit(t.Context()); n != nodes*callers*each*2 || err != nil {
			t.Errorf("%d rows, %v; want %d", n, err, nodes*callers*each*2)
		}
		change(t, stores[0], `DELETE FROM audit WHERE number = 7`)
		if _, err := stores[0].VerifyAudit(t.Context()); !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "row 7") {
			t.Errorf("got %v, want ErrTampered with row 7", err)
		}
	})
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		url := fresh(t)
		s := open(t, url)
		change(t, s, `UPDATE goose_db_version SET version_id = 99 WHERE version_id = 5`)
		_, err := Open(t.Context(), Config{URL: url, Keys: ring(t, 1)})
		if err == nil || !strings.Contains(err.Error(), "newer program") {
			t.Errorf("got %v, want a word about a newer program", err)
		}
	})
}

func TestBothDatabasesHaveTheSameMigrations(t *testing.T) {
	names := func(folder string) (names []string) {
		entries, err := migrations.ReadDir("migrations/" + folder)
		must(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	lite, post := names("sqlite"), names("postgres")
	if len(lite) == 0 || !slices.Equal(lite, post) {
		t.Errorf("sqlite has %v, postgres %v", lite, post)
	}
}

func TestAFailedCallerTakesNobodyAlong(t *testing.T) {
	s := open(t, sqliteURL(t))
	lite := s.db.(*sqliteFile)
	broken := errors.New("broken")
	insert := func(id string, err error) work {
		return func(ctx context.Context, db session) error {
			_, insertErr := db.exec(ctx, `INSERT INTO spent_approvals (approval, spent_at) VALUES ($1, 0)`, id)
			return errors.Join(insertErr, err)
		}
	}
	// Nobody else writes: the test stands in for the writer's goroutine.
	got := lite.commit([]work{insert("a", nil), insert("b", broken), insert("a", nil), insert("c", nil)})
	if got[0] != nil || !errors.Is(got[1], broken) || meaning(got[2]) != enrolments.ErrExists || got[3] != nil {
		t.Errorf("got %v", got)
	}
	var kept string
	must(t, s.read().one(t.Context(), `SELECT group_concat(approval, ' ') FROM (SELECT approval FROM spent_approvals ORDER BY approval)`, nil, &kept))
	if kept != "a c" {
		t.Errorf("kept %q, want the two that succeeded", kept)
	}
}

func TestATransactionThatSQLiteHasUndoneIsNobodysSuccess(t *testing.T) {
	s := open(t, sqliteURL(t))
	lite := s.db.(*sqliteFile)
	insert := func(id string) work {
		return func(ctx context.Context, db session) error {
			_, err := db.exec(ctx, `INSERT INTO spent_approvals (approval, spent_at) VALUES ($1, 0)`, id)
			return err
		}
	}
	undone := func(ctx context.Context, db session) error {
		if _, err := db.exec(ctx, `ROLLBACK`); err != nil { // as a full disk does
			return err
		}
		return errors.New("disk full")
	}
	for i, err := range lite.commit([]work{insert("a"), undone, insert("b")}) {
		if err == nil {
			t.Errorf("caller %d was told of success", i)
		}
	}
	var count int
	must(t, s.read().one(t.Context(), `SELECT count(*) FROM spent_approvals`, nil, &count))
	if count != 0 {
		t.Errorf("%d rows are there", count)
	}
	if errs := lite.commit([]work{insert("c")}); errs[0] != nil {
		t.Errorf("the writer does not recover: %v", errs[0])
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
	if got.Policy != want {
		t.Errorf("got %+v, want %+v", got.Policy, want)
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

func TestABadURLNamesWhatItTakesAndHidesWhatItHeld(t *testing.T) {
	for _, url := range []string{"", "mysql://root:hunter2@db/x", "countersign.db", "sqlite:", "sqlite::memory:", "sqlite://x.db",
		"postgres://root:hunter2@db:port/x", "postgres://%zz:hunter2@db/x"} {
		_, err := Open(t.Context(), Config{URL: url, Keys: ring(t, 1)})
		if err == nil || !strings.Contains(err.Error(), "sqlite:PATH") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v", url, err)
		}
	}
	if _, err := Open(t.Context(), Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "no", "folder.db"), Keys: ring(t, 1)}); err == nil ||
		!strings.Contains(err.Error(), "folder first") {
		t.Errorf("got %v, want a word about the folder", err)
	}
	if _, err := Open(t.Context(), Config{URL: sqliteURL(t)}); err == nil {
		t.Error("opened without a keyring")
	}
	if _, err := Open(t.Context(), Config{URL: sqliteURL(t), Keys: ring(t, 1), Connections: 1001}); err == nil {
		t.Error("opened with 1001 connections")
	}
}

func TestAPathMayHoldWhatAURLWouldNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "50% of #1? yes & no 𝄞.db")
	record(t, open(t, "sqlite:"+path), 1)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if n, err := open(t, "sqlite:"+path).VerifyAudit(t.Context()); n != 1 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestAfterCloseNothingIsWritten(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		s, err := Open(t.Context(), Config{URL: fresh(t), Keys: ring(t, 1)})
		must(t, err)
		must(t, s.Ping(t.Context()))
		must(t, s.Close())
		if err := s.Record(t.Context(), enrolments.Event{Kind: "x"}); !errors.Is(err, ErrClosed) {
			t.Errorf("record: got %v, want ErrClosed", err)
		}
		if err := s.SpendApproval(t.Context(), "x", time.Now()); err == nil {
			t.Error("a write after close succeeded")
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a ping after close succeeded")
		}
	})
}

func TestEveryConnectionToTheFileIsSetUp(t *testing.T) {
	s := open(t, sqliteURL(t))
	lite := s.db.(*sqliteFile)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		for name, q := range map[string]interface {
			QueryRowContext(context.Context, string, ...any) *sql.Row
		}{"writer": lite.conn, "readers": lite.pools[0]} {
			var got string
			must(t, q.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			if got != want {
				t.Errorf("%s: %s is %s, want %s", name, pragma, got, want)
			}
		}
	}
	if _, err := lite.pools[0].Exec(`DELETE FROM people`); err == nil {
		t.Error("a reader may write")
	}
}
