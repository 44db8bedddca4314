package phone

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Wakeup is what a phone is woken for, a request or a notice, by the id of the
// one.
type Wakeup struct {
	ApprovalID string `json:"approval_id"`
	NoticeID   string `json:"notice_id"`
}

// readWakeup reads the content of a wake-up.
func readWakeup(text []byte) (Wakeup, error) {
	var w Wakeup
	if err := json.Unmarshal(text, &w); err != nil || (w.ApprovalID == "") == (w.NoticeID == "") || !validID(w.ApprovalID+w.NoticeID) {
		return Wakeup{}, fmt.Errorf("%w: it names no request and no notice", ErrWakeup)
	}
	return w, nil
}

// Wakeup reads the body of a wake-up as its service hands it to a phone: FCM's
// message, APNs' payload, or an encrypted Web Push body. The error is ErrWakeup.
func (p *Push) Wakeup(body []byte) (Wakeup, error) {
	if len(body) > maxWakeup {
		return Wakeup{}, fmt.Errorf("%w: more than %d bytes", ErrWakeup, maxWakeup)
	}
	switch p.Service {
	case WebPush:
		return p.Keys.Wakeup(body)
	case APNs:
		return readWakeup(body)
	case FCM:
		var message struct {
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(body, &message); err != nil {
			return Wakeup{}, fmt.Errorf("%w: not a message of FCM's", ErrWakeup)
		}
		return readWakeup(message.Data)
	}
	return Wakeup{}, fmt.Errorf("%w: this phone is not woken", ErrWakeup)
}

// delivery is a line of a gateway's stream; the rest of it does not matter to a
// phone.
type delivery struct {
	Body []byte `json:"body"`
}

// maxDelivery bounds a line: the body in base64 and what stands around it.
const maxDelivery = 4 * maxWakeup

// Wakeups calls woken with each wake-up that the account's gateway delivers, after
// calling it once with the zero Wakeup when the gateway listens: what came before
// that must be asked for. It returns when the stream breaks or ctx
// ends; a wake-up that cannot be read is passed over, as a phone does. Errors:
// ErrPush if the account has no gateway, ErrNetwork.
func (p *Phone) Wakeups(ctx context.Context, accountID string, woken func(Wakeup)) error {
	a, err := p.account(accountID)
	if err != nil {
		return err
	}
	if a.Push == nil || a.Push.Gateway == "" {
		return fmt.Errorf("%w: no gateway delivers to this account", ErrPush)
	}
	r, err := newRequest(ctx, http.MethodGet, a.Push.Gateway+"/deliveries/"+url.PathEscape(a.Push.Token), nil)
	if err != nil {
		return err
	}
	if err := checkTransport(r.URL); err != nil {
		return err
	}
	reply, err := p.streaming().Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return readProblem(reply.StatusCode, reply.Header, nil)
	}
	woken(Wakeup{})
	lines := bufio.NewScanner(reply.Body)
	lines.Buffer(nil, maxDelivery)
	for lines.Scan() {
		var d delivery
		if json.Unmarshal(lines.Bytes(), &d) != nil {
			continue
		}
		if w, err := a.Push.Wakeup(d.Body); err == nil {
			woken(w)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	return nil
}

// streaming is the phone's client without its time limit: a stream ends by its
// context alone.
func (p *Phone) streaming() *http.Client {
	c := *p.http
	c.Timeout = 0
	return &c
}

// Watch calls show once for every request of an account, newest first, until
// ctx ends. It is woken by the account's gateway if there is one, and asks the
// server again and again otherwise. It rides over failures of the network; any
// other refusal ends it.
func (p *Phone) Watch(ctx context.Context, accountID string, show func(Request)) error {
	a, err := p.account(accountID)
	if err != nil {
		return err
	}
	w := watcher{phone: p, account: accountID, show: show}
	step := w.poll
	if a.Push != nil && a.Push.Gateway != "" {
		step = w.listen
	}
	for delay := firstDelay; ; delay = min(2*delay, lastDelay) {
		news, err := step(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !temporary(err):
			return err
		case err == nil && news:
			delay = firstDelay
		case err == nil:
			delay = min(delay, unansweredDelay)
		}
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

// unansweredDelay is the longest between two questions while a request is
// pending: the server answers those at once.
const unansweredDelay = 2 * time.Second

// watcher remembers what it has shown.
type watcher struct {
	phone   *Phone
	account string
	show    func(Request)
	shown   map[string]bool
}

// poll asks once. There is no news if all that is pending was shown before.
func (w *watcher) poll(ctx context.Context) (news bool, err error) {
	requests, err := w.phone.Pending(ctx, w.account, MaxWait)
	if err != nil {
		return false, err
	}
	return w.note(requests) || len(requests) == 0, nil
}

// listen asks whenever a wake-up comes, until the stream breaks.
func (w *watcher) listen(ctx context.Context) (news bool, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err = w.phone.Wakeups(ctx, w.account, func(Wakeup) {
		requests, err := w.phone.Pending(ctx, w.account, 0)
		if err != nil {
			stop(err)
			return
		}
		news = w.note(requests) || news
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return news, err
}

// note shows what was not in the list before. Only the list is remembered: what
// has left it is settled and never returns.
func (w *watcher) note(requests []Request) (news bool) {
	listed := make(map[string]bool, len(requests))
	for _, r := range requests {
		listed[r.ID] = true
		if !w.shown[r.ID] {
			news = true
			w.show(r)
		}
	}
	w.shown = listed
	return news
}
