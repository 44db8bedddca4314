package api

import (
	"errors"
	"net/http"

	"countersign/approvals"
	"countersign/enrolments"

	"github.com/danielgtaylor/huma/v2"
)

// A logo is somebody's file on our origin: whatever is in it, it is drawn as a
// picture or not at all. Its address changes with it, so it may be kept for good.
const (
	logoPolicy = "default-src 'none'; sandbox"
	logoCache  = "public, max-age=31536000, immutable"
)

var errLogo = errors.New("no such logo")

func (a *API) logoRoute() {
	g := a.anyone()
	g.absent = errLogo
	picture := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	plain(a, operation{
		route: "GET /v1/applications/{id}/logo/{digest}", id: "logo", tag: tagServer,
		does: "The picture of an application, at the address that a waiting screen names", problems: []string{"logo-not-found"},
	}, g, map[string]*huma.Schema{"image/png": picture, "image/jpeg": picture, "image/webp": picture},
		[]*huma.Param{pathParam("id"), pathParam("digest")}, a.logo)
}

func (a *API) logo(w http.ResponseWriter, r *http.Request, _ anyone) error {
	logo, err := a.config.Enrolments.Logo(r.Context(), enrolments.ApplicationID(r.PathValue("id")), r.PathValue("digest"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", logo.Type)
	h.Set("Content-Security-Policy", logoPolicy)
	h.Set("Cache-Control", logoCache)
	// The pages of applications may show it too.
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Write(logo.Image) // who has gone is no error of ours
	return nil
}

// logoPath is where the logo of an approval's application is, by the server's
// address; empty for none.
func logoPath(p approvals.Approval) string {
	if p.Logo == "" {
		return ""
	}
	return "/v1/applications/" + string(p.Application) + "/logo/" + p.Logo
}
