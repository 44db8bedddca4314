package noscript_test

import (
	"net/url"
	"strings"
	"testing"
)

func TestAnAddressThatIsPastedOpensItsPage(t *testing.T) {
	w := newWorld(t)
	w.answers(readRecovery, reply{200, `{"state":"ready","user":"ana@example.com","phones":[],"ends_at":"2999-01-01T00:00:00Z"}`, ""})
	w.answers(readNotice, reply{200, told(`"state":"open"`), ""})
	for path, says := range map[string]string{
		waitingPath: "Check your phone", setUpPath: "Add your phone", recoveryPath: "Add your new phone", stopPath: "A phone was added",
	} {
		for _, address := range []string{w.server.URL + path + "#" + token, "  https://a.proxy.example" + path + "#" + token + "\n", "#" + token} {
			b := w.browser()
			b.open(path).says(t, `name="address"`)
			w.asked()
			p := b.submit(path, url.Values{"address": {address}})
			p.says(t, says)
			p.keepsQuiet(t, token, "<script")
			for _, c := range w.asked() {
				if c.token != token {
					t.Errorf("%s: the API was asked %+v", path, c)
				}
			}
		}
	}
}

func TestAnAddressThatIsNoneOpensNothing(t *testing.T) {
	w := newWorld(t)
	for name, address := range map[string]string{
		"empty": "", "without its secret": w.server.URL + waitingPath, "cut short to nothing": w.server.URL + waitingPath + "#",
		"no secret": "#a b", "an entry": w.server.URL + waitingPath + "/enter/" + entry, "too long": "#" + strings.Repeat("A", 65), "no address": "%zz#" + token,
	} {
		b := w.browser()
		p := b.submit(waitingPath, url.Values{"address": {address}})
		p.says(t, "That isn’t the whole address", "Back to the page")
		if p.StatusCode != 422 || len(p.Cookies()) != 0 {
			t.Errorf("%s: got %s, %v", name, p.Status, p.Cookies())
		}
	}
	if c := w.asked(); len(c) != 0 {
		t.Errorf("the API was asked %+v", c)
	}
	w.answers(stream, problem(401, "unauthorized", ""))
	b := w.browser()
	if p := b.submit(waitingPath, url.Values{"address": {"#" + token}}); p.StatusCode != 422 || len(p.Cookies()) != 0 || strings.Contains(p.body, token) {
		t.Errorf("a wrong secret: got %s, %v", p.Status, p.Cookies())
	}
	w.answers(stream, problem(503, "unavailable", ""))
	if p := b.submit(waitingPath, url.Values{"address": {"#" + token}}); p.StatusCode != 503 || len(p.Cookies()) != 0 {
		t.Errorf("a server that is away: got %s, %v", p.Status, p.Cookies())
	}
	if p := b.once(b.request("POST", waitingPath, "address=%23"+token, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")); p.StatusCode != 403 || len(p.Cookies()) != 0 {
		t.Errorf("another site: got %s, %v", p.Status, p.Cookies())
	}
}
