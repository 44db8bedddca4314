package duo_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"countersign/api"
	"countersign/api/duo"
	"countersign/redisstore"
	"countersign/redisstore/redistest"
)

// onRedis is a world whose short-lived state is in Redis, with a second node.
func onRedis(t *testing.T) (first, second *world) {
	t.Helper()
	first = &world{t: t, clock: &clock{}, log: &logbook{}}
	store, err := redisstore.Open(t.Context(), redisstore.Config{URL: redistest.Start(t)})
	first.ok(err)
	first.short = store
	first.open()
	first.Integration, first.app = first.register("ssh", both)

	node := *first
	second = &node
	signIns := second.rules()
	second.duo = duo.New(duo.Config{
		Approvals: signIns, Enrolments: second.people, PublicURL: first.url, ClientAddress: first.address, BrowserName: api.BrowserName,
		Now: first.clock.now, Log: first.logger(),
	})
	server := httptest.NewUnstartedServer(second.duo)
	server.TLS = first.tls.Clone()
	server.StartTLS()
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	second.host = "localhost:" + port
	second.url = "https://" + second.host
	t.Cleanup(func() {
		second.duo.Stop()
		server.Close()
		signIns.Close()
	})
	return first, second
}

func TestNodesShareWhatClientsWereToldAndAsked(t *testing.T) {
	first, second := onRedis(t)
	ana := first.phone("ana")
	params, date := url.Values{"username": {"ana"}, "factor": {"push"}, "device": {"auto"}, "async": {"1"}}, first.date()
	one := first.call(first.Integration, http.MethodPost, "/auth/v2/auth", date, params)
	two := second.call(second.Integration, http.MethodPost, "/auth/v2/auth", date, params)
	txid := one.member("txid")
	if txid == "" || two.member("txid") != txid {
		t.Fatalf("two nodes ask twice: %s, %s", one.raw, two.raw)
	}
	poll := func(w *world) sent {
		return w.call(w.Integration, http.MethodGet, "/auth/v2/auth_status", w.date(), url.Values{"txid": {txid}})
	}
	if got := poll(first); got.member("result") != "waiting" {
		t.Fatalf("%s", got.raw)
	}
	held := soon(func() sent { return poll(second) })
	r := ana.asked()
	if r.NumberDigits != 0 { // the client waits, by its policy
		t.Errorf("the phone asks for %d digits", r.NumberDigits)
	}
	ana.approves(r)
	if got := wait(t, held); got.member("result") != "allow" {
		t.Errorf("%s", got.raw)
	}
	if got := second.call(second.Integration, http.MethodPost, "/auth/v2/auth", date, params); got.member("txid") != txid {
		t.Errorf("the same request, afterwards: %s", got.raw)
	}
	ana.dark()
}

func TestAnAssertionIsSpentForAllNodes(t *testing.T) {
	first, second := onRedis(t)
	in := url.Values{"client_id": {string(first.Key)}, "client_assertion": {first.assertion(dialects()[0], "/oauth/v1/health_check", nil)}}
	if status, reply := first.post("/oauth/v1/health_check", in, false); status != http.StatusOK {
		t.Errorf("first: %d %v", status, reply)
	}
	if status, reply := second.post("/oauth/v1/health_check", in, false); status != http.StatusBadRequest {
		t.Errorf("second: %d %v", status, reply)
	}
}
