package enrolments

import (
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"time"
)

// IntegrationKey names an integration to the clients of the Duo Auth API: DI
// and 18 of A–Z and 0–9. Their libraries refuse any other length.
type IntegrationKey string

// Sizes of an integration's key and secret, which clients check.
const (
	integrationKeySize = 20
	// IntegrationSecretSize is the length of the secret in characters.
	IntegrationSecretSize = 40
)

var integrationKey = regexp.MustCompile(`^DI[A-Z0-9]{18}$`)

// ParseIntegrationKey reads a key from outside; ErrUnauthorized for what
// cannot be one.
func ParseIntegrationKey(text string) (IntegrationKey, error) {
	if !integrationKey.MatchString(text) {
		return "", ErrUnauthorized
	}
	return IntegrationKey(text), nil
}

// Integration lets an application speak the Duo Auth API. Its secret keys an
// HMAC on both sides, so it is stored sealed and not hashed.
type Integration struct {
	Key         IntegrationKey
	Secret      Secret
	Application ApplicationID
	Policy      IntegrationPolicy
	CreatedAt   time.Time
}

// IntegrationPolicy is what an integration takes of older or poorer clients.
// The zero value is the strictest.
type IntegrationPolicy struct {
	// Disabled refuses every sign-in.
	Disabled bool
	// OldSignatures is why requests without a signed date are taken, in the
	// administrator's words; empty refuses them.
	OldSignatures string
	// PushWithoutNumber is why a phone may approve without a number where the
	// client cannot show one, in the administrator's words; empty asks for a
	// code there instead.
	PushWithoutNumber string
	// Domains are stripped from DOMAIN\user and user@domain, without regard to
	// case; a name with any other domain stays as it is.
	Domains []string
}

const (
	maxReason  = 200
	maxDomains = 16
	// maxDomain is that of a name in the DNS.
	maxDomain = 253
)

// Check returns an error in words for the first value out of its bounds.
func (p IntegrationPolicy) Check() error {
	for what, reason := range map[string]string{"old signatures": p.OldSignatures, "push without number": p.PushWithoutNumber} {
		if reason == "" {
			continue
		}
		if _, err := ParseName("the reason for "+what, reason, maxReason); err != nil {
			return err
		}
	}
	if len(p.Domains) > maxDomains {
		return invalid("%d domains; an integration takes at most %d", len(p.Domains), maxDomains)
	}
	for _, domain := range p.Domains {
		if domain == "" || len(domain) > maxDomain || strings.ContainsAny(domain, `\@ `) {
			return invalid("domain %q is none", truncate(domain))
		}
	}
	return nil
}

// bare strips one of the policy's domains from a name; others stay.
func (p IntegrationPolicy) bare(name string) string {
	if domain, user, ok := strings.Cut(name, `\`); ok && p.strips(domain) {
		return user
	}
	if at := strings.LastIndexByte(name, '@'); at > 0 && p.strips(name[at+1:]) {
		return name[:at]
	}
	return name
}

func (p IntegrationPolicy) strips(domain string) bool {
	return slices.ContainsFunc(p.Domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// newIntegration makes the key and secret of an application's integration.
func newIntegration(app ApplicationID, p IntegrationPolicy, now time.Time) Integration {
	const upper, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	return Integration{
		Key:         IntegrationKey("DI" + drawn(upper+digits, integrationKeySize-2)),
		Secret:      SecretOf(drawn(upper+strings.ToLower(upper)+digits, IntegrationSecretSize)),
		Application: app, Policy: p, CreatedAt: now,
	}
}

// drawn is a text of size characters, each drawn evenly from alphabet.
func drawn(alphabet string, size int) string {
	out := make([]byte, 0, size)
	// The largest multiple of the alphabet's size that a byte can hold: what
	// is above would favour the first letters.
	limit := 256 / len(alphabet) * len(alphabet)
	for one := make([]byte, 1); len(out) < size; {
		rand.Read(one) // never fails: crypto/rand ends the program instead
		if int(one[0]) < limit {
			out = append(out, alphabet[int(one[0])%len(alphabet)])
		}
	}
	return string(out)
}
