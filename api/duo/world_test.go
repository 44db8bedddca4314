package duo_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/api"
	"countersign/api/duo"
	"countersign/approvals"
	"countersign/enrolments"
	"countersign/internal/jws"
	"countersign/internal/seal"
	"countersign/mobile-stub/phone"
	"countersign/push"
	"countersign/sqlstore"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// clock is the real one, moved by hand.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) move(d time.Duration) { c.ahead.Add(int64(d)) }

// logbook is what the server logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// closingStore is a short-lived store that a test opened.
type closingStore interface {
	approvals.Store
	Close() error
}

// world is a server with TLS, as clients of the Duo Auth API and phones meet it.
type world struct {
	t      testing.TB
	host   string // localhost and the port
	url    string
	roots  *x509.CertPool
	caFile string
	tls    *tls.Config
	client *http.Client
	clock  *clock
	log    *logbook
	store  *sqlstore.Store
	short  closingStore
	people *enrolments.Service
	duo    *duo.Server

	enrolments.Integration
	app enrolments.Application
}

// newWorld starts a server with one integration of the given policy.
func newWorld(t testing.TB, p enrolments.IntegrationPolicy, change ...func(*enrolments.Policy)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, log: &logbook{}}
	w.short = approvals.NewMemory(w.clock.now)
	w.open()
	w.Integration, w.app = w.register("ssh", p, change...)
	return w
}

// open starts the server.
func (w *world) open() {
	t := w.t
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewUnstartedServer(mux)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	w.host = "localhost:" + port
	w.url = "https://" + w.host
	w.certify(server)
	signIns := w.services()
	front, err := api.New(api.Config{
		Approvals: signIns, Enrolments: w.people, PublicURL: w.url, ServerName: "Countersign",
		KeySet: []byte(`{"keys":[]}`), Now: w.clock.now, Log: w.logger(),
	})
	w.ok(err)
	w.duo = duo.New(duo.Config{
		Approvals: signIns, Enrolments: w.people, PublicURL: w.url, Hosts: []string{"Old.example.com"},
		ClientAddress: w.address, BrowserName: api.BrowserName,
		Now: w.clock.now, Log: w.logger(),
	})
	for _, path := range duo.Prefixes() {
		mux.Handle(path, w.duo)
	}
	mux.Handle("/", front)
	server.StartTLS()
	t.Cleanup(func() {
		w.duo.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := front.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
		signIns.Close()
		w.short.Close()
		w.store.Close()
	})
}

// services opens the stores and the rules over them.
func (w *world) services() *approvals.Service {
	w.t.Helper()
	keys, err := seal.New(bytes.Repeat([]byte{7}, seal.KeySize))
	w.ok(err)
	w.store, err = sqlstore.Open(w.t.Context(), sqlstore.Config{
		URL: "sqlite:" + filepath.Join(w.t.TempDir(), "c.db"), Keys: keys, Now: w.clock.now,
	})
	w.ok(err)
	w.people = enrolments.NewService(enrolments.Config{
		Store: w.store, PublicURL: w.url, ServerName: "Countersign", CodeLimits: enrolments.DefaultCodeLimits(), Now: w.clock.now,
	})
	return w.rules()
}

// rules are a node's, over the stores.
func (w *world) rules() *approvals.Service {
	w.t.Helper()
	raw, err := jws.NewPrivateKey()
	w.ok(err)
	signer, err := jws.NewSigner(raw)
	w.ok(err)
	return approvals.NewService(approvals.Config{
		Store: w.short, People: w.people, Record: w.store, Waker: push.NewFanout(nil), Signer: signer,
		PublicURL: w.url, Now: w.clock.now, Log: w.logger(),
	})
}

func (w *world) logger() *slog.Logger { return slog.New(slog.NewTextHandler(w.log, nil)) }

func (w *world) address(r *http.Request) netip.Addr { return api.ClientAddress(r, nil) }

