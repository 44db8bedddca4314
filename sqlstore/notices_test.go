package sqlstore

import (
	"sync"
	"testing"
	"time"

	"countersign/enrolments"
)

const toldAddress = "told-in-clear@example.net"

// addNotice tells p of something, at toldAddress too, and returns the secret
// that stops it. Its deliveries are due again.
func addNotice(t testing.TB, s *Store, p enrolments.Person) enrolments.Secret {
	t.Helper()
	must(t, s.Record(t.Context(), enrolments.Event{At: time.Now(), Kind: enrolments.EventPhonePaired, Person: p.ID,
		Tell: []enrolments.Email{{Address: toldAddress}}}))
	all := due(t, s)
	for _, d := range all {
		must(t, s.PutOffDelivery(t.Context(), d, time.Now()))
	}
	return all[0].Token
}

// due claims what is due by mail.
func due(t testing.TB, s *Store) []enrolments.Delivery {
	t.Helper()
	all, err := s.ClaimDeliveries(t.Context(), enrolments.ByMail, 64, time.Minute, time.Now())
	must(t, err)
	return all
}

func theSecretOfANoticeGoesWithItsLastDelivery(t *testing.T, fresh func(*testing.T) string) {
	url := fresh(t)
	s := open(t, url)
	nodes := []*Store{s, open(t, url)}
	count := func(table string) (n int) {
		must(t, s.read().one(t.Context(), `SELECT count(*) FROM `+table, nil, &n))
		return n
	}
	for range 10 {
		p := addPerson(t, s)
		must(t, s.Record(t.Context(), enrolments.Event{At: time.Now(), Kind: enrolments.EventPhonePaired, Person: p.ID,
			Tell: []enrolments.Email{{Address: toldAddress}}}))
		mail := due(t, s)
		phones, err := s.ClaimDeliveries(t.Context(), enrolments.ByPhones, 64, time.Minute, time.Now())
		must(t, err)
		if len(mail) != 1 || len(phones) != 1 || count("notices WHERE secret IS NOT NULL") != 1 {
			t.Fatalf("due: %d mails, %d calls", len(mail), len(phones))
		}
		var both sync.WaitGroup
		for i, d := range []enrolments.Delivery{mail[0], phones[0]} {
			both.Go(func() {
				if ended, err := nodes[i].EndDelivery(t.Context(), d, enrolments.Event{At: time.Now(), Kind: enrolments.EventNoticeSent}); err != nil || !ended {
					t.Errorf("got %v, %v", ended, err)
				}
			})
		}
		both.Wait()
		if left, kept := count("deliveries"), count("notices WHERE secret IS NOT NULL"); left != 0 || kept != 0 {
			t.Fatalf("%d deliveries and %d secrets are left", left, kept)
		}
	}
}
