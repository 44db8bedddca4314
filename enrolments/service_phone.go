package enrolments

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"

	"countersign/internal/jws"
	"countersign/push"
	"countersign/totp"
)

// PhoneProof is the type of the proof that comes with a phone's request.
const PhoneProof = "countersign-phone+jwt"

var (
	// ErrPhoneUnknown is returned for an unknown phone, a removed phone and a
	// wrong key alike.
	ErrPhoneUnknown = errors.New("no such phone, or not its key")
	// ErrPhoneInactive is returned when a phone that is not confirmed yet asks
	// for more than its own state.
	ErrPhoneInactive = errors.New("the phone is not confirmed yet")
	// ErrRequestProof is returned for a proof that is malformed or was made
	// for another request.
	ErrRequestProof = errors.New("the proof does not fit the request")
	// ErrClock is returned when a phone's proof is good but its time is not.
	ErrClock = errors.New("the phone's clock is off")
)

// SignedRequest is a phone's request as it came.
type SignedRequest struct {
	Proof       string
	Method, URL string
	Body        []byte
}

// KnownPhone is a phone that proved itself, and the id of that proof, which is
// for one use.
type KnownPhone struct {
	Phone
	User    string
	ProofID string
}

type phoneClaims struct {
	Htm string `json:"htm"`
	Htu string `json:"htu"`
	Iat int64  `json:"iat"`
	Jti string `json:"jti"`
	Bod string `json:"bod"`
}

var jtiShape = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)

// KnowPhone verifies the proof of a phone's request. The caller spends
// ProofID. ErrPhoneUnknown, ErrRequestProof, ErrClock: a proof that is none at all
// is ErrRequestProof whichever phone it names, and a good one of another key is
// ErrPhoneUnknown as late as one of a phone that is not there.
func (s *Service) KnowPhone(ctx context.Context, r SignedRequest) (KnownPhone, error) {
	header, err := jws.Peek(r.Proof)
	if err != nil || header.Kid == "" {
		return KnownPhone{}, ErrRequestProof
	}
	phone, user, err := s.config.Store.Phone(ctx, PhoneID(header.Kid))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return KnownPhone{}, err
	}
	key, known := phone.Key, err == nil && phone.Key.Algorithm() == header.Alg
	if !known {
		key = jws.Decoy(header.Alg)
	}
	payload, err := signedBy(key, r.Proof)
	if err == nil && !known {
		err = ErrPhoneUnknown
	}
	if err != nil {
		return KnownPhone{}, err
	}
	claims, err := phoneClaimsOf(payload, r)
	if err != nil {
		return KnownPhone{}, err
	}
	if !Near(claims.Iat, s.now()) {
		return KnownPhone{}, ErrClock
	}
	return KnownPhone{phone, user, string(phone.ID) + "." + claims.Jti}, nil
}

func signedBy(key jws.Key, proof string) (payload []byte, err error) {
	_, payload, err = jws.Verify(proof, key, PhoneProof)
	switch {
	case errors.Is(err, jws.ErrSignature), errors.Is(err, jws.ErrAlgorithm):
		return nil, ErrPhoneUnknown
	case err != nil:
		return nil, ErrRequestProof
	}
	return payload, nil
}

func phoneClaimsOf(payload []byte, r SignedRequest) (claims phoneClaims, err error) {
	body := sha256.Sum256(r.Body)
	if jws.Claims(payload, &claims) != nil || claims.Htm != r.Method || claims.Htu != r.URL || !jtiShape.MatchString(claims.Jti) ||
		claims.Bod != base64.RawURLEncoding.EncodeToString(body[:]) {
		return claims, ErrRequestProof
	}
	return claims, nil
}

// PhoneSecret is a phone's own TOTP secret.
type PhoneSecret struct {
	Text          string // base32 without padding
	Issuer, Label string
}

// NewPhoneSecret makes a phone's TOTP secret, in place of the one it had.
func (s *Service) NewPhoneSecret(ctx context.Context, p KnownPhone) (PhoneSecret, error) {
	a := Authenticator{
		ID: NewID[AuthenticatorID](), Person: p.Person, Phone: p.ID,
		Secret: totp.NewSecret(), Confirmed: true, CreatedAt: s.now(),
	}
	if err := s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventSecretIssued, Person: p.Person, Phone: p.ID}}, store.PutPhoneSecret(ctx, a)
	}); err != nil {
		return PhoneSecret{}, err
	}
	return PhoneSecret{Text: totp.Text(a.Secret), Issuer: s.config.ServerName, Label: p.User}, nil
}

// RenamePhone sets a phone's name.
func (s *Service) RenamePhone(ctx context.Context, p KnownPhone, name string) error {
	name, err := ParseName("phone name", name, MaxPhoneName)
	if err != nil {
		return err
	}
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventPhoneRenamed, Person: p.Person, Phone: p.ID, Detail: name}}, store.RenamePhone(ctx, p.ID, name)
	})
}

// SetPush replaces where a phone is woken; nil for nowhere.
func (s *Service) SetPush(ctx context.Context, p KnownPhone, target *push.Target) error {
	if err := s.checkTarget(target); err != nil {
		return err
	}
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventTargetSet, Person: p.Person, Phone: p.ID}}, store.SetPushTarget(ctx, p.ID, target)
	})
}

// TargetGone forgets where a phone was woken, unless it has moved since.
func (s *Service) TargetGone(ctx context.Context, p Phone, target push.Target) error {
	return s.act(ctx, func(ctx context.Context, store Store) (events []Event, err error) {
		forgot, err := store.ForgetPushTarget(ctx, p.ID, target)
		if forgot {
			events = []Event{{Kind: EventTargetGone, Person: p.Person, Phone: p.ID, Detail: p.Name}}
		}
		return events, err
	})
}

// UsedPhone notes that a phone answered.
func (s *Service) UsedPhone(ctx context.Context, id PhoneID) error {
	return s.config.Store.UsedPhone(ctx, id, s.now())
}

// RemovePhone removes a phone for good, and its TOTP secret with it.
func (s *Service) RemovePhone(ctx context.Context, p Phone) error {
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventPhoneRemoved, Person: p.Person, Phone: p.ID, Detail: p.Name}}, store.RemovePhone(ctx, p.ID)
	})
}
