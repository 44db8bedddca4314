package duo

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"countersign/enrolments"
	"countersign/internal/qr"
)

// enrolledV2 is a new person's way to set-up.
type enrolledV2 struct {
	Barcode    string `json:"activation_barcode"`
	Code       string `json:"activation_code"`
	URL        string `json:"activation_url"`
	Expiration int64  `json:"expiration"`
	UserID     string `json:"user_id"`
	Username   string `json:"username"`
}

// enroll adds a person. The picture of the link comes as a data: URL, so that no
// secret is in an address that somebody fetches. Without a name one is made of
// the request, so that the same request adds one person.
func (s *Server) enroll(ctx context.Context, c *call) (any, error) {
	name := c.value("username")
	if name == "" {
		name = "user-" + strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(c.name))[:12]
	}
	user, err := s.config.Enrolments.UserOf(ctx, c.integration, name)
	if err != nil {
		return nil, detail(err, "username")
	}
	if _, err := s.config.Enrolments.Person(ctx, user); !errors.Is(err, enrolments.ErrNotFound) {
		if err == nil {
			err = detail(errParameter, "username already exists")
		}
		return nil, err
	}
	pairing, token, err := s.config.Approvals.OpenPairing(ctx, c.app, user, "", "")
	if err != nil {
		return nil, err
	}
	link := s.setUpURL(pairing, token)
	picture, err := qr.SVG(link)
	if err != nil {
		return nil, err
	}
	return enrolledV2{
		Barcode: "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(picture)),
		Code:    string(pairing.ID) + "." + token.Reveal(), URL: link,
		Expiration: pairing.ExpiresAt.Unix(), UserID: string(pairing.Person), Username: user,
	}, nil
}

// enrollStatus says how far a set-up is.
func (s *Server) enrollStatus(ctx context.Context, c *call) (any, error) {
	person, err := c.need("user_id")
	if err != nil {
		return nil, err
	}
	code, err := c.need("activation_code")
	if err != nil {
		return nil, err
	}
	id, token, _ := strings.Cut(code, ".")
	p, err := s.config.Enrolments.SetUp(ctx, enrolments.PairingID(id), enrolments.SecretOf(token))
	switch {
	case errors.Is(err, enrolments.ErrUnauthorized):
		return "invalid", nil
	case err != nil:
		return nil, err
	case string(p.Person) != person:
		return "invalid", nil
	case p.State == enrolments.PairingActive:
		return "success", nil
	case p.State == enrolments.PairingOpen, p.State == enrolments.PairingClaimed:
		return "waiting", nil
	}
	return "invalid", nil
}
