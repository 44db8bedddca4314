package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/enrolments"
)

// Notices is what people were told, as notices.Service has it.
type Notices interface {
	Read(ctx context.Context, id enrolments.NoticeID, token enrolments.Secret) (enrolments.Notice, error)
	Stop(ctx context.Context, n enrolments.Notice) (enrolments.Notice, error)
	Latest(ctx context.Context, phone enrolments.KnownPhone) ([]enrolments.Notice, error)
	StopByPhone(ctx context.Context, phone enrolments.KnownPhone, id enrolments.NoticeID) (enrolments.Notice, error)
}

var errNotice = errors.New("the notice is not there any more")

// notice lets in whoever presents the secret of a notice, from the server's own
// pages alone.
func (a *API) notice() guard[enrolments.Notice] {
	return guard[enrolments.Notice]{
		scheme: "noticeToken", problems: []string{"unauthorized", "origin-refused", "too-many-requests"},
		absent: errNotice, know: a.knowNotice,
	}
}

func (a *API) knowNotice(r *http.Request, _ []byte) (enrolments.Notice, error) {
	text, err := bearer(r.Header)
	if err != nil {
		return enrolments.Notice{}, err
	}
	id := r.PathValue("id")
	if len(id) != enrolments.IDSize {
		return enrolments.Notice{}, enrolments.ErrUnauthorized
	}
	n, err := a.config.Notices.Read(r.Context(), enrolments.NoticeID(id), enrolments.SecretOf(text))
	if err == nil && !a.isOwn(r) {
		err = errOrigin
	}
	return n, err
}

func (a *API) noticeRoutes() {
	if a.config.Notices == nil {
		return
	}
	g := a.notice()
	handle(a, operation{
		route: "GET /v1/notices/{id}", id: "read-notice", tag: tagNotice, does: "Read what a person was told",
	}, g, a.readNotice)
	handle(a, operation{
		route: "POST /v1/notices/{id}/stop", id: "stop-notice", tag: tagNotice,
		does: "Say that it was not the person: end what is under way and lock pushes", problems: []string{"notice-not-found", "notice-over"},
	}, g, a.stopNotice)
	handle(a, operation{
		route: "GET /v1/phone/notices", id: "read-notices", tag: tagPhone, does: "Read what the person was told of late",
	}, a.phone(proof{}), a.phoneNotices)
	byPhone := a.phone(proof{})
	byPhone.absent = errNotice
	handle(a, operation{
		route: "POST /v1/phone/notices/{id}/stop", id: "stop-notice-by-phone", tag: tagPhone,
		does: "Say that it was not the person: end what is under way and lock pushes", problems: []string{"notice-not-found", "notice-over"},
	}, byPhone, a.stopByPhone)
}

// noticeView is a notice as its person sees it.
type noticeView struct {
	ID          string    `json:"id"`
	Event       string    `json:"event" doc:"what happened, by its name in the audit trail" example:"phone.paired"`
	Detail      string    `json:"detail,omitempty" doc:"what it happened to: a phone, a browser, a masked address"`
	Because     string    `json:"because,omitempty" doc:"the help desk's reason, where it did it"`
	Where       string    `json:"where,omitempty" doc:"browser, place and address, as far as they are known"`
	Application string    `json:"application,omitempty" doc:"name of the application"`
	User        string    `json:"user"`
	At          time.Time `json:"at"`
	State       string    `json:"state" enum:"open,stopped,over" doc:"over: it can no longer be stopped, or there was nothing to stop"`
	Stopped     *stopped  `json:"stopped,omitempty" doc:"once somebody said that it was not them"`
}

// stopped is what was ended. Pushes are locked until an administrator has looked.
type stopped struct {
	At         time.Time `json:"at"`
	Recoveries int       `json:"recoveries" doc:"new phones that were under way"`
	SetUps     int       `json:"set_ups" doc:"set-ups and security pages that were open"`
	Browsers   int       `json:"trusted_browsers"`
}

func (a *API) noticeViewOf(n enrolments.Notice) noticeView {
	v := noticeView{
		ID: string(n.ID), Event: string(n.Event), Detail: n.Detail, Because: n.Because, Where: n.Origin.String(),
		Application: n.Application, User: n.User, At: wireTime(n.At), State: "over",
	}
	switch {
	case !n.Stopped.At.IsZero():
		v.State = "stopped"
		v.Stopped = &stopped{wireTime(n.Stopped.At), n.Stopped.Recoveries, n.Stopped.SetUps, n.Stopped.Browsers}
	case n.Stoppable(a.config.Now()):
		v.State = "open"
	}
	return v
}

type noticeInput struct {
	ID string `path:"id"`
}

func (a *API) readNotice(_ context.Context, by enrolments.Notice, _ *noticeInput) (noticeView, error) {
	return a.noticeViewOf(by), nil
}

func (a *API) stopNotice(ctx context.Context, by enrolments.Notice, _ *noticeInput) (noticeView, error) {
	n, err := a.config.Notices.Stop(ctx, by)
	if err != nil {
		return noticeView{}, err
	}
	return a.noticeViewOf(n), nil
}

type noticeList struct {
	Notices []noticeView `json:"notices" nullable:"false" doc:"newest first"`
}

func (a *API) phoneNotices(ctx context.Context, by enrolments.KnownPhone, _ *struct{}) (noticeList, error) {
	all, err := a.config.Notices.Latest(ctx, by)
	if err != nil {
		return noticeList{}, err
	}
	v := noticeList{Notices: []noticeView{}}
	for _, n := range all {
		v.Notices = append(v.Notices, a.noticeViewOf(n))
	}
	return v, nil
}

func (a *API) stopByPhone(ctx context.Context, by enrolments.KnownPhone, in *noticeInput) (noticeView, error) {
	n, err := a.config.Notices.StopByPhone(ctx, by, enrolments.NoticeID(in.ID))
	if err != nil {
		return noticeView{}, err
	}
	return a.noticeViewOf(n), nil
}
