package duo

import (
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
)

func TestATicketsNumberIsItsPersonsAlone(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	drawn := map[string]bool{}
	for range 500 {
		n := newTicket(now).number(goldenSecret, "ana", 2)
		if len(n) != 2 || n[0] == '0' {
			t.Fatalf("number %q", n)
		}
		drawn[n] = true
	}
	if len(drawn) < 80 {
		t.Errorf("500 tickets made %d numbers of 90", len(drawn))
	}
	one := newTicket(now)
	number := one.number(goldenSecret, "ana", 6)
	if again := one.number(goldenSecret, "ana", 6); again != number {
		t.Errorf("a ticket has two numbers, %s and %s", number, again)
	}
	if number == one.number(goldenSecret, "ben", 6) {
		t.Error("two people have one number")
	}
	if number == one.number(enrolments.SecretOf("other"), "ana", 6) {
		t.Error("without the secret the number is known")
	}
}

func TestATicketIsGoodForTenMinutes(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	text := string(newTicket(now))
	for later, want := range map[time.Duration]bool{0: true, ticketLife - time.Second: true, ticketLife: false, -2 * time.Minute: false, -time.Second: true} {
		if _, ok := parseTicket(text, now.Add(later)); ok != want {
			t.Errorf("after %v: %v", later, ok)
		}
	}
	if at := ticket(text).expires(); !at.Equal(now.Add(ticketLife)) {
		t.Errorf("it ends at %v", at)
	}
	for _, text := range []string{"", "abc", strings.Repeat("=", ticketSize), strings.Repeat("A", ticketSize+1)} {
		if _, ok := parseTicket(text, now); ok {
			t.Errorf("%q is a ticket", text)
		}
	}
}

func TestWhatIsTypedInAMenuIsItsOptionAFactorOrAPasscode(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := &Server{config: Config{Now: func() time.Time { return now }}}
	fresh := newTicket(now)
	for typed, want := range map[string]factor{
		"push1-" + string(fresh):                          {kind: factorPush, ticket: fresh},
		"push1-" + string(newTicket(now.Add(-time.Hour))): {kind: factorPush}, // as if nothing was shown
		"push1-x": {kind: factorPush},
		"push1":   {kind: factorPush}, "push": {kind: factorPush}, "PUSH": {kind: factorPush}, "auto": {kind: factorPush},
		"phone": {kind: factorNone}, "phone2": {kind: factorNone}, "sms": {kind: factorNone},
		"123456": {kind: factorPasscode, passcode: "123456"}, " 123 456 ": {kind: factorPasscode, passcode: "123 456"},
		"1": {kind: factorPasscode, passcode: "1"}, "pushy": {kind: factorPasscode, passcode: "pushy"},
		"passcode": {kind: factorUntyped}, // no try is spent on the word
	} {
		if got := s.typed(typed); got != want {
			t.Errorf("%q is %+v, want %+v", typed, got, want)
		}
	}
}
