package enrolments

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Bounds of an address in octets: RFC 5321 section 4.5.3.1, with erratum 1690
// of RFC 3696 for the whole.
const (
	MaxEmail = 254
	maxLocal = 64
)

// domains turns a domain into what the DNS is asked: UTS 46, not transitional,
// with the rules of RFC 5893 for labels written from right to left.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.VerifyDNSLength(true))

// ParseEmail reads an address that mail can be sent to, and returns the one way
// in which it is kept: the domain in lower case, xn-- where it has other letters
// than ASCII, the part before the @ as it was written. ErrInvalid, in words, for
// what no mail server has to take or what two programs could read as two
// addresses: quoted parts, comments, control characters, addresses of machines.
func ParseEmail(text string) (string, error) {
	if len(text) > MaxEmail*utf8.UTFMax {
		return "", invalid("the address is longer than %d characters", MaxEmail)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, hidden) {
		return "", invalid("the address has a space or a character that cannot be seen; write it like ana@example.com")
	}
	local, domain, ok := strings.Cut(text, "@")
	if !ok || strings.Contains(domain, "@") {
		return "", invalid("an address has one @, like ana@example.com")
	}
	if err := checkLocal(local); err != nil {
		return "", err
	}
	domain, err := parseDomain(domain)
	if err != nil {
		return "", err
	}
	if len(local)+1+len(domain) > MaxEmail {
		return "", invalid("the address is longer than %d characters", MaxEmail)
	}
	return local + "@" + domain, nil
}

// hidden are the characters of which an address that looks right could be
// another one.
func hidden(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

// checkLocal takes a dot-atom of RFC 5322 section 3.2.3.
func checkLocal(local string) error {
	const atext = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~"
	if strings.ContainsFunc(local, func(r rune) bool { return r > unicode.MaxASCII }) {
		return invalid("before the @ only the letters a to z, digits and signs are taken: many mail servers take no others")
	}
	if local == "" || len(local) > maxLocal {
		return invalid("before the @ an address has 1 to %d characters", maxLocal)
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.Trim(atom, atext) != "" {
			return invalid("before the @ an address has letters, digits and signs with single dots between them; quotes, brackets and commas are not taken")
		}
	}
	return nil
}

// parseDomain takes a name of the DNS with a dot in it: one without belongs to
// somebody's own network.
func parseDomain(text string) (string, error) {
	domain, err := domains.ToASCII(text)
	if err != nil || !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", invalid("after the @ an address has a domain, like example.com")
	}
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	if _, err := netip.ParseAddr(domain); err == nil || strings.Trim(top, "0123456789") == "" {
		return "", invalid("after the @ an address has a domain and not the number of a machine")
	}
	return domain, nil
}

// SameMailbox reports whether two addresses, as ParseEmail gives them, are or
// may be one mailbox written differently: in other case, with a +tag, and at
// Gmail with other dots or the domain's other name.
func SameMailbox(a, b string) bool { return mailbox(a) == mailbox(b) }

// mailbox is an address without what mail servers pass over.
func mailbox(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	if bare, _, tagged := strings.Cut(local, "+"); tagged && bare != "" {
		local = bare
	}
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if domain == "gmail.com" {
		local = strings.ReplaceAll(local, ".", "")
	}
	return local + "@" + domain
}

// MaskEmail is an address as it may be shown to somebody who could be a
// stranger: its first letter and its domain.
func MaskEmail(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	return local[:min(len(local), 1)] + "•••@" + domain
}
