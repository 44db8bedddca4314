package approvals

import (
	"context"
	"errors"
	"net/url"
	"time"

	"countersign/enrolments"
)

// ResultType is the type of a result token (explicit, RFC 8725 section 3.11).
const ResultType = "countersign-result+jwt"

// resultTTL is the life of a result token.
const resultTTL = 2 * time.Minute

// freshFor is how long an approval stands for opening a pairing.
const freshFor = 5 * time.Minute

// resultClaims are the claims of a result token.
type resultClaims struct {
	Iss      string   `json:"iss"`
	Aud      string   `json:"aud"`
	Sub      string   `json:"sub"`
	Txn      string   `json:"txn"`
	Amr      []string `json:"amr"`
	Method   Method   `json:"method"`
	AuthTime int64    `json:"auth_time"`
	Iat      int64    `json:"iat"`
	Exp      int64    `json:"exp"`
	Jti      string   `json:"jti"`
}

// amr names a method with the values of RFC 8176; a recovery code has none of
// its own and is an otp there: a one-time password from a list. What proves
// nothing has none.
func amr(m Method) []string {
	switch {
	case m == ByPush:
		return []string{"mfa", "pop"}
	case !proves(m):
		return []string{}
	}
	return []string{"mfa", "otp"}
}

// mayReturn refuses to lead a browser anywhere but to a registered URL of the
// application, or nowhere: ErrReturnURL.
func mayReturn(app enrolments.Application, to string) error {
	if to != "" && !app.Allows(to) {
		return ErrReturnURL
	}
	return nil
}

// ReturnTo is where the browser goes once the approval is settled: the return
// URL with the approval's id added, and, after an approval, the code that the
// application redeems. Empty when there is nowhere to go.
func ReturnTo(a Approval, token enrolments.Secret) string {
	if !a.Final() || a.ReturnURL == "" {
		return ""
	}
	u, err := url.Parse(a.ReturnURL)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("approval_id", string(a.ID))
	q.Del("result_code")
	if a.State == Approved {
		q.Set("result_code", resultCode(token, a.ID).Reveal())
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Redeem trades the code that the browser brought back for a signed result,
// once. ErrResult for a code that is wrong, spent or late, and for an approval
// that is not approved.
func (s *Service) Redeem(ctx context.Context, app enrolments.ApplicationID, id ID, code enrolments.Secret) (Approval, string, error) {
	if _, err := s.Read(ctx, app, id); err != nil {
		return Approval{}, "", err
	}
	a, err := s.config.Store.Redeem(ctx, id, code.Hash())
	if err != nil {
		return Approval{}, "", err
	}
	now := s.now()
	token, err := s.config.Signer.Sign(ResultType, resultClaims{
		Iss: s.config.PublicURL, Aud: string(a.Application), Sub: a.User, Txn: string(a.ID),
		Amr: amr(a.Method), Method: a.Method, AuthTime: a.Settled.Unix(),
		Iat: now.Unix(), Exp: now.Add(resultTTL).Unix(), Jti: newNonce(),
	})
	if err != nil {
		return Approval{}, "", err
	}
	s.audit(ctx, a, enrolments.EventApprovalRedeemed, "", "")
	return a, token, nil
}

// OpenPairing opens a set-up for a person on an application's behalf. A person
// who has something set up needs fresh: an approval of theirs for this
// application, approved by a proof within five minutes and not used for this before;
// else enrolments.ErrFreshApproval. A code that by the policy does not let a new
// phone in at once does not do so by this way either: ErrCodeWaits. returnURL is
// where the set-up leads back to, empty for nowhere; ErrReturnURL, which spends
// nothing; ErrLocked.
func (s *Service) OpenPairing(ctx context.Context, app enrolments.Application, user, returnURL string, fresh ID) (enrolments.Pairing, enrolments.Secret, error) {
	return s.openPairing(ctx, app, user, returnURL, fresh, s.config.People.OpenPairing)
}

// OpenPairingToEnter is OpenPairing for a browser without script: it returns an
// entry in place of the token.
func (s *Service) OpenPairingToEnter(ctx context.Context, app enrolments.Application, user, returnURL string, fresh ID) (enrolments.Pairing, enrolments.Secret, error) {
	return s.openPairing(ctx, app, user, returnURL, fresh, s.config.People.OpenPairingToEnter)
}

type opening func(context.Context, enrolments.Opening) (enrolments.Pairing, enrolments.Secret, error)

func (s *Service) openPairing(ctx context.Context, app enrolments.Application, user, returnURL string, fresh ID, open opening) (enrolments.Pairing, enrolments.Secret, error) {
	if err := mayReturn(app, returnURL); err != nil {
		return enrolments.Pairing{}, enrolments.Secret{}, err
	}
	if fresh != "" {
		if err := s.spendFresh(ctx, app, user, fresh); err != nil {
			return enrolments.Pairing{}, enrolments.Secret{}, err
		}
	}
	return open(ctx, enrolments.Opening{User: user, Application: app.ID, Allowed: fresh != "", Held: true, ReturnURL: returnURL})
}

func (s *Service) spendFresh(ctx context.Context, app enrolments.Application, user string, id ID) error {
	user, err := enrolments.ParseName("user", user, enrolments.MaxUser)
	if err != nil {
		return err
	}
	a, err := s.Read(ctx, app.ID, id)
	if errors.Is(err, ErrNotFound) {
		return enrolments.ErrFreshApproval
	}
	if err != nil {
		return err
	}
	if a.State != Approved || !proves(a.Method) || a.User != user || a.AsOf.Sub(a.Settled) >= freshFor {
		return enrolments.ErrFreshApproval
	}
	if wait, ok := app.Policy.RecoveryAfter(a.Method, a.Role); a.Method != ByPush && (!ok || wait > 0) {
		return ErrCodeWaits
	}
	if _, err := s.unlocked(ctx, a.Person); err != nil {
		return err
	}
	return s.spendOnce(ctx, id)
}

// spendOnce notes that an approval has served for a set-up or a recovery;
// enrolments.ErrFreshApproval the second time.
func (s *Service) spendOnce(ctx context.Context, id ID) error {
	err := s.config.Record.SpendApproval(ctx, string(id), s.now())
	if errors.Is(err, enrolments.ErrExists) {
		return enrolments.ErrFreshApproval
	}
	return err
}
