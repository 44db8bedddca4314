package enrolments_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"countersign/enrolments"
)

func TestSecretsPrintAsNothing(t *testing.T) {
	secret := enrolments.NewSecret()
	key := enrolments.NewAPIKey("northwind")
	for name, c := range map[string]struct {
		value any
		text  string
	}{
		"secret":             {secret, secret.Reveal()},
		"pointer to secret":  {&secret, secret.Reveal()},
		"list of secrets":    {[]enrolments.Secret{secret}, secret.Reveal()},
		"API key":            {key, key.Secret.Reveal()},
		"pointer to API key": {&key, key.Secret.Reveal()},
		"claim":              {enrolments.Claim{Ticket: secret}, secret.Reveal()},
	} {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%t"} {
				if got := fmt.Sprintf(verb, c.value); reveals(got, c.text) {
					t.Errorf("%s prints %s", verb, got)
				}
			}
			if got, err := json.Marshal(c.value); err != nil || reveals(string(got), c.text) {
				t.Errorf("JSON has %s, %v", got, err)
			}
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("said", "value", c.value)
			slog.New(slog.NewTextHandler(&log, nil)).Info("said", "value", c.value)
			if reveals(log.String(), c.text) {
				t.Errorf("the log has %s", log.String())
			}
		})
	}
}

// reveals reports whether text holds a secret as it is, in hexadecimal or as
// character codes.
func reveals(text, secret string) bool {
	first := fmt.Sprintf("%U", []rune(secret)[:3])
	return strings.Contains(text, secret) || strings.Contains(text, secret[:16]) ||
		strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", secret)) ||
		strings.Contains(text, strings.Trim(first, "[]"))
}

func TestSecretsAreComparedByTheirHash(t *testing.T) {
	a, b := enrolments.NewSecret(), enrolments.NewSecret()
	if !a.Hash().Is(enrolments.SecretOf(a.Reveal()).Hash()) {
		t.Error("a secret does not equal itself")
	}
	if a.Hash().Is(b.Hash()) || a.Hash().Is(enrolments.Hash{}) {
		t.Error("two secrets are equal")
	}
	if len(a.Reveal()) != 43 || a.IsZero() || !(enrolments.Secret{}).IsZero() {
		t.Errorf("a secret has %d characters", len(a.Reveal()))
	}
}

func TestIdentifiersDiffer(t *testing.T) {
	a, b := enrolments.NewID[enrolments.PhoneID](), enrolments.NewID[enrolments.PhoneID]()
	if a == b || len(a) != enrolments.IDSize {
		t.Errorf("got %q and %q", a, b)
	}
}
