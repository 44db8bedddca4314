package parties

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"countersign/mobile-stub/phone"
)

func TestAPhoneThatShowsOtherDigitsIsNotConfirmed(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	answers := func(route, body string) {
		mux.HandleFunc(route, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	answers("POST /v1/pairings", `{"id":"a-set-up","set_up_token":"secret"}`)
	answers("GET /v1/pairings/a-set-up", `{"pair_url":"`+server.URL+`/pair#`+strings.Repeat("t", 43)+`","digits":"none"}`)
	answers("POST /v1/pair", `{"device_id":"a-phone","state":"claimed","user":"ana@example.com","server":"Countersign"}`)
	mux.HandleFunc("POST /v1/pairings/a-set-up/confirm", func(http.ResponseWriter, *http.Request) {
		t.Error("the digits were not compared")
	})
	app := Application{server.URL, "key", server.Client()}
	s, err := app.Open(t.Context(), "ana@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Pair(t.Context(), phone.New(phone.Options{HTTP: server.Client()}), phone.Pairing{Name: "Ana's iPhone", Platform: "ios"})
	if err == nil || !strings.Contains(err.Error(), "the screens differ") {
		t.Errorf("got %v", err)
	}
}

func TestARefusalIsToldByItsKindAndEverythingElseByItsStatus(t *testing.T) {
	body := `{"type":"urn:countersign:problem:code-used","detail":"Wait for the next code."}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer token" {
			t.Errorf("got %q", got)
		}
		w.WriteHeader(422)
		fmt.Fprint(w, body)
	}))
	defer server.Close()
	app := Application{server.URL, "key", server.Client()}
	var refused *Problem
	if err := app.CallAs(t.Context(), "token", "POST", "/x", nil, nil); !errors.As(err, &refused) || refused.Kind() != "code-used" {
		t.Errorf("got %v", err)
	}
	body = "<html>"
	if err := app.CallAs(t.Context(), "token", "POST", "/x", nil, nil); err == nil || err.Error() != "POST /x: 422 Unprocessable Entity" {
		t.Errorf("got %v", err)
	}
}
