package enrolments_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
)

func TestAnApplicationIsKnownByItsKeys(t *testing.T) {
	d := open(t)
	key, err := d.AddApplication(t.Context(), app())
	noError(t, err)
	other := app()
	other.ID = "southwind"
	otherKey, err := d.AddApplication(t.Context(), other)
	noError(t, err)

	got, err := d.Authenticate(t.Context(), key)
	noError(t, err)
	want := app()
	want.CreatedAt = d.clock.now()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("known as (-want +got):\n%s", diff)
	}
	for name, k := range map[string]enrolments.APIKey{
		"another's secret":    {Application: "northwind", Secret: otherKey.Secret},
		"no secret":           {Application: "northwind"},
		"chance":              enrolments.NewAPIKey("northwind"),
		"unknown application": {Application: "eastwind", Secret: key.Secret},
		"nothing":             {},
	} {
		got, err := d.Authenticate(t.Context(), k)
		wantError(t, err, enrolments.ErrUnauthorized)
		if got.ID != "" {
			t.Errorf("%s: known as %s", name, got.ID)
		}
	}
	if a, err := d.Application(t.Context(), "northwind"); err != nil || a.Name != want.Name {
		t.Errorf("got %v, %v", a.Name, err)
	}
	_, err = d.Application(t.Context(), "eastwind")
	wantError(t, err, enrolments.ErrNotFound)
}

func TestKeysAreChangedWithoutAGap(t *testing.T) {
	d := open(t)
	first, err := d.AddApplication(t.Context(), app())
	noError(t, err)
	_, err = d.AddApplication(t.Context(), app())
	wantError(t, err, enrolments.ErrExists)
	if n, err := d.DropOldKeys(t.Context(), "northwind"); err != nil || n != 0 {
		t.Errorf("dropped %d, %v", n, err)
	}
	second, err := d.AddKey(t.Context(), "northwind")
	noError(t, err)
	for _, k := range []enrolments.APIKey{first, second} {
		_, err := d.Authenticate(t.Context(), k)
		noError(t, err)
	}
	if n, err := d.DropOldKeys(t.Context(), "northwind"); err != nil || n != 1 {
		t.Errorf("dropped %d, %v", n, err)
	}
	_, err = d.Authenticate(t.Context(), first)
	wantError(t, err, enrolments.ErrUnauthorized)
	_, err = d.Authenticate(t.Context(), second)
	noError(t, err)
	_, err = d.AddKey(t.Context(), "eastwind")
	wantError(t, err, enrolments.ErrNotFound)
	want := []enrolments.EventKind{
		enrolments.EventApplicationAdded, enrolments.EventKeyIssued,
		enrolments.EventKeyIssued, enrolments.EventKeyRevoked,
	}
	if diff := cmp.Diff(want, d.trail(t)); diff != "" {
		t.Errorf("the trail (-want +got):\n%s", diff)
	}
}

func TestAnApplicationOutOfBoundsIsNotStored(t *testing.T) {
	d := open(t)
	bad := app()
	bad.Policy.NumberTries = 4
	key, err := d.AddApplication(t.Context(), bad)
	wantError(t, err, enrolments.ErrInvalid)
	if key != (enrolments.APIKey{}) {
		t.Error("a key came with the error")
	}
	_, err = d.Application(t.Context(), bad.ID)
	wantError(t, err, enrolments.ErrNotFound)
}

// lostStore answers whoever asks who an application or a phone is with an
// error of its own.
type lostStore struct {
	enrolments.Store
	err error
}

func (s lostStore) Application(context.Context, enrolments.ApplicationID) (enrolments.Application, []enrolments.Hash, error) {
	return enrolments.Application{}, nil, s.err
}

func (s lostStore) Phone(context.Context, enrolments.PhoneID) (enrolments.Phone, string, error) {
	return enrolments.Phone{}, "", s.err
}

// A lost database is a fault of the server, not of who asks; and nobody is let
// in.
func TestALostStoreIsNotTakenForAWrongKey(t *testing.T) {
	lost := errors.New("the database is lost")
	s := serviceAt(lostStore{err: lost}, publicURL, 0)
	a, err := s.Authenticate(t.Context(), enrolments.NewAPIKey("northwind"))
	wantError(t, err, lost)
	h := newHandset(t)
	h.id = "a-phone"
	known, err := s.KnowPhone(t.Context(), h.proof(open(t).clock.now(), nil))
	wantError(t, err, lost)
	if a.ID != "" || known.ID != "" {
		t.Errorf("got %v and %v", a.ID, known.ID)
	}
}
