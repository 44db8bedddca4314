package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/api"
	"countersign/approvals"
	"countersign/mobile-stub/phone"
)

// doorway is a link for a browser without script.
type doorway struct{ path, entry string }

// doorwayOf takes an entry link apart.
func (w *world) doorwayOf(link string) doorway {
	w.t.Helper()
	rest, ok := strings.CutPrefix(link, w.url)
	page, entry, enters := strings.Cut(rest, "/enter/")
	if !ok || !enters || len(entry) != 43 || strings.Contains(link, "#") {
		w.t.Fatalf("%q is no entry link", link)
	}
	page = strings.NewReplacer("/waiting/", "/v1/approvals/", "/set-up/", "/v1/pairings/", "/security/", "/v1/security-pages/").Replace(page)
	return doorway{page + "/enter", entry}
}

func (w *world) enter(d doorway) reply {
	w.t.Helper()
	return w.with(d.entry, "POST", d.path, "")
}

func TestABrowserWithoutScriptTradesItsEntryForTheToken(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"`+person+`","without_script":true}`), 201)
	got := w.want(w.enter(w.doorwayOf(r.member("waiting_url"))), 200)
	if got.member("token") != r.member("waiting_token") || strings.Contains(r.member("waiting_url"), got.member("token")) {
		t.Errorf("got %s for %s", got.body, r.body)
	}
	state := w.want(w.with(got.member("token"), "GET", "/v1/approvals/"+r.member("id")+"/stream", "", "Accept", "application/json"), 200)
	if state.member("state") != "pending" {
		t.Errorf("got %s", state.body)
	}
	if ends, err := time.Parse(time.RFC3339, got.member("ends_at")); err != nil || time.Until(ends) < 14*time.Minute || time.Until(ends) > 15*time.Minute {
		t.Errorf("ends at %s", got.member("ends_at"))
	}
}

func TestTheSetUpOfABrowserWithoutScriptIsEnteredAsWell(t *testing.T) {
	w := newWorld(t)
	for name, r := range map[string]reply{
		"with the first sign-in": w.app("POST", "/v1/approvals", `{"user":"new@example.com","without_script":true}`),
		"asked for by itself":    w.app("POST", "/v1/pairings", `{"user":"ben@example.com","without_script":true}`),
	} {
		w.want(r, 201)
		if r.member("set_up_token") != "" {
			t.Errorf("%s: the token is there beside its entry: %s", name, r.body)
		}
		d := w.doorwayOf(r.member("set_up_url"))
		got := w.want(w.enter(d), 200)
		state := w.want(w.with(got.member("token"), "GET", strings.TrimSuffix(d.path, "/enter"), ""), 200)
		if state.member("state") != "open" || state.member("pair_url") == "" {
			t.Errorf("%s: got %s", name, state.body)
		}
		w.refused(w.enter(d), 401, "unauthorized")
	}
}

func TestARepeatedRequestLeadsThroughTheSameDoor(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	ask := func() string {
		r := w.want(w.app("POST", "/v1/approvals", `{"user":"`+person+`","without_script":true}`, "Idempotency-Key", "k"), 201)
		return r.member("waiting_url")
	}
	link := ask()
	w.want(w.enter(w.doorwayOf(link)), 200)
	if again := ask(); again != link {
		t.Errorf("got %s, then %s", link, again)
	}
	w.refused(w.enter(w.doorwayOf(link)), 401, "unauthorized")
}

func TestAnEntryIsGoodOnceOverAllNodes(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	second := w.secondNode()
	for _, body := range []string{`{"user":"` + person + `","without_script":true}`, `{"user":"new@example.com","without_script":true}`} {
		r := w.want(w.app("POST", "/v1/approvals", body), 201)
		link := r.member("set_up_url")
		if link == "" {
			link = r.member("waiting_url")
		}
		d := w.doorwayOf(link)
		var wg sync.WaitGroup
		entered := make(chan int, 20)
		for i := range cap(entered) {
			node := []string{w.url, second}[i%2]
			wg.Go(func() { entered <- postEntry(t, node+d.path, d.entry) })
		}
		wg.Wait()
		close(entered)
		count := map[int]int{}
		for status := range entered {
			count[status]++
		}
		if count[200] != 1 || count[401] != 19 {
			t.Errorf("%s: got %v", body, count)
		}
	}
}

// secondNode serves the same stores at an address of its own.
func (w *world) secondNode() string {
	w.t.Helper()
	log := slog.New(slog.DiscardHandler)
	signIns := approvals.NewService(approvals.Config{
		Store: w.memory, People: w.people, Record: w.store, Waker: &wakeups{}, Signer: w.signer,
		PublicURL: w.url, Now: w.clock.now, Log: log,
	})
	node, err := api.New(api.Config{
		Approvals: signIns, Enrolments: w.people, PublicURL: w.url, ServerName: "Countersign",
		KeySet: keySet(w.t, w.signer), Now: w.clock.now, Log: log,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	server := httptest.NewServer(node)
	w.t.Cleanup(func() {
		server.Close()
		if err := node.Shutdown(context.Background()); err != nil {
			w.t.Logf("shutdown: %v", err)
		}
		signIns.Close()
	})
	return server.URL
}

func postEntry(t *testing.T, url, entry string) int {
	req, err := http.NewRequest("POST", url, nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+entry)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestAnEntryThatIsWrongSpentOrLateIsRefusedAlike(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	asks := func(user string) reply {
		return w.want(w.app("POST", "/v1/approvals", `{"user":"`+user+`","without_script":true,"ttl":300}`), 201)
	}
	r := asks(person)
	spent := w.doorwayOf(r.member("waiting_url"))
	w.want(w.enter(spent), 200)
	late, lateSetUp := w.doorwayOf(asks(person).member("waiting_url")), w.doorwayOf(asks("late@example.com").member("set_up_url"))
	w.clock.move(5 * time.Minute)
	w.refused(w.enter(late), 401, "unauthorized")
	w.clock.move(5 * time.Minute)
	good, other := w.doorwayOf(asks(person).member("waiting_url")), w.doorwayOf(asks("new@example.com").member("set_up_url"))
	scripted := w.signIn(person)
	for name, d := range map[string]doorway{
		"spent":                             spent,
		"a set-up out of time":              lateSetUp,
		"another sign-in's":                 {spent.path, good.entry},
		"a set-up's":                        {good.path, other.entry},
		"a sign-in's, for a set-up":         {other.path, good.entry},
		"the token":                         {spent.path, r.member("waiting_token")},
		"the token of a browser with one":   {"/v1/approvals/" + scripted.id + "/enter", scripted.token},
		"of nothing":                        {"/v1/approvals/nothing/enter", good.entry},
		"of no set-up":                      {"/v1/pairings/nothing/enter", other.entry},
		"none":                              {good.path, "x"},
		"a set-up that is not there at all": {"/v1/pairings/AAAAAAAAAAAAAAAAAAAAAA/enter", other.entry},
	} {
		if got := w.enter(d); got.status != 401 || got.kind() != "unauthorized" {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	// None of it has spent the good ones.
	w.want(w.enter(good), 200)
	w.want(w.enter(other), 200)
}

func TestWhoGuessesEntriesIsSlowedDown(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Limits = api.Limits{Burst: 5, PerMinute: 1} })
	d := doorway{"/v1/approvals/" + string(approvals.NewID("nobody")) + "/enter", strings.Repeat("A", 43)}
	for range 5 {
		w.refused(w.enter(d), 401, "unauthorized")
	}
	w.refused(w.enter(d), 429, "too-many-requests")
}

func TestAnEntryIsInNoLog(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	r := w.want(w.app("POST", "/v1/approvals", `{"user":"`+person+`","without_script":true}`), 201)
	d := w.doorwayOf(r.member("waiting_url"))
	w.enter(d)
	w.enter(d)
	if strings.Contains(w.log.String(), d.entry) {
		t.Errorf("the log holds the entry:\n%s", w.log)
	}
}

func TestASecurityPageIsEnteredOnceAndSoon(t *testing.T) {
	w := newWorld(t)
	w.pair(person, phone.ES256)
	open := func() doorway {
		r := w.want(w.app("POST", "/v1/security-pages", `{"user":"`+person+`","without_script":true}`), 201)
		if r.member("security_token") != "" {
			t.Errorf("the token is there beside its entry: %s", r.body)
		}
		return w.doorwayOf(r.member("security_url"))
	}
	d := open()
	got := w.want(w.enter(d), 200)
	if state := w.want(w.with(got.member("token"), "GET", strings.TrimSuffix(d.path, "/enter"), ""), 200); state.member("user") != person {
		t.Errorf("got %s", state.body)
	}
	late := open()
	w.clock.move(4 * time.Minute)
	for name, refused := range map[string]doorway{"spent": d, "late": late, "another's": {open().path, late.entry}, "of nothing": {"/v1/security-pages/nothing/enter", late.entry}} {
		if got := w.enter(refused); got.status != 401 || got.kind() != "unauthorized" {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
}
