package main

import (
	"context"
	"encoding/base32"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mobile-stub/phone"
	"countersign/totp"
)

func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

// tableOf is what person show lists under a head, by its columns.
func tableOf(out, head string) (rows [][]string) {
	_, rest, _ := strings.Cut(out, "\n"+head)
	for line := range strings.Lines(rest) {
		if line == "\n" {
			break
		}
		rows = append(rows, strings.Fields(line))
	}
	return rows[min(1, len(rows)):]
}

// leaveTraces has ana set up an authenticator app, begin a recovery, and trust
// two browsers.
func leaveTraces(t *testing.T, keys, db string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	service, store, err := (&database{
		DB: strings.TrimPrefix(db, "--db="), SealKeysFile: strings.TrimPrefix(keys, "--seal-keys-file="),
		named: named{ServerName: "Countersign", PublicURL: "http://localhost:8080"},
	}).open(t.Context())
	must(err)
	defer store.Close()
	ana, err := service.Person(t.Context(), "ana@example.com")
	must(err)
	must(addApp(t.Context(), service))
	_, _, err = service.BeginRecovery(t.Context(), enrolments.Recovery{Person: ana.ID, Application: "shop", Method: enrolments.MethodRecoveryCode}, time.Hour)
	must(err)
	for _, approval := range []string{"one", "two"} {
		must(service.Trust(t.Context(), enrolments.TrustedBrowser{Person: ana.ID, Application: "shop", Approval: approval}, time.Now(), time.Hour))
		_, _, err := service.IssueTrust(t.Context(), approval)
		must(err)
	}
}

// addApp has ana set up an authenticator app by a link of the help desk.
func addApp(ctx context.Context, service *enrolments.Service) error {
	desk, err := service.HelpDesk("first phone")
	if err != nil {
		return err
	}
	pairing, token, err := desk.OpenPairing(ctx, "ana@example.com")
	if err != nil {
		return err
	}
	key, err := service.BeginAuthenticator(ctx, pairing)
	if err != nil {
		return err
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(key.Key, " ", ""))
	if err != nil {
		return err
	}
	code, err := totp.Code(secret, time.Now())
	if err != nil {
		return err
	}
	if pairing, err = service.SetUp(ctx, pairing.ID, token); err != nil {
		return err
	}
	return service.ConfirmAuthenticator(ctx, pairing, code)
}

