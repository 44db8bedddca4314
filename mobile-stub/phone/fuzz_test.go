package phone

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzParsePairURL(f *testing.F) {
	for _, link := range []string{
		"https://countersign.example.com/pair#" + testTicket, "http://127.0.0.1:8080/pair#" + testTicket, "http://example.com/pair#" + testTicket,
		"https://u:p@example.com/pair#" + testTicket, "https://[::1%25eth0]/pair#" + testTicket, "//x/pair#", "",
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		server, ticket, err := ParsePairURL(link)
		if err != nil {
			if server != "" || ticket != "" {
				t.Errorf("%q and %q came with %v", server, ticket, err)
			}
			return
		}
		if server+"/pair#"+ticket != strings.TrimSpace(link) {
			t.Errorf("%q does not come back from %q and %q", link, server, ticket)
		}
		if !strings.HasPrefix(strings.ToLower(server), "https://") && !strings.HasPrefix(strings.ToLower(server), "http://") {
			t.Errorf("%q is taken without a scheme", server)
		}
		if strings.ContainsAny(server, "?#@ \n") || len(ticket) != ticketLength {
			t.Errorf("%q and %q are taken", server, ticket)
		}
	})
}

func FuzzReadProblem(f *testing.F) {
	f.Add(422, "application/problem+json", "", []byte(`{"type":"urn:countersign:problem:number-wrong","title":"x","detail":"y","number_attempts_left":1}`))
	f.Add(401, "application/problem+json; charset=utf-8", "", []byte(`{"type":"urn:countersign:problem:proof-clock","server_time":"2026-11-01T10:00:00Z"}`))
	f.Add(502, "text/html", "99999999999", []byte(`<h1>`))
	f.Add(429, "application/problem+json", "-1", []byte(`{"type":"about:blank","detail":"\u202e\u001b[2J"}`))
	f.Fuzz(func(t *testing.T, status int, media, after string, body []byte) {
		p := readProblem(status, http.Header{"Content-Type": {media}, "Retry-After": {after}}, body)
		if p.RetryAfter < 0 || p.RetryAfter > maxRetryAfter {
			t.Errorf("wait of %v", p.RetryAfter)
		}
		text := p.Error()
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && r != unicode.ReplacementChar }) || !utf8.ValidString(text) {
			t.Errorf("%q is not for a terminal", text)
		}
		if len(text) > 8*maxText {
			t.Errorf("%d bytes of text", len(text))
		}
	})
}

func FuzzDecryptedWakeup(f *testing.F) {
	var s Subscription
	if err := json.Unmarshal([]byte(`{"d":"q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94","auth":"BTBZMqHH6r4Tts7J_aSIgg"}`), &s); err != nil {
		f.Fatal(err)
	}
	good := seal(f, &s, `{"approval_id":"abc"}`, 4096, "\x02")
	f.Add(good)
	f.Add(good[:90])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		w, err := s.Wakeup(body)
		if (err == nil) != validID(w.ApprovalID+w.NoticeID) {
			t.Errorf("%+v came with %v", w, err)
		}
		// Who has not the keys can change the record size alone: RFC 8188 does
		// not protect it.
		if err == nil && (string(body[:saltBytes]) != string(good[:saltBytes]) || string(body[saltBytes+4:]) != string(good[saltBytes+4:])) {
			t.Errorf("a wake-up that was never sealed: %+v", w)
		}
	})
}

func FuzzWakeup(f *testing.F) {
	f.Add([]byte(`{"approval_id":"abc"}`))
	f.Add([]byte(`{"approval_id":"a/b"}`))
	f.Add([]byte(`{"notice_id":"abc"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := readWakeup(text)
		if (err == nil) != validID(w.ApprovalID+w.NoticeID) || (w.ApprovalID != "" && w.NoticeID != "") {
			t.Errorf("%+v came with %v", w, err)
		}
	})
}

func FuzzParseState(f *testing.F) {
	f.Add([]byte(`{"version":1,"accounts":[{"device_id":"abc","server":"https://example.com","state":"active","key":` + rfc8037Key + `}]}`))
	f.Add([]byte(`{"version":1,"accounts":[{"device_id":"abc","server":"https://example.com","state":"claimed","key":` + rfc7515Key +
		`,"codes":{"secret":"` + rfc6238Secret + `","algorithm":"SHA1","digits":6,"period":30},"push":{"service":"fcm","token":"t"}}]}`))
	f.Add([]byte(`{"version":1,"accounts":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		accounts, err := parseState(text)
		if err != nil {
			if accounts != nil {
				t.Errorf("accounts came with %v", err)
			}
			return
		}
		written, err := json.Marshal(stateFile{fileVersion, accounts})
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseState(written)
		if err != nil || len(again) != len(accounts) {
			t.Fatalf("%s does not come back: %v", written, err)
		}
		for i := range again {
			if again[i].view() != accounts[i].view() || again[i].Key.String() != accounts[i].Key.String() {
				t.Errorf("account %d changed", i)
			}
		}
	})
}

func FuzzShow(f *testing.F) {
	f.Add(vecDisplay)
	f.Add(`{"application":7}`)
	f.Add(`{"a":"\u0000","b":"\u2066"}`)
	f.Fuzz(func(t *testing.T, display string) {
		lines, err := Request{Display: display}.Show()
		if err != nil && lines != nil {
			t.Error("lines came with an error")
		}
		for _, l := range lines {
			if Plain(l.Label) != l.Label && len(l.Label) <= maxText || strings.ContainsAny(l.Value, "\x1b\n\r\u202e\u2066") {
				t.Errorf("%q: %q is not for a terminal", l.Label, l.Value)
			}
		}
	})
}
