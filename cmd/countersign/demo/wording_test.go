package demo

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/mobile-stub/phone"
)

// holding starts a demonstration, and has ana hold her phone until the test ends.
func holding(t *testing.T) (*demo, *handset) {
	t.Helper()
	d, err := start(t.Context(), Options{Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	set, err := d.anasPhone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	d.work.Go(func() { set.run(ctx) })
	t.Cleanup(func() {
		stop()
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	return d, set
}

// shows waits until the phone shows a request, and returns it.
func (h *handset) shows(t *testing.T) requestView {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		v, err := h.view()
		if err != nil || ctx.Err() != nil {
			t.Fatalf("the phone shows no request: %v", err)
		}
		if len(v.Requests) > 0 {
			return v.Requests[0]
		}
		h.await(ctx, v.Version)
	}
}

// says has the person answer, and returns what the phone says to it.
func (h *handset) says(t *testing.T, id, decision, number string) string {
	t.Helper()
	note, _, err := h.tap(t.Context(), tap{ID: id, Decision: decision, Number: number})
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// renames begins another name for ana's phone on her security page.
func (d *demo) renames(t *testing.T, h *handset) {
	t.Helper()
	var page struct {
		ID    string `json:"id"`
		Token string `json:"security_token"`
	}
	if err := d.app.Call(t.Context(), http.MethodPost, "/v1/security-pages", map[string]string{"user": ana}, &page); err != nil {
		t.Fatal(err)
	}
	change := map[string]string{"kind": "rename_phone", "phone_id": h.account.ID, "name": "Ana's other phone"}
	if err := d.app.CallAs(t.Context(), page.Token, http.MethodPost, "/v1/security-pages/"+page.ID+"/changes", change, nil); err != nil {
		t.Fatal(err)
	}
}

func TestThePhoneAsksWhetherItsPersonIsSigningInOnlyWhereTheyAre(t *testing.T) {
	d, set := holding(t)
	if _, err := d.ask(t.Context(), ana, 60); err != nil {
		t.Fatal(err)
	}
	asked := set.shows(t)
	if asked.Question != "Are you signing in to Northwind Books?" || asked.Title != "Sign-in request" || asked.No != "No, don’t sign in" {
		t.Errorf("a sign-in is put as %+v", asked)
	}
	if note := set.says(t, asked.ID, "deny", ""); note != "Refused. Nobody was let in." {
		t.Errorf("to a refused sign-in it says %q", note)
	}
	set.change(func() { set.requests = nil })

	d.renames(t, set)
	asked = set.shows(t)
	if asked.Question != "Northwind Books asks: Rename the phone “Ana's iPhone” to “Ana's other phone”?" || strings.Contains(asked.Title+asked.No, "ign") {
		t.Errorf("a change is put as %+v", asked)
	}
	for _, l := range asked.Lines {
		if l.Label == "Action" || l.Label == "Application" {
			t.Errorf("%s is said twice", l.Label)
		}
	}
	if note := set.says(t, asked.ID, "deny", ""); note != "Refused. Nothing was done." {
		t.Errorf("to a refused change it says %q", note)
	}
}

func TestWhatCameOfAChangeIsNotToldAsASignIn(t *testing.T) {
	w, _ := put([]phone.Line{{Label: "Application", Value: "Shop"}, {Label: "Action", Value: "Remove the phone “Old”"}})
	wrong := &phone.Problem{Kind: "number-wrong", NumberAttemptsLeft: 1}
	over := &phone.Problem{Kind: "number-wrong"}
	for _, said := range []string{w.note("approve"), w.note("deny"), w.note("report"), w.refusal(wrong), w.refusal(over)} {
		if strings.Contains(said, "sign") || strings.Contains(said, "let in") {
			t.Errorf("it says %q", said)
		}
	}
	if got := w.refusal(&phone.Problem{Kind: "approval-settled", Detail: "It is over."}); got != "It is over." {
		t.Errorf("another refusal is told as %q", got)
	}
}
