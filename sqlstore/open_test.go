package sqlstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/enrolments"
)

func manyOpenOneNewDatabaseAtOnce(t *testing.T, fresh func(*testing.T) string) {
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
}

func oneConnectionIsEnough(t *testing.T, fresh func(*testing.T) string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Open(ctx, Config{URL: fresh(t), Keys: ring(t, 1), Connections: 1})
	must(t, err)
	defer s.Close()
	p := addPerson(t, s)
	f, a := addPhone(t, s, p)
	must(t, s.BurnStep(ctx, a.ID, 5))
	if err := s.BurnStep(ctx, a.ID, 5); !errors.Is(err, enrolments.ErrCodeUsed) {
		t.Errorf("got %v, want ErrCodeUsed", err)
	}
	must(t, s.RemovePhone(ctx, f.ID))
	record(t, s, 1)
	_, err = s.VerifyAudit(ctx)
	must(t, err)
}

func aDatabaseOfANewerProgramIsRefused(t *testing.T, fresh func(*testing.T) string) {
	url := fresh(t)
	s := open(t, url)
	change(t, s, `UPDATE goose_db_version SET version_id = 99 WHERE version_id = 5`)
	_, err := Open(t.Context(), Config{URL: url, Keys: ring(t, 1)})
	if err == nil || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("got %v, want a word about a newer program", err)
	}
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

func afterCloseNothingIsWritten(t *testing.T, fresh func(*testing.T) string) {
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
}
