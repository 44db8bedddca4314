package enrolments

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// TokenOf derives the token of a page from its entry: the secret of a link for a
// browser without script, which stands in the path of one request and is good
// once. The way back is barred, so whoever finds the link afterwards finds
// nothing. page keeps the entry of one kind of page from opening another.
func TokenOf(page string, entry Secret) Secret {
	sum := sha256.Sum256([]byte("countersign-entry-" + page + "\x00" + entry.Reveal()))
	return SecretOf(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// Pages with an entry whose tokens are made here.
const setUpPage, securityPage = "set-up", "security"

// OpenPairingToEnter is OpenPairing for a browser without script: it returns the
// entry from which EnterSetUp makes the token.
func (s *Service) OpenPairingToEnter(ctx context.Context, o Opening) (Pairing, Secret, error) {
	entry := NewSecret()
	p, err := s.openFor(ctx, o, TokenOf(setUpPage, entry))
	if err != nil {
		return Pairing{}, Secret{}, err
	}
	return p, entry, nil
}

// EnterSetUp spends an entry and returns the set-up with its token. It is good
// until something happens in the set-up: of two browsers at once one enters.
// ErrUnauthorized for every other, whatever the cause.
func (s *Service) EnterSetUp(ctx context.Context, id PairingID, entry Secret) (Pairing, Secret, error) {
	token := TokenOf(setUpPage, entry)
	if _, err := s.SetUp(ctx, id, token); err != nil {
		return Pairing{}, Secret{}, err
	}
	p, err := s.config.Store.EnterPairing(ctx, id, s.now())
	if errors.Is(err, ErrPairingSettled) {
		return Pairing{}, Secret{}, ErrUnauthorized
	}
	if err != nil {
		return Pairing{}, Secret{}, err
	}
	return p, token, nil
}

// OpenSecurityPageToEnter is OpenSecurityPage for a browser without script: it
// returns the entry from which SecurityTokenOf makes the token.
func (s *Service) OpenSecurityPageToEnter(ctx context.Context, app ApplicationID, user, returnURL string) (SecurityPage, Secret, error) {
	entry := NewSecret()
	p, _, err := s.openSecurityPage(ctx, app, user, returnURL, SecurityTokenOf(entry))
	if err != nil {
		return SecurityPage{}, Secret{}, err
	}
	return p, entry, nil
}

// SecurityTokenOf is the token of a security page that an entry leads to. Who
// hands it out has to see to it that the entry is spent once.
func SecurityTokenOf(entry Secret) Secret { return TokenOf(securityPage, entry) }
