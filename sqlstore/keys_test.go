package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/internal/seal"
)

func TestNoSecretIsInTheFilesInClear(t *testing.T) {
	url := sqliteURL(t)
	s := open(t, url)
	p := addPerson(t, s)
	addPhone(t, s, p)
	addChannels(t, s, p)
	addChange(t, s, p)
	token := addNotice(t, s, p)
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
		for _, secret := range []string{pushToken, totpSecret, backupAddress, codeHash, answered, changeName, toldAddress, token.Reveal(), "a-signing-key-in-clear"} {
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

func aSealedValueInAnotherRowDoesNotOpen(t *testing.T, fresh func(*testing.T) string) {
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
}

func afterResealingTheOldKeyCanGo(t *testing.T, fresh func(*testing.T) string) {
	url := fresh(t)
	older := open(t, url, 1)
	p := addPerson(t, older)
	f, a := addPhone(t, older, p)
	addChannels(t, older, p)
	c := addChange(t, older, p)
	token := addNotice(t, older, p)
	keys, err := older.SigningKeys(t.Context(), []byte("signing key"), time.Now())
	must(t, err)
	record(t, older, 1)

	both := open(t, url, 2, 1)
	// Secret, target, backup address, its code twice, answers, a change, a notice's
	// secret and two addresses, signing key, head.
	for _, want := range []int{12, 0} {
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
	if got, err := newer.Change(t.Context(), c.Page, c.Approval); err != nil || got.Address != changeName {
		t.Errorf("change: got %v", err)
	}
	if got, err := newer.BackupEmail(t.Context(), p.ID); err != nil || got.Address != backupAddress {
		t.Errorf("backup address: got %v", err)
	}
	if got := due(t, newer); len(got) != 2 || got[0].Token.Reveal() != token.Reveal() {
		t.Errorf("deliveries: got %v", got)
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

func aForeignKeyringIsRefusedAtOpen(t *testing.T, fresh func(*testing.T) string) {
	url := fresh(t)
	_, err := open(t, url, 1).SigningKeys(t.Context(), []byte("signing key"), time.Now())
	must(t, err)
	s, err := Open(t.Context(), Config{URL: url, Keys: ring(t, 2)})
	if !errors.Is(err, seal.ErrOpen) || s != nil {
		t.Errorf("got %v, want seal.ErrOpen", err)
	}
}
