package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// maxNotices bounds what one reply may list.
const maxNotices = 100

// ErrNoNotice: no such notice is there (any more).
var ErrNoNotice = errors.New("phone: no such notice")

// Notice is something that changed in how the person signs in.
type Notice struct {
	ID string `json:"id"`
	// Event is what happened, as the protocol names it; new ones come with time.
	Event       string    `json:"event"`
	At          time.Time `json:"at"`
	Application string    `json:"application"`
	// Detail is what it happened to, Because the help desk's reason, Where
	// whence it was done.
	Detail  string `json:"detail"`
	Because string `json:"because"`
	Where   string `json:"where"`
	// State is open while Stop ends something, then stopped or over.
	State string `json:"state"`
}

// Notices are those of an account's person, newest first.
func (p *Phone) Notices(ctx context.Context, accountID string) ([]Notice, error) {
	var reply struct {
		Notices []Notice `json:"notices"`
	}
	err := p.exchange(ctx, accountID, exchange{method: http.MethodGet, path: "/v1/phone/notices", out: &reply})
	if err != nil {
		return nil, err
	}
	if len(reply.Notices) > maxNotices {
		return nil, fmt.Errorf("%w: more than %d notices", ErrReply, maxNotices)
	}
	for _, n := range reply.Notices {
		if !validID(n.ID) {
			return nil, fmt.Errorf("%w: a notice without an id", ErrReply)
		}
	}
	return reply.Notices, nil
}

// Stop says that what a notice tells of was somebody else: it ends what can
// still be ended. Twice is as good as once.
func (p *Phone) Stop(ctx context.Context, accountID, noticeID string) (Notice, error) {
	var n Notice
	if !validID(noticeID) {
		return n, fmt.Errorf("%w: %s is no id of one", ErrNoNotice, Plain(noticeID))
	}
	return n, p.exchange(ctx, accountID, exchange{method: http.MethodPost, path: "/v1/phone/notices/" + noticeID + "/stop", out: &n})
}
