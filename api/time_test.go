package api_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"countersign/api"
	"countersign/approvals"
	"countersign/enrolments"

	"github.com/gorilla/websocket"
)

// pipes is a network in memory, so that time in it is the test's own.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.done)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// watched is a store that knows how many watch it.
type watched struct {
	*approvals.Memory
	open atomic.Int64
	// before and after, where they are set, hold a watch that begins.
	before, after chan struct{}
}

func (w *watched) Watch(ctx context.Context, id approvals.ID, notify func(approvals.Approval)) (func(), error) {
	if w.before != nil {
		<-w.before
	}
	stop, err := w.Memory.Watch(ctx, id, notify)
	if err != nil {
		return nil, err
	}
	if w.after != nil {
		<-w.after
	}
	w.open.Add(1)
	return func() {
		w.open.Add(-1)
		stop()
	}, nil
}

// hourglass is a server with one pending approval of a minute, in a bubble of
// synctest.
type hourglass struct {
	*api.API
	t      *testing.T
	pipes  *pipes
	server *http.Server
	memory *watched
	id     approvals.ID
	token  enrolments.Secret
}

func newHourglass(t *testing.T) *hourglass {
	t.Helper()
	g := &hourglass{
		t: t, pipes: &pipes{conns: make(chan net.Conn), done: make(chan struct{})},
		memory: &watched{Memory: approvals.NewMemory(time.Now)}, id: approvals.NewID(vectorPerson), token: enrolments.NewSecret(),
	}
	people := enrolments.NewService(enrolments.Config{Store: &onePhone{}, PublicURL: vectorServer, Now: time.Now})
	signer, log := newSigner(t), slog.New(slog.DiscardHandler)
	signIns := approvals.NewService(approvals.Config{
		Store: g.memory, People: people, Record: &onePhone{}, Waker: noPush{}, Signer: signer, PublicURL: vectorServer, Now: time.Now, Log: log,
	})
	var err error
	g.API, err = api.New(api.Config{Approvals: signIns, Enrolments: people, PublicURL: vectorServer, KeySet: keySet(t, signer), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.memory.Create(t.Context(), approvals.New{
		ID: g.id, Application: "northwind", ApplicationName: "Northwind Books", Person: vectorPerson, User: person, Waiting: g.token.Hash(),
		Number: "47", TTL: time.Minute, CodeTries: 5, NumberTries: 2, Resends: 2, Budget: approvals.Budget{Limit: 5, Window: time.Minute},
		Phones: []approvals.AskedPhone{{ID: "phone", Name: "Ana's iPhone", Sent: approvals.Asking}},
	})
	if err != nil {
		t.Fatal(err)
	}
	g.server = &http.Server{Handler: g.API}
	go g.server.Serve(g.pipes)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		g.Shutdown(ctx)
		g.server.Close()
		signIns.Close()
		g.memory.Close()
	})
	return g
}

func (g *hourglass) dial() *websocket.Conn {
	g.t.Helper()
	conn, r := g.try()
	if conn == nil {
		g.t.Fatalf("got %d %s, want a websocket", r.status, r.body)
	}
	return conn
}

// try opens a websocket, or returns what it was answered instead.
func (g *hourglass) try() (*websocket.Conn, reply) {
	g.t.Helper()
	dialer := websocket.Dialer{
		NetDialContext: func(context.Context, string, string) (net.Conn, error) { return g.pipes.dial(), nil },
		Subprotocols:   []string{"countersign.v1", "bearer." + g.token.Reveal()},
	}
	conn, resp, err := dialer.Dial("ws://server/v1/approvals/"+string(g.id)+"/stream", nil)
	if resp == nil {
		g.t.Errorf("no answer: %v", err)
		return nil, reply{}
	}
	defer resp.Body.Close()
	raw := make([]byte, 4096)
	n, _ := resp.Body.Read(raw)
	return conn, reply{resp.StatusCode, resp.Header, string(raw[:n])}
}