func TestTheHelpDeskSeesWhatAPersonHasAndEndsIt(t *testing.T) {
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	verb(t, "app", "create", "shop", keys, db)
	verb(t, "policy", "set", "shop", "trusted_browser_days=30", keys, db)
	verb(t, "person", "set-up", "ana@example.com", "--reason", "first phone", keys, db)
	leaveTraces(t, keys, db)
	show := func() string { return verb(t, "person", "show", "ana@example.com", keys, db) }
	out := show()
	recoveries, browsers, apps := tableOf(out, "RECOVERY"), tableOf(out, "TRUSTED BROWSER"), tableOf(out, "AUTHENTICATOR")
	if len(apps) != 1 || len(apps[0]) != 3 || !isTime(apps[0][1]) || !isTime(apps[0][2]) {
		t.Fatalf("apps %v are shown:\n%s", apps, out)
	}
	if len(recoveries) != 1 || recoveries[0][1] != "waiting" || len(browsers) != 2 || browsers[0][1] != "shop" {
		t.Fatalf("shown:\n%s", out)
	}
	for _, want := range []string{"pushes: sent", "codes: taken, 0 wrong in a row"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	verb(t, "person", "stop-recovery", "ana@example.com", recoveries[0][0], "--reason", "she did not begin it", keys, db)
	verb(t, "person", "end-trust", "ana@example.com", "--browser", browsers[0][0], "--reason", "left in the library", keys, db)
	out = show()
	if left := tableOf(out, "TRUSTED BROWSER"); len(tableOf(out, "RECOVERY")) != 0 || len(left) != 1 || left[0][0] != browsers[1][0] {
		t.Errorf("left:\n%s", out)
	}
	verb(t, "person", "end-trust", "ana@example.com", "--app", "shop", "--reason", "all of them", keys, db)
	verb(t, "person", "remove-authenticator", "ana@example.com", apps[0][0], "--reason", "it is on the lost phone", keys, db)
	if out = show(); strings.Contains(out, "AUTHENTICATOR") {
		t.Errorf("left:\n%s", out)
	}
	trail := verb(t, "audit", "list", keys, db)
	for _, want := range []string{"she did not begin it", "left in the library", "it is on the lost phone", "all of them", "first phone"} {
		if !strings.Contains(trail, want) {
			t.Errorf("%q is not in the trail:\n%s", want, trail)
		}
	}
}

func TestTheHelpDeskSeesHowAPersonsLastSignInsEnded(t *testing.T) {
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"))
	p, account := s.pair("ana@example.com")
	if out := verb(t, "person", "show", "ana@example.com", s.keys, s.db); tableOf(out, "SIGN-IN") != nil || !strings.Contains(out, "backup address: none, security questions: none") {
		t.Errorf("before anything happened:\n%s", out)
	}
	var asked struct{ ID, Number string }
	s.call("POST", "/v1/approvals", s.key, map[string]any{"user": "ana@example.com", "context": map[string]string{"ip": "203.0.113.9"}}, &asked)
	s.approve(p, account, asked.ID, asked.Number)
	s.call("POST", "/v1/approvals", s.key, map[string]any{"user": "ana@example.com"}, &asked)
	s.call("POST", "/v1/approvals/"+asked.ID+"/withdraw", s.key, nil, nil)
	out := verb(t, "person", "show", "ana@example.com", s.keys, s.db)
	past := tableOf(out, "SIGN-IN")
	if len(past) != 2 {
		t.Fatalf("shown:\n%s", out)
	}
	if got := strings.Join(past[0][1:], " "); got != "shop Sign in withdrawn application" {
		t.Errorf("the newest is %q", got)
	}
	if got := strings.Join(past[1][1:], " "); got != "shop Sign in approved Ana's phone 203.0.113.9" {
		t.Errorf("the one before is %q", got)
	}
}

func TestALinkOfTheHelpDeskSaysWhichPhonesStopAndKeepsThoseThatAreNamed(t *testing.T) {
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"))
	s.pairAs("ana@example.com", phone.Pairing{Name: "Old Pixel", Platform: "android"})
	pixel := tableOf(verb(t, "person", "show", "ana@example.com", s.keys, s.db), "PHONE")[0][0]
	link := func(flags ...string) (string, error) {
		var said strings.Builder
		args := append([]string{"person", "set-up", "ana@example.com", "--reason", "lost phone", s.keys, s.db, s.publicURL}, flags...)
		err := run(t.Context(), args, io.Discard, &said)
		return said.String(), err
	}
	if said, err := link(); err != nil || !strings.Contains(said, "these stop working (--keep keeps them): Old Pixel\n") {
		t.Errorf("said %q, %v", said, err)
	}
	for _, keep := range []string{"all", pixel} {
		if said, err := link("--keep", keep); err != nil || strings.Contains(said, "Old Pixel") {
			t.Errorf("keeping %s: said %q, %v", keep, said, err)
		}
	}
	if _, err := link("--keep", "x"); err == nil || !strings.Contains(err.Error(), "person show") {
		t.Errorf("keeping a phone that is not there: %v", err)
	}
	s.pairAs("ana@example.com", phone.Pairing{Name: "New", Platform: "other"})
	if left := tableOf(verb(t, "person", "show", "ana@example.com", s.keys, s.db), "PHONE"); len(left) != 1 || left[0][1] != "New" {
		t.Errorf("left are %v", left)
	}
}

func TestTheHelpDeskHasToSayWhy(t *testing.T) {
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	verb(t, "person", "set-up", "ana@example.com", "--reason", "first phone", keys, db)
	t.Setenv("COUNTERSIGN_REASON", "the same as always")
	for name, args := range map[string][]string{
		"set-up":               {"set-up", "ana@example.com"},
		"unlock":               {"unlock", "ana@example.com"},
		"remove-phone":         {"remove-phone", "ana@example.com", "x"},
		"stop-recovery":        {"stop-recovery", "ana@example.com", "x"},
		"remove-authenticator": {"remove-authenticator", "ana@example.com", "x"},
		"end-trust":            {"end-trust", "ana@example.com"},
	} {
		for _, given := range [][]string{nil, {"--reason", ""}, {"--reason", "a\u202eb"}} {
			all := append(append([]string{"person"}, args...), append(given, keys, db)...)
			if err := run(t.Context(), all, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "--reason") {
				t.Errorf("%s with %q: got %v", name, given, err)
			}
		}
	}
	for want, args := range map[string][]string{
		"no phone":             {"remove-phone", "ana@example.com", "x"},
		"no authenticator app": {"remove-authenticator", "ana@example.com", "x"},
		"no recovery":          {"stop-recovery", "ana@example.com", "x"},
		"no browser":           {"end-trust", "ana@example.com", "--browser", "x"},
		"nobody is known as \"eve\"; give the user name": {"unlock", "eve"},
	} {
		all := append(append([]string{"person"}, args...), "--reason", "why not", keys, db)
		if err := run(t.Context(), all, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
}
