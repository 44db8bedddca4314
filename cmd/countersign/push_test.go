package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/mobile-stub/gateway"
	"countersign/push"
	"countersign/push/webpush"
)

// pushGateway is a gateway, and the flags that reach it.
func pushGateway(t *testing.T, o gateway.Options) (*gateway.Gateway, []string) {
	t.Helper()
	o.Dir = t.TempDir()
	g, err := gateway.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	key, err := webpush.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	vapid := filepath.Join(o.Dir, "vapid.key")
	if err := os.WriteFile(vapid, []byte(key.Secret()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := g.Credentials
	return g, []string{
		"--push-ca-file", filepath.Join(o.Dir, gateway.CAFile),
		"--fcm-credentials-file", filepath.Join(o.Dir, gateway.ServiceAccountFile), "--fcm-endpoint", g.FCM,
		"--apns-key-file", filepath.Join(o.Dir, gateway.APNsKeyFile), "--apns-key-id", c.KeyID, "--apns-team-id", c.TeamID,
		"--apns-topic", c.Topic, "--apns-endpoint", g.APNs,
		"--vapid-key-file", vapid, "--vapid-subject", "mailto:operator@example.net",
		"--push-host", strings.TrimPrefix(g.WebPush, "https://"), "--push-network", "127.0.0.0/8",
	}
}

func pushCheckSays(t *testing.T, flags []string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"push", "check"}, flags...), &out, &out)
	return out.String(), err
}

func TestPushCheckFindsAllWell(t *testing.T) {
	g, flags := pushGateway(t, gateway.Options{})
	said, err := pushCheckSays(t, flags)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, want := range []string{"FCM: well", "APNs: well", "APNs sandbox: well", "Web Push " + strings.TrimPrefix(g.WebPush, "https://") + ": well", "subscription"} {
		if !strings.Contains(said, want) {
			t.Errorf("does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "trouble") {
		t.Errorf("speaks of trouble:\n%s", said)
	}
}

func TestPushCheckSaysInWordsWhatIsWrong(t *testing.T) {
	cases := []struct {
		name   string
		rule   string
		answer gateway.Rule
		says   string
	}{
		{"an account that was disabled", gateway.TokenServer, gateway.Rule{Status: 400, Reason: "invalid_grant"}, "key of the service account"},
		{"an account without the role", gateway.EveryFCM, gateway.Rule{Status: 403, Reason: "PERMISSION_DENIED"}, "role"},
		{"a project that there is not", gateway.EveryFCM, gateway.Rule{Status: 404, Reason: "NOT_FOUND"}, "project_id"},
		{"a key that does not fit", gateway.EveryAPNs, gateway.Rule{Status: 403, Reason: "InvalidProviderToken"}, "do not belong together"},
		{"another app's topic", gateway.EveryAPNs, gateway.Rule{Status: 400, Reason: "TopicDisallowed"}, "bundle id"},
		{"a service that is down", gateway.EveryAPNs, gateway.Rule{Status: 503, Reason: "Shutdown"}, "firewall"},
		{"a reason that nobody knows", gateway.EveryAPNs, gateway.Rule{Status: 403, Reason: "SomethingNew"}, "SomethingNew"},
		{"too many", gateway.EveryFCM, gateway.Rule{Status: 429, Reason: "QUOTA_EXCEEDED"}, "takes no more"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			g, flags := pushGateway(t, gateway.Options{})
			g.Answer(tc.rule, tc.answer)
			said, err := pushCheckSays(t, flags)
			if err == nil || !strings.Contains(said, tc.says) {
				t.Errorf("error %v, want words with %q:\n%s", err, tc.says, said)
			}
			for _, secret := range []string{"BEGIN", "ya29", "eyJ"} {
				if strings.Contains(said, secret) {
					t.Errorf("tells a secret:\n%s", said)
				}
			}
		})
	}
}

func TestPushCheckNamesAClockThatIsOff(t *testing.T) {
	_, flags := pushGateway(t, gateway.Options{Now: func() time.Time { return time.Now().Add(70 * time.Minute) }})
	said, err := pushCheckSays(t, flags)
	if err == nil || strings.Count(said, "clock") < 2 {
		t.Errorf("error %v, want the clock named for FCM and APNs:\n%s", err, said)
	}
}

func TestPushCheckSaysWhyASelfHostedServiceIsNotReached(t *testing.T) {
	_, flags := pushGateway(t, gateway.Options{})
	without := flags[:len(flags)-2] // --push-network
	said, err := pushCheckSays(t, without)
	if err == nil || !strings.Contains(said, "--push-network") {
		t.Errorf("error %v, want --push-network named:\n%s", err, said)
	}
}

func TestATroubledSandboxIsSaidAndIsNoFailure(t *testing.T) {
	fails := func(context.Context) error { return push.ErrCredential }
	var out bytes.Buffer
	c := checking{out: &out}
	if c.mention(t.Context(), push.APNs, "APNs sandbox", "", fails) || c.troubles != 0 || !strings.Contains(out.String(), "in trouble") {
		t.Errorf("%d troubles, said %q", c.troubles, &out)
	}
	if c.ask(t.Context(), push.APNs, "APNs", "", fails); c.troubles != 1 {
		t.Error("production that fails is no trouble")
	}
}

func TestPushCheckWithoutAServiceIsAnError(t *testing.T) {
	if _, err := pushCheckSays(t, nil); err == nil || !strings.Contains(err.Error(), "no push service") {
		t.Errorf("got %v", err)
	}
}

func TestEveryAdviceIsGiven(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range advices {
		key := string(a.of) + " " + a.reason
		if seen[key] || a.says == "" {
			t.Errorf("%s: twice, or without words", key)
		}
		seen[key] = true
		err := errors.Join(&push.Refusal{Means: push.ErrCredential, Reason: a.reason})
		if advice(a.of, err) != a.says {
			t.Errorf("%s: other words are given", key)
		}
	}
}
