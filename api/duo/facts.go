package duo

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"countersign/approvals"
	"countersign/enrolments"
)

const (
	// maxPairs and maxValue bound what one push shows of pushinfo.
	maxPairs = 16
	maxValue = 80
	// maxReference leaves room below enrolments.MaxText for characters that
	// normalisation takes apart.
	maxReference = 200
	maxAction    = 64
	between      = " · "
)

// contextOf is what the person is shown of a call: typed facts, each cleaned
// and cut, never markup. Nothing in it refuses a sign-in.
func contextOf(c *call, e enrolments.Enrolment) approvals.Context {
	return approvals.Context{
		IP:        addressOf(c.value("ipaddr")),
		Action:    clean(c.value("type"), maxAction),
		Reference: reference(c, e),
	}
}

// addressOf is an address that can be shown, or nothing.
func addressOf(text string) string {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return ""
	}
	return addr.Unmap().String()
}

// reference lines up what the client says about the sign-in.
func reference(c *call, e enrolments.Enrolment) string {
	var facts []string
	add := func(name, value string) {
		if value = clean(value, maxValue); value != "" && value != "(null)" && len(facts) < maxPairs {
			facts = append(facts, clean(name, maxValue)+": "+value)
		}
	}
	if name := c.value("display_username"); name != e.User {
		add("As", name)
	}
	add("Host", c.value("hostname"))
	for _, pair := range pairsOf(c.value("pushinfo")) {
		add(pair[0], pair[1])
	}
	text := cut(strings.Join(facts, between), maxReference)
	if _, err := enrolments.ParseText("reference", text, enrolments.MaxText); err != nil {
		return ""
	}
	return text
}

// pairsOf reads pushinfo leniently: some clients encode it wrongly, and no
// sign-in fails by what is only shown.
func pairsOf(text string) (pairs [][2]string) {
	for len(text) > 0 && len(pairs) < maxPairs {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			continue
		}
		pairs = append(pairs, [2]string{unescaped(name), unescaped(value)})
	}
	return pairs
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// clean leaves what can be shown safely, in one line of at most limit
// characters; what stands between facts cannot be forged in one.
func clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == '·':
			return ' '
		case !unicode.IsGraphic(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return cut(strings.Join(strings.Fields(text), " "), limit)
}

func cut(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
