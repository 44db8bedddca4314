package enrolments

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
)

// Email is a person's backup address: told of what changes, and a way to a new
// phone where the policy allows it. A person has one.
type Email struct {
	// Address is as ParseEmail gives it; stores seal it.
	Address string
	// Language is that of the page on which it was set, as a BCP 47 tag.
	Language    string
	ConfirmedAt time.Time
}

const (
	// EmailCodeLife is how long a code that was sent is good: NIST SP 800-63B
	// section 3.1.3.2 takes no longer than ten minutes.
	EmailCodeLife = 10 * time.Minute
	// EmailCodeTries is how often one code may be typed wrong.
	EmailCodeTries = 5
	// EmailCodesAnHour bounds what is sent for one person, wherever it goes.
	EmailCodesAnHour = 5
	// emailCodeDigits is the length of a code.
	emailCodeDigits = 6
)

// EmailPurpose says where a code may be typed: in the set-up, on the waiting
// screen or on the page that asked for it, and nowhere else.
type EmailPurpose string

func pagePurpose(id SecurityPageID) EmailPurpose { return EmailPurpose("security-page:" + id) }

func setUpPurpose(id PairingID) EmailPurpose { return EmailPurpose("set-up:" + id) }

// recoveryPurpose is that of the waiting screen of an approval.
func recoveryPurpose(approval string) EmailPurpose { return EmailPurpose("approval:" + approval) }

// EmailCode is a code that is being sent.
type EmailCode struct {
	ID      string
	Person  PersonID
	Purpose EmailPurpose
	// Code is a hash of six digits, which are soon guessed from it: stores seal
	// it.
	Code Hash
	// Address becomes the person's backup address, with Language, when the code
	// is typed; empty for a code to the address that is one already.
	Address, Language string
	SentAt            time.Time
}

// EmailSpent is what a right code did.
type EmailSpent struct {
	// Email is the person's backup address now, Replaced the one before it; zero
	// where there was none, or the same still stands.
	Email, Replaced Email
}

// replaced is the address that is told of its end.
func (s EmailSpent) replaced() []Email {
	if s.Replaced.Address == "" {
		return nil
	}
	return []Email{s.Replaced}
}

// newEmailCode draws six digits, evenly.
func newEmailCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	return fmt.Sprintf("%0*d", emailCodeDigits, n), err
}

// emailHash binds a code to its person and purpose.
func emailHash(person PersonID, purpose EmailPurpose, code string) Hash {
	return sha256.Sum256([]byte("countersign-email-code\x00" + string(person) + "\x00" + string(purpose) + "\x00" + code))
}

// parseEmailCode reads what a person typed; spaces and hyphens are passed over.
func parseEmailCode(typed string) (string, error) {
	if len(typed) > 64 {
		return "", ErrCodeWrong
	}
	code := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(typed)
	if len(code) != emailCodeDigits || strings.Trim(code, "0123456789") != "" {
		return "", ErrCodeWrong
	}
	return code, nil
}

// maxLanguage bounds a BCP 47 tag in characters (RFC 5646 section 4.4.1).
const maxLanguage = 35

var languageShape = regexp.MustCompile(`^[a-zA-Z]{2,8}(?:-[a-zA-Z0-9]{1,8})*$`)

// parseLanguage reads a language tag; empty is none.
func parseLanguage(text string) (string, error) {
	if text != "" && (len(text) > maxLanguage || !languageShape.MatchString(text)) {
		return "", invalid("language is %q; it takes a tag like en or de-CH", truncate(text))
	}
	return text, nil
}