// create makes another approval, of that life, the one that is dialled.
func (g *hourglass) create(ttl time.Duration) {
	g.t.Helper()
	g.id = approvals.NewID(vectorPerson)
	_, err := g.memory.Create(g.t.Context(), approvals.New{
		ID: g.id, Application: "contoso", Person: vectorPerson, User: person, Waiting: g.token.Hash(), Number: "47", TTL: ttl,
		CodeTries: 5, NumberTries: 2, Resends: 2, Budget: approvals.Budget{Limit: 5, Window: time.Minute},
		Phones: []approvals.AskedPhone{{ID: "phone", Name: "Ana's iPhone", Sent: approvals.Asking}},
	})
	if err != nil {
		g.t.Fatal(err)
	}
}

func TestASocketEndsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		begun := time.Now()
		conn := g.dial()
		defer conn.Close()
		b := &browser{t, conn}
		if r := b.next(); r.member("state") != "pending" {
			t.Errorf("the first frame is %s", r.body)
		}
		if r := b.until("state", "expired"); time.Since(begun) != time.Minute {
			t.Errorf("it expired after %v: %s", time.Since(begun), r.body)
		}
		if code := b.closed(); code != websocket.CloseNormalClosure {
			t.Errorf("closed with %d, want 1000", code)
		}
	})
}

func TestASocketIsPingedAndStaysOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		g.create(300 * time.Second)
		conn := g.dial()
		defer conn.Close()
		var pings []time.Time
		answer := conn.PingHandler()
		conn.SetPingHandler(func(data string) error {
			pings = append(pings, time.Now())
			return answer(data)
		})
		begun := time.Now()
		b := &browser{t, conn}
		b.until("state", "expired")
		if time.Since(begun) != 300*time.Second {
			t.Errorf("it was open for %v", time.Since(begun))
		}
		if len(pings) != 12 {
			t.Errorf("%d pings in 300 s, want one every 25 s", len(pings))
		}
		for i, at := range pings[1:] {
			if gap := at.Sub(pings[i]); gap != 25*time.Second {
				t.Errorf("ping %d came after %v", i+2, gap)
			}
		}
	})
}

func TestASocketThatAnswersNoPingIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		g.create(300 * time.Second)
		conn := g.dial()
		defer conn.Close()
		conn.SetPingHandler(func(string) error { return nil })
		begun := time.Now()
		(&browser{t, conn}).next()
		if _, raw, err := conn.ReadMessage(); err == nil {
			t.Fatalf("the silent socket goes on: %s", raw)
		}
		if gone := time.Since(begun); gone < 50*time.Second || gone > 61*time.Second {
			t.Errorf("it was dropped after %v, want two pings and some", gone)
		}
	})
}

// A browser that reads nothing holds up nobody else, and is dropped.
func TestASlowSocketIsDroppedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		slow, quick := g.dial(), g.dial()
		defer slow.Close()
		defer quick.Close()
		b := &browser{t, quick}
		b.next()
		begun := time.Now()
		if _, err := g.memory.TryCode(t.Context(), g.id); err != nil {
			t.Fatal(err)
		}
		b.until("code_attempts_left", "4")
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("the quick one waited %v for the slow one", waited)
		}
		go func() {
			for {
				if _, _, err := quick.NextReader(); err != nil {
					return
				}
			}
		}()
		time.Sleep(6 * time.Second) // the bubble's time: longer than a write may take
		if _, raw, err := slow.ReadMessage(); err == nil {
			t.Errorf("the slow socket goes on: %s", raw)
		}
	})
}

func TestWhoGoesIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		conn := g.dial()
		(&browser{t, conn}).next()
		stream := g.pipes.dial()
		request := "GET /v1/approvals/" + string(g.id) + "/stream?wait=25s&version=9 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + g.token.Reveal() + "\r\n"
		io.WriteString(stream, request+"Accept: text/event-stream\r\n\r\n")
		go io.Copy(io.Discard, stream)
		poll := g.pipes.dial()
		io.WriteString(poll, request+"\r\n")
		synctest.Wait()
		if n := g.memory.open.Load(); n != 3 {
			t.Fatalf("%d watch, want a socket, a stream and a long-poll", n)
		}
		for _, c := range []io.Closer{conn, stream, poll} {
			c.Close()
		}
		synctest.Wait()
		if n := g.memory.open.Load(); n != 0 {
			t.Errorf("%d still watch", n)
		}
	})
}

// A browser that is let in just before the server stops is told to come again.
func TestASocketThatOpensWhileTheServerStopsIsAskedToConnectAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		g.memory.after = make(chan struct{})
		opened := make(chan *websocket.Conn, 1)
		go func() {
			conn, _ := g.try()
			opened <- conn
		}()
		stopped := g.stopMeanwhile(g.memory.after)
		conn := <-opened
		if conn == nil {
			t.Fatal("no websocket")
		}
		defer conn.Close()
		if got := (&browser{t, conn}).closed(); got != websocket.CloseServiceRestart {
			t.Errorf("closed with %d, want 1012", got)
		}
		if err := <-stopped; err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
}

func TestASocketWhoseWatchEndsWithTheServerIsNoDefect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		g.memory.before = make(chan struct{})
		answer := make(chan reply, 1)
		go func() {
			_, r := g.try()
			answer <- r
		}()
		stopped := g.stopMeanwhile(g.memory.before)
		if r := <-answer; r.status != 503 || r.kind() != "unavailable" {
			t.Errorf("got %d %s, want 503 unavailable", r.status, r.body)
		}
		if err := <-stopped; err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
}

// stopMeanwhile begins to stop the server while a watch is held, then lets go.
func (g *hourglass) stopMeanwhile(hold chan struct{}) <-chan error {
	g.t.Helper()
	synctest.Wait()
	stopped := make(chan error, 1)
	go func() { stopped <- g.Shutdown(g.t.Context()) }()
	synctest.Wait()
	close(hold)
	return stopped
}

func TestAStreamThatIsSilentGetsABeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		conn := g.pipes.dial()
		defer conn.Close()
		go io.WriteString(conn, "GET /v1/approvals/"+string(g.id)+"/stream HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"+
			"Authorization: Bearer "+g.token.Reveal()+"\r\nConnection: close\r\n\r\n")
		begun := time.Now()
		var beats []time.Duration
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), ":") {
				beats = append(beats, time.Since(begun))
			}
			if strings.Contains(lines.Text(), `"expired"`) && time.Since(begun) != time.Minute {
				t.Errorf("it expired after %v", time.Since(begun))
			}
		}
		if len(beats) != 2 || beats[0] != 25*time.Second || beats[1] != 50*time.Second {
			t.Errorf("beats at %v, want every 25 s", beats)
		}
	})
}

func TestALongPollWaitsAsLongAsAskedAndTellsTheTimeOfItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newHourglass(t)
		conn := g.pipes.dial()
		defer conn.Close()
		go io.WriteString(conn, "GET /v1/approvals/"+string(g.id)+"/stream?wait=25s&version=1 HTTP/1.1\r\nHost: x\r\n"+
			"Authorization: Bearer "+g.token.Reveal()+"\r\nConnection: close\r\n\r\n")
		begun := time.Now()
		raw, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		if time.Since(begun) != 25*time.Second {
			t.Errorf("the answer came after %v", time.Since(begun))
		}
		_, body, _ := strings.Cut(string(raw), "\r\n\r\n")
		at, err := time.Parse(time.RFC3339, reply{body: body}.member("server_time"))
		if err != nil || !at.Equal(time.Now()) {
			t.Errorf("server_time %v, want %v", at, time.Now())
		}
	})
}
