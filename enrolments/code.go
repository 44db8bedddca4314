package enrolments

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	"countersign/totp"
)

// Authenticator is a TOTP secret: a phone's own, or that of an authenticator
// app.
type Authenticator struct {
	ID     AuthenticatorID
	Person PersonID
	// Phone is the phone that holds the secret and takes it along when it is
	// removed; empty for an authenticator app.
	Phone PhoneID
	// Secret is the shared key in clear; stores seal it.
	Secret []byte
	// Confirmed is false until a first code has proved that it arrived.
	Confirmed bool
	// LastStep is the newest time step that was spent.
	LastStep  int64
	CreatedAt time.Time
}

// added is the day by which people know an authenticator app.
func (a Authenticator) added() string { return a.CreatedAt.UTC().Format(time.DateOnly) }

// addedOn is what the trail says of a removed authenticator app.
func addedOn(day string) string { return "added on " + day }

// LastUsed is when the newest code that was spent was shown, to the half minute;
// zero before the first.
func (a Authenticator) LastUsed() time.Time {
	if a.LastStep == 0 {
		return time.Time{}
	}
	return time.Unix(a.LastStep*int64(totp.Period/time.Second), 0).UTC()
}

// MaxAuthenticators bounds the confirmed TOTP secrets of one person.
const MaxAuthenticators = 16

// RecoveryCodes is how many recovery codes a set has.
const RecoveryCodes = 10

// Guess is a kind of thing that can be guessed at. Each has a count of its own:
// whoever has one right must not be forgiven wrong guesses at another.
type Guess string

const (
	GuessCode    Guess = "code" // of an authenticator, or a recovery code
	GuessEmail   Guess = "email"
	GuessAnswers Guess = "answers"
)

// Guesses are all of them.
func Guesses() []Guess { return []Guess{GuessCode, GuessEmail, GuessAnswers} }

// Limits of wrong codes in a row, counted per person and kind across
// approvals and nodes (NIST SP 800-63B: no more than 100 before the authenticator is
// disabled).
type CodeLimits struct {
	// InARow wrong codes begin a back-off. 10.
	InARow int
	// BackOff is the first wait; it doubles with each further InARow. 15 min.
	BackOff time.Duration
	// LockAt wrong codes in a row end in a lock that an administrator
	// lifts. At most 100.
	LockAt int
}

// DefaultCodeLimits are the limits of a deployment that names none.
func DefaultCodeLimits() CodeLimits {
	return CodeLimits{InARow: 10, BackOff: 15 * time.Minute, LockAt: 100}
}

// Wait is the back-off that the failures-th failure in a row begins; zero for
// none.
func (l CodeLimits) Wait(failures int) time.Duration {
	if failures == 0 || failures%l.InARow != 0 {
		return 0
	}
	return l.BackOff << min(failures/l.InARow-1, 10)
}

// newRecoveryCodes makes a set: 80 random bits each, in four groups.
func newRecoveryCodes() []string {
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		raw := make([]byte, 10)
		rand.Read(raw)
		text := base32.StdEncoding.EncodeToString(raw)
		codes[i] = text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
	}
	return codes
}

// newCodesOf makes a set for a person, and what is stored of it.
func newCodesOf(person PersonID) (codes []string, hashes []Hash, err error) {
	codes = newRecoveryCodes()
	for _, text := range codes {
		c, err := parseCode(text)
		if err != nil {
			return nil, nil, err
		}
		hashes = append(hashes, recoveryHash(person, c.text))
	}
	return codes, hashes, nil
}

// recoveryHash is what is stored of a recovery code: bound to its person, so
// that one table of hashes serves no second one.
func recoveryHash(person PersonID, canonical string) Hash {
	return sha256.Sum256([]byte("countersign-recovery\x00" + string(person) + "\x00" + canonical))
}

// code is what a person typed, without spaces and hyphens.
type code struct {
	text     string
	recovery bool
}

// IsRecoveryCode reports whether what a person typed has the form of a recovery
// code, right or wrong.
func IsRecoveryCode(typed string) bool {
	c, err := parseCode(typed)
	return err == nil && c.recovery
}

// parseCode reads what a person typed: 6 to 8 digits, or a recovery code.
// Letters are read without case; 0, 1 and 8 as the letters they are mistaken
// for, since base32 has none of them.
func parseCode(typed string) (code, error) {
	if len(typed) > 64 {
		return code{}, ErrCodeWrong
	}
	text := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(typed))
	if len(text) >= 6 && len(text) <= 8 && strings.Trim(text, "0123456789") == "" {
		return code{text: text}, nil
	}
	text = strings.NewReplacer("0", "O", "1", "I", "8", "B").Replace(text)
	raw, err := base32.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != 10 {
		return code{}, ErrCodeWrong
	}
	// Written anew: the decoder passes over line breaks, a hash does not.
	return code{text: base32.StdEncoding.EncodeToString(raw), recovery: true}, nil
}
