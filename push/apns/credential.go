package apns

import (
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sideshow/apns2/certificate"
	"github.com/sideshow/apns2/token"
)

// credential is one of the two.
type credential struct {
	token       *token.Token
	certificate *tls.Certificate
}

// idLength is that of Apple's key ids and team ids.
const idLength = 10

func (c Config) credential() (credential, error) {
	switch {
	case c.KeyFile != "" && c.CertificateFile != "":
		return credential{}, errors.New("both a key file and a certificate file named: give one")
	case c.KeyFile != "":
		return c.tokenCredential()
	case c.CertificateFile != "":
		return c.certificateCredential()
	}
	return credential{}, errors.New("no credential: give a key file (.p8) or a certificate file")
}

func (c Config) tokenCredential() (credential, error) {
	if len(c.KeyID) != idLength || len(c.TeamID) != idLength {
		return credential{}, fmt.Errorf("key id and team id must have %d characters each, have %d and %d",
			idLength, len(c.KeyID), len(c.TeamID))
	}
	key, err := token.AuthKeyFromFile(c.KeyFile)
	if err != nil {
		return credential{}, fmt.Errorf("key file %s: %w", c.KeyFile, err)
	}
	t := &token.Token{AuthKey: key, KeyID: c.KeyID, TeamID: c.TeamID}
	// apns2 would send an empty token rather than report this later.
	if _, err := t.Generate(); err != nil {
		return credential{}, fmt.Errorf("key file %s cannot sign ES256: %w", c.KeyFile, err)
	}
	return credential{token: t}, nil
}

func (c Config) certificateCredential() (credential, error) {
	read := certificate.FromPemFile
	if ext := strings.ToLower(filepath.Ext(c.CertificateFile)); ext == ".p12" || ext == ".pfx" {
		read = certificate.FromP12File
	}
	cert, err := read(c.CertificateFile, c.CertificatePassword)
	if err != nil {
		return credential{}, fmt.Errorf("certificate file %s: %w", c.CertificateFile, err)
	}
	return credential{certificate: &cert}, nil
}
