package sqlstore

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"countersign/enrolments"
	"countersign/push"
)

// micros is how a time is stored: microseconds since 1970, which both databases
// keep and order alike. What is finer is cut off.
func micros(t time.Time) int64 { return t.UnixMicro() }

func instant(us int64) time.Time { return time.UnixMicro(us).UTC() }

func hashOf(raw []byte) (h enrolments.Hash, err error) {
	if len(raw) != len(h) {
		return h, fmt.Errorf("stored hash has %d bytes, want %d", len(raw), len(h))
	}
	return enrolments.Hash(raw), nil
}

// policyRow is a policy as JSON. Names are stored: they never change, and one
// that is missing (the row is older than the name) takes its default.
type policyRow struct {
	TTLMicros        int64 `json:"ttl_us"`
	NumberDigits     int   `json:"number_digits"`
	NumberTries      int   `json:"number_tries"`
	CodeTries        int   `json:"code_tries"`
	Resends          int   `json:"resends"`
	PushLimit        int   `json:"push_limit"`
	PushWindowMicros int64 `json:"push_window_us"`
	FirstSignIn      bool  `json:"first_sign_in"`
	Verification     bool  `json:"require_verification"`

	Methods            []enrolments.Method `json:"methods"`
	OptionalRoles      []string            `json:"optional_roles"`
	RequiredFromMicros int64               `json:"required_from_us"` // 0 for always
	GraceDays          int                 `json:"grace_days"`
	RecoveryPaths      []enrolments.Method `json:"recovery_paths"`
	RecoveryWaitMicros int64               `json:"recovery_wait_us"`
	AdministratorRoles []string            `json:"administrator_roles"`
	TrustForMicros     int64               `json:"trust_for_us"`
	TrustIdleMicros    int64               `json:"trust_idle_us"`
}

func policyRowOf(p enrolments.Policy) policyRow {
	return policyRow{
		TTLMicros:        p.TTL.Microseconds(),
		NumberDigits:     p.NumberDigits,
		NumberTries:      p.NumberTries,
		CodeTries:        p.CodeTries,
		Resends:          p.Resends,
		PushLimit:        p.PushLimit,
		PushWindowMicros: p.PushWindow.Microseconds(),
		FirstSignIn:      p.FirstSignIn,
		Verification:     p.RequireVerification,

		Methods:            p.Methods,
		OptionalRoles:      p.OptionalRoles,
		RequiredFromMicros: dayMicros(p.RequiredFrom),
		GraceDays:          p.GraceDays,
		RecoveryPaths:      p.RecoveryPaths,
		RecoveryWaitMicros: p.RecoveryWait.Microseconds(),
		AdministratorRoles: p.AdministratorRoles,
		TrustForMicros:     p.TrustFor.Microseconds(),
		TrustIdleMicros:    p.TrustIdle.Microseconds(),
	}
}

func (r policyRow) policy() enrolments.Policy {
	return enrolments.Policy{
		TTL:                 time.Duration(r.TTLMicros) * time.Microsecond,
		NumberDigits:        r.NumberDigits,
		NumberTries:         r.NumberTries,
		CodeTries:           r.CodeTries,
		Resends:             r.Resends,
		PushLimit:           r.PushLimit,
		PushWindow:          time.Duration(r.PushWindowMicros) * time.Microsecond,
		FirstSignIn:         r.FirstSignIn,
		RequireVerification: r.Verification,

		Methods:            r.Methods,
		OptionalRoles:      r.OptionalRoles,
		RequiredFrom:       dayOf(r.RequiredFromMicros),
		GraceDays:          r.GraceDays,
		TrustFor:           time.Duration(r.TrustForMicros) * time.Microsecond,
		TrustIdle:          time.Duration(r.TrustIdleMicros) * time.Microsecond,
		RecoveryPaths:      r.RecoveryPaths,
		RecoveryWait:       time.Duration(r.RecoveryWaitMicros) * time.Microsecond,
		AdministratorRoles: r.AdministratorRoles,
	}
}

// dayMicros is a day as it is stored; none is 0.
func dayMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micros(t)
}

func dayOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return instant(us)
}

func parsePolicy(raw string) (enrolments.Policy, error) {
	row := policyRowOf(enrolments.DefaultPolicy())
	if err := json.Unmarshal([]byte(raw), &row); err != nil {
		return enrolments.Policy{}, fmt.Errorf("stored policy: %w", err)
	}
	return row.policy(), nil
}

// targetRow is a push target as JSON, before it is sealed.
type targetRow struct {
	Service  push.Service `json:"service"`
	Token    string       `json:"token,omitempty"`
	Sandbox  bool         `json:"sandbox,omitempty"`
	Endpoint string       `json:"endpoint,omitempty"`
	P256DH   string       `json:"p256dh,omitempty"`
	Auth     string       `json:"auth,omitempty"`
}

// sealTarget returns what is stored of a target: sealed, and a hash by which
// the same target is recognised. No target is two NULLs.
func (s *Store) sealTarget(id enrolments.PhoneID, target *push.Target) (sealed, hash []byte, err error) {
	if target == nil {
		return nil, nil, nil
	}
	raw, err := json.Marshal(targetRow(*target))
	if err != nil {
		return nil, nil, err
	}
	return s.keys.Seal(raw, placeOf("phones", "push", string(id))), targetHash(raw), nil
}

func targetHash(raw []byte) []byte {
	sum := sha256.Sum256(append([]byte("countersign-push-target\x00"), raw...))
	return sum[:]
}

func (s *Store) openTarget(id enrolments.PhoneID, sealed []byte) (*push.Target, error) {
	if sealed == nil {
		return nil, nil
	}
	raw, err := s.keys.Open(sealed, placeOf("phones", "push", string(id)))
	if err != nil {
		return nil, fmt.Errorf("push target of phone %s: %w", id, err)
	}
	var row targetRow
	if err := json.Unmarshal(raw, &row); err != nil {
		return nil, fmt.Errorf("push target of phone %s: not readable", id)
	}
	target := push.Target(row)
	return &target, nil
}
