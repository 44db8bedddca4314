package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"countersign/mobile-stub/phone"
)

// handset is the simulated phone as it lies beside the browser: what its
// screen shows, and what is tapped. Its keys and its signatures are those of
// mobile-stub.
type handset struct {
	*phone.Phone
	account phone.Account

	mu       sync.Mutex
	version  int
	changed  chan struct{} // closed and replaced at every change
	requests []phone.Request
	note     string
}

func newHandset(p *phone.Phone, a phone.Account) *handset {
	return &handset{Phone: p, account: a, changed: make(chan struct{})}
}

// change edits the screen and lets whoever watches it know.
func (h *handset) change(edit func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	edit()
	h.version++
	close(h.changed)
	h.changed = make(chan struct{})
}

// run lights the phone up with every wake-up, and takes down what is over.
func (h *handset) run(ctx context.Context) {
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() {
		// It ends with ctx; a phone that was removed stays dark.
		_ = h.Watch(ctx, h.account.ID, func(r phone.Request) {
			h.change(func() { h.requests, h.note = append([]phone.Request{r}, h.requests...), "" })
		})
	})
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.takeDown(ctx)
		}
	}
}

// takeDown removes requests that the server does not ask any more.
func (h *handset) takeDown(ctx context.Context) {
	h.mu.Lock()
	shown := len(h.requests)
	h.mu.Unlock()
	if shown == 0 {
		return
	}
	pending, err := h.Pending(ctx, h.account.ID, 0)
	if err != nil {
		return
	}
	over := func(r phone.Request) bool {
		return !slices.ContainsFunc(pending, func(p phone.Request) bool { return p.ID == r.ID })
	}
	h.mu.Lock()
	any := slices.ContainsFunc(h.requests, over)
	h.mu.Unlock()
	if any {
		h.change(func() {
			h.requests = slices.DeleteFunc(h.requests, over)
			h.note = "That request is over: answered elsewhere, replaced or out of time. Nothing is asked of you."
		})
	}
}

// view is what the phone's page is told.
type view struct {
	Version  int           `json:"version"`
	User     string        `json:"user"`
	Code     string        `json:"code"`
	CodeLeft int           `json:"code_left"`
	Note     string        `json:"note"`
	Requests []requestView `json:"requests"`
}

type requestView struct {
	ID string `json:"id"`
	wording
	Lines   []phone.Line `json:"lines"`
	Digits  int          `json:"digits"`
	Expires time.Time    `json:"expires_at"`
}

// serveState answers with the screen, at once or when it differs from version.
func (h *handset) serveState(w http.ResponseWriter, r *http.Request) {
	known, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("version"), "-1"))
	if err != nil {
		http.Error(w, "version takes a number", http.StatusBadRequest)
		return
	}
	h.await(r.Context(), known)
	v, err := h.view()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, http.StatusOK, v)
}

// await returns once the screen is not at version, or a code is about to
// change.
func (h *handset) await(ctx context.Context, version int) {
	h.mu.Lock()
	changed, current := h.changed, h.version
	h.mu.Unlock()
	if current != version {
		return
	}
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (h *handset) view() (view, error) {
	code, err := h.Code(h.account.ID, time.Now())
	if err != nil {
		return view{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	v := view{
		Version: h.version, User: h.account.User, Code: code.Digits, CodeLeft: int(code.Left / time.Second),
		Note: h.note, Requests: []requestView{},
	}
	for _, r := range h.requests {
		lines, err := r.Show()
		if err != nil {
			return view{}, err
		}
		w, rest := put(lines)
		v.Requests = append(v.Requests, requestView{r.ID, w, rest, r.NumberDigits, r.ExpiresAt})
	}
	return v, nil
}

// tap is what the person does on the phone's page.
type tap struct {
	ID       string `json:"id"`
	Decision string `json:"decision"` // seen, approve, deny or report
	Number   string `json:"number"`
}

// serveTap does what was tapped, and shows what came of it.
func (h *handset) serveTap(w http.ResponseWriter, r *http.Request) {
	var t tap
	if err := json.NewDecoder(io.LimitReader(r.Body, 4<<10)).Decode(&t); err != nil {
		http.Error(w, "a tap is {id, decision, number}", http.StatusBadRequest)
		return
	}
	note, done, err := h.tap(r.Context(), t)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if t.Decision != "seen" {
		h.change(func() {
			h.note = note
			if done {
				h.requests = slices.DeleteFunc(h.requests, func(q phone.Request) bool { return q.ID == t.ID })
			}
		})
	}
	w.WriteHeader(http.StatusNoContent)
}

// tap answers for the person; done says that the request is over.
func (h *handset) tap(ctx context.Context, t tap) (note string, done bool, err error) {
	h.mu.Lock()
	i := slices.IndexFunc(h.requests, func(r phone.Request) bool { return r.ID == t.ID })
	var request phone.Request
	if i >= 0 {
		request = h.requests[i]
	}
	h.mu.Unlock()
	if i < 0 {
		return "That request is over.", true, nil
	}
	lines, err := request.Show()
	if err != nil {
		return "", false, err
	}
	w, _ := put(lines)
	err = h.send(ctx, request, t)
	var refused *phone.Problem
	if errors.As(err, &refused) {
		return w.refusal(refused), refused.Kind != "number-wrong" || refused.NumberAttemptsLeft == 0, nil
	}
	return w.note(t.Decision), t.Decision != "seen", err
}

// send signs and sends what was tapped on a request.
func (h *handset) send(ctx context.Context, r phone.Request, t tap) (err error) {
	switch t.Decision {
	case "seen":
		err = h.Seen(ctx, h.account.ID, r.ID)
	case "approve":
		_, err = h.Approve(ctx, h.account.ID, r, t.Number)
	case "deny":
		_, err = h.Deny(ctx, h.account.ID, r)
	case "report":
		_, err = h.Report(ctx, h.account.ID, r)
	default:
		err = errors.New("decision takes seen, approve, deny or report")
	}
	return err
}

func reply(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(raw)
}