// register adds an application with an integration.
func (w *world) register(id string, p enrolments.IntegrationPolicy, change ...func(*enrolments.Policy)) (enrolments.Integration, enrolments.Application) {
	w.t.Helper()
	app := enrolments.Application{
		ID: enrolments.ApplicationID(id), Name: "Servers", ReturnURLs: []string{"https://shop.example.com/in"}, Policy: enrolments.DefaultPolicy(),
	}
	app.Policy.PushLimit = 12
	for _, f := range change {
		f(&app.Policy)
	}
	i, err := w.people.AddIntegration(w.t.Context(), app, p)
	w.ok(err)
	return i, app
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// certify gives the server a certificate for localhost of an authority of its
// own, whose PEM is in caFile.
func (w *world) certify(server *httptest.Server) {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.ok(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	w.ok(err)
	leaf, err := x509.ParseCertificate(raw)
	w.ok(err)
	w.roots = x509.NewCertPool()
	w.roots.AddCert(leaf)
	w.caFile = filepath.Join(w.t.TempDir(), "ca.pem")
	w.ok(os.WriteFile(w.caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o644))
	w.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
	server.TLS = w.tls.Clone()
	w.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.roots}}}
	w.t.Cleanup(w.client.CloseIdleConnections)
}

// handset is a person's simulated phone.
type handset struct {
	*phone.Phone
	account phone.Account
	w       *world
}

// phone pairs a simulated phone for a person, who compares the digits.
func (w *world) phone(user string) *handset {
	w.t.Helper()
	pairing, token, err := w.people.OpenPairing(w.t.Context(), enrolments.Opening{User: user, Allowed: true})
	w.ok(err)
	return w.pair(pairing.ID, token)
}

// pair spends the ticket of a set-up with a new phone.
func (w *world) pair(id enrolments.PairingID, token enrolments.Secret) *handset {
	w.t.Helper()
	ctx := w.t.Context()
	h := &handset{Phone: phone.New(phone.Options{HTTP: w.client, Now: w.clock.now}), w: w}
	var err error
	h.account, err = h.Pair(ctx, w.url+"/pair#"+enrolments.TicketOf(token).Reveal(), phone.Pairing{Name: "Ana's phone", Platform: "other"})
	w.ok(err)
	pairing, err := w.people.SetUp(ctx, id, token)
	w.ok(err)
	_, err = w.people.Confirm(ctx, pairing, true)
	w.ok(err)
	h.account, err = h.WaitActive(ctx, h.account.ID)
	w.ok(err)
	return h
}

// asked waits for a request to light up on the phone.
func (h *handset) asked() phone.Request {
	h.w.t.Helper()
	list, err := h.Pending(h.w.t.Context(), h.account.ID, patience)
	h.w.ok(err)
	if len(list) == 0 {
		h.w.t.Fatal("the phone was not asked")
	}
	return list[0]
}

// dark checks that the phone is asked nothing.
func (h *handset) dark() {
	h.w.t.Helper()
	list, err := h.Pending(h.w.t.Context(), h.account.ID, 0)
	h.w.ok(err)
	if len(list) != 0 {
		h.w.t.Errorf("the phone is asked: %+v", list)
	}
}

// number is what r asks to be typed, as the store has it.
func (h *handset) number(r phone.Request) string {
	h.w.t.Helper()
	a, err := h.w.short.Read(h.w.t.Context(), approvals.ID(r.ID))
	h.w.ok(err)
	return a.Number
}

// shown is one line of what the phone shows.
func (h *handset) shown(r phone.Request, member string) string {
	h.w.t.Helper()
	var all map[string]string
	h.w.ok(json.Unmarshal([]byte(r.Display), &all))
	return all[member]
}

// code is what the phone shows for typing in, of a step that was not used yet.
func (h *handset) code() string {
	h.w.t.Helper()
	h.w.clock.move(30 * time.Second)
	c, err := h.Code(h.account.ID, h.w.clock.now())
	h.w.ok(err)
	return c.Digits
}

// trail is the audit trail, newest first.
func (w *world) trail() string {
	w.t.Helper()
	events, err := w.store.Events(w.t.Context(), enrolments.EventFilter{Limit: 1000})
	w.ok(err)
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %s\n", e.Kind, e.Detail)
	}
	return b.String()
}
