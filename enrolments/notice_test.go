package enrolments_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/enrolments"
)

func TestEachMailboxIsToldOnce(t *testing.T) {
	type email = enrolments.Email
	backup := email{Address: "ana@home.example", Language: "de"}
	for name, c := range map[string]struct {
		user   string
		backup email
		more   []email
		want   []email
	}{
		"a name that is none":            {"ana", email{}, nil, nil},
		"a name that is one":             {"ana@example.com", email{}, nil, []email{{Address: "ana@example.com"}}},
		"both, in the language known":    {"ana@example.com", backup, nil, []email{{Address: "ana@example.com", Language: "de"}, backup}},
		"the same mailbox twice":         {"Ana+work@home.example", backup, []email{{Address: "ANA@home.example"}}, []email{{Address: "Ana+work@home.example", Language: "de"}}},
		"one that was taken from them":   {"ana", backup, []email{{Address: "old@home.example", Language: "fr"}}, []email{backup, {Address: "old@home.example", Language: "fr"}}},
		"one that was the last they had": {"ana@example.com", email{}, []email{backup}, []email{{Address: "ana@example.com", Language: "de"}, backup}},
	} {
		if diff := cmp.Diff(c.want, enrolments.Mailboxes(c.user, c.backup, c.more)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestWhoeverLosesABackupAddressIsTold(t *testing.T) {
	d, post := withPost(t)
	p, _ := d.paired(t, "ana@example.com")
	const first, second = "first@example.net", "second@example.net"
	for _, address := range []string{first, second} {
		noError(t, d.beginEmail(t, p, address, "fr"))
		_, err := d.ConfirmSetUpEmail(t.Context(), p, post.newest(t))
		noError(t, err)
	}
	noError(t, d.RemoveEmail(t.Context(), p.Person))
	all, err := d.store.ClaimDeliveries(t.Context(), enrolments.ByMail, 64, time.Minute, d.clock.now())
	noError(t, err)
	told := map[string]int{}
	for _, delivery := range all {
		told[string(delivery.Notice.Event)+" to "+delivery.To]++
	}
	want := map[string]int{
		"phone.paired to ana@example.com": 1,
		"email.set to ana@example.com":    2, "email.set to " + first: 2, "email.set to " + second: 1,
		"email.removed to ana@example.com": 1, "email.removed to " + second: 1,
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, e := range d.events(t) {
		if len(e.Tell) > 0 {
			t.Errorf("the trail keeps the addresses of %s", e.Kind)
		}
	}
}

func TestANoticeCanBeStoppedForSevenDaysAndOnce(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	n := enrolments.Notice{Event: enrolments.EventPhonePaired, At: at}
	stopped, final := n, n
	stopped.Stopped.At, final.Event = at, enrolments.EventNoticeStopped
	for name, c := range map[string]struct {
		notice enrolments.Notice
		after  time.Duration
		want   bool
	}{
		"at once": {n, 0, true}, "within seven days": {n, 7*24*time.Hour - 1, true}, "after seven days": {n, 7 * 24 * time.Hour, false},
		"once it was": {stopped, 0, false}, "where nothing is left to stop": {final, 0, false},
	} {
		if got := c.notice.Stoppable(at.Add(c.after)); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestAnEventKeepsWhenceItWasCaused(t *testing.T) {
	from := enrolments.Origin{Browser: "Chrome on Windows", IP: "203.0.113.9"}
	e := enrolments.Event{Kind: enrolments.EventApprovalReported, Person: "ana", Detail: "internal"}.From(from)
	n, _ := e.Announce()
	if n.Origin != from || n.Origin.String() != "Chrome on Windows, 203.0.113.9" || n.Detail != "" {
		t.Errorf("got %+v from %s", n, e.Data)
	}
	if plain := (enrolments.Event{}).From(enrolments.Origin{}); plain.Data != "" {
		t.Errorf("nothing known is kept as %q", plain.Data)
	}
}
