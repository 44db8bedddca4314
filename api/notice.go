package api

import (
	"context"
	"errors"
	"time"

	"countersign/enrolments"
)

var errNotice = errors.New("no such notice")

func (a *API) noticeRoutes() {
	g := a.phone(proof{})
	handle(a, operation{
		route: "GET /v1/phone/notices", id: "read-notices", tag: tagPhone,
		does: "Read what has changed in how the person signs in",
	}, g, a.readNotices)
	handle(a, operation{
		route: "POST /v1/phone/notices/{id}/stop", id: "stop-notice", tag: tagPhone,
		does:     "Say that it was somebody else: stop what is under way",
		problems: []string{"notice-not-found", "notice-over"},
	}, g, a.stopNotice)
}

type noticeList struct {
	Notices []notice `json:"notices" nullable:"false" doc:"newest first"`
}

// notice is something that has changed, as the person's phones see it.
type notice struct {
	ID          string     `json:"id"`
	Event       string     `json:"event" doc:"what happened; of one that is not known say that something has changed" example:"phone.paired"`
	At          time.Time  `json:"at"`
	Application string     `json:"application,omitempty" doc:"name of the one that it happened in"`
	Detail      string     `json:"detail,omitempty" doc:"to what: the name of a phone or browser, a masked address"`
	Because     string     `json:"because,omitempty" doc:"the help desk's reason, where it acted"`
	Browser     string     `json:"browser,omitempty"`
	Location    string     `json:"location,omitempty"`
	IP          string     `json:"ip,omitempty"`
	Stoppable   bool       `json:"stoppable"`
	StoppedAt   *time.Time `json:"stopped_at,omitempty"`
}

func (a *API) noticeOf(n enrolments.Notice) notice {
	v := notice{
		ID: string(n.ID), Event: string(n.Event), At: wireTime(n.At), Application: n.Application, Detail: n.Detail, Because: n.Because,
		Browser: n.Origin.Browser, Location: n.Origin.Location, IP: n.Origin.IP, Stoppable: n.Stoppable(a.config.Now()),
	}
	if !n.Stopped.At.IsZero() {
		at := wireTime(n.Stopped.At)
		v.StoppedAt = &at
	}
	return v
}

func (a *API) readNotices(ctx context.Context, by enrolments.KnownPhone, _ *struct{}) (noticeList, error) {
	all, err := a.config.Enrolments.Notices(ctx, by.Person)
	if err != nil {
		return noticeList{}, err
	}
	v := noticeList{Notices: []notice{}}
	for _, n := range all {
		v.Notices = append(v.Notices, a.noticeOf(n))
	}
	return v, nil
}

type stopNoticeInput struct {
	ID string `path:"id"`
}

func (a *API) stopNotice(ctx context.Context, by enrolments.KnownPhone, in *stopNoticeInput) (notice, error) {
	n, err := a.config.Enrolments.StopNotice(ctx, by.Phone, enrolments.NoticeID(in.ID))
	if errors.Is(err, enrolments.ErrNotFound) {
		err = errNotice // not the phone
	}
	if err != nil {
		return notice{}, err
	}
	return a.noticeOf(n), nil
}
