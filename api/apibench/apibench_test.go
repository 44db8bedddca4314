package apibench

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBrowsersWaitAtTheServerUntilTheyLeave(t *testing.T) {
	server := NewServer([]byte(`{"state":"pending"}`))
	listening := httptest.NewServer(server)
	defer listening.Close()
	var crowd Crowd
	seat := Seat{URL: "ws" + strings.TrimPrefix(listening.URL, "http") + "/", Origin: listening.URL}
	for range 3 {
		if err := crowd.Join(t.Context(), seat); err != nil {
			t.Fatal(err)
		}
	}
	if n := crowd.Waiting(); n != 3 {
		t.Errorf("%d wait, want 3", n)
	}
	crowd.Leave()
	if n := crowd.Waiting(); n != 0 {
		t.Errorf("%d wait after all have left", n)
	}
	if err := crowd.Join(t.Context(), seat); err == nil {
		t.Error("one more joined a crowd that has left")
	}
	server.Close()
}

func TestAServerThatClosesSendsItsBrowsersAway(t *testing.T) {
	server := NewServer([]byte("hello"))
	listening := httptest.NewServer(server)
	defer listening.Close()
	var crowd Crowd
	seat := Seat{URL: "ws" + strings.TrimPrefix(listening.URL, "http") + "/", Origin: listening.URL}
	if err := crowd.Join(t.Context(), seat); err != nil {
		t.Fatal(err)
	}
	server.Close()
	crowd.work.Wait()
	if n := crowd.Waiting(); n != 0 {
		t.Errorf("%d wait at a server that is closed", n)
	}
	crowd.Leave()
}

func TestABrowserThatIsRefusedSaysHow(t *testing.T) {
	refusing := httptest.NewServer(nil)
	defer refusing.Close()
	var crowd Crowd
	err := crowd.Join(t.Context(), Seat{URL: "ws" + strings.TrimPrefix(refusing.URL, "http") + "/nowhere", Origin: refusing.URL})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want the refusal", err)
	}
}
