package mail_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/mail"
	"countersign/mail/mailtest"
)

const ana = "ana@example.com"

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// config is a sender's to server, altered by changes.
func config(t *testing.T, server *mailtest.Server, changes ...func(*mail.Config)) mail.Config {
	t.Helper()
	at, err := mail.ParseServer(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := mail.Config{
		Server: at, From: netmail.Address{Name: "Example Ltd", Address: "sign-in@example.com"}, Hello: "countersign.example.com",
		RootCAs: server.Roots, Writer: mail.Writer{Server: "Example Ltd", Language: "en"}, Now: func() time.Time { return noon },
	}
	if at.User != "" {
		c.Password = enrolments.SecretOf(mailtest.Password)
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func sender(t *testing.T, c mail.Config) *mail.Sender {
	t.Helper()
	s, err := mail.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func code() enrolments.Letter {
	return enrolments.Letter{Kind: enrolments.LetterCode, To: ana, Language: "en", User: "ana", Code: enrolments.SecretOf("482913")}
}

func notice() enrolments.Letter {
	return enrolments.Letter{
		Kind: enrolments.LetterNotice, To: ana, Language: "de-AT", User: "ana", Event: enrolments.EventPhonePaired,
		Detail: "Ana's iPhone", Where: "Chrome on Windows, Wellington, NZ, 203.0.113.9", At: noon,
		StopURL: "https://countersign.example.com/stop/abc#token",
	}
}

func TestALetterArrivesOverEveryKindOfConnection(t *testing.T) {
	for name, c := range map[string]struct {
		options mailtest.Options
		tls     bool
	}{
		"STARTTLS":            {mailtest.Options{}, true},
		"STARTTLS, with user": {mailtest.Options{Auth: true}, true},
		"TLS":                 {mailtest.Options{TLS: true}, true},
		"TLS, with user":      {mailtest.Options{TLS: true, Auth: true}, true},
		"plain":               {mailtest.Options{Plain: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, c.options)
			s := sender(t, config(t, server, func(m *mail.Config) {
				if c.options.Plain {
					m.Server.Security = mail.Plain
				}
			}))
			if err := s.Send(t.Context(), code()); err != nil {
				t.Fatal(err)
			}
			got := server.Next(t, ana)
			if got.TLS != c.tls || got.From != "sign-in@example.com" || got.Code(t) != "482913" {
				t.Errorf("TLS %v, from %s:\n%s", got.TLS, got.From, got.Text)
			}
		})
	}
}

func TestALetterSaysWhatItIsToMachines(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	if err := sender(t, config(t, server)).Send(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	got := server.Next(t, ana)
	for header, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "Content-Language": "de", "Date": "Sun, 01 Nov 2026 12:00:00 +0000",
		"From": `"Example Ltd" <sign-in@example.com>`, "To": "<" + ana + ">", "Mime-Version": "1.0",
		"User-Agent": "", "X-Mailer": "",
	} {
		if is := got.Header.Get(header); is != want {
			t.Errorf("%s is %q, want %q", header, is, want)
		}
	}
	if id := got.Header.Get("Message-Id"); !strings.HasSuffix(id, "@example.com>") {
		t.Errorf("the id is %s", id)
	}
}

func TestANoticeSentTwiceHasOneIDAndACodeNever(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	s := sender(t, config(t, server))
	var ids []string
	for _, l := range []enrolments.Letter{notice(), notice(), code(), code()} {
		if err := s.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, server.Next(t, ana).Header.Get("Message-Id"))
	}
	if ids[0] != ids[1] || ids[2] == ids[3] {
		t.Errorf("ids %v", ids)
	}
}

func TestNothingIsSentWithoutTLS(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{Plain: true})
	if err := sender(t, config(t, server)).Send(t.Context(), code()); err == nil {
		t.Error("a letter was sent in clear")
	}
	if got := server.All(); len(got) != 0 {
		t.Errorf("%d letters arrived", len(got))
	}
}

func TestAServerThatNobodyVouchesForIsSentNothing(t *testing.T) {
	for _, o := range []mailtest.Options{{}, {TLS: true}} {
		server, other := mailtest.Start(t, o), mailtest.Start(t, o)
		s := sender(t, config(t, server, func(c *mail.Config) { c.RootCAs = other.Roots }))
		if err := s.Send(t.Context(), code()); err == nil || len(server.All()) != 0 {
			t.Errorf("got %v, and %d letters arrived", err, len(server.All()))
		}
	}
}

func TestARefusalSaysWhetherTryingAgainIsOfUseAndNoAddress(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{Auth: true})
	s := sender(t, config(t, server))
	for name, c := range map[string]struct {
		answer  error
		forGood bool
		says    string
	}{
		"no such mailbox": {mailtest.NoSuchMailbox, true, "refuses the recipient: 550 5.1.1"},
		"not now":         {mailtest.TryLater, false, "the recipient now: 451 4.3.0"},
		"not you":         {mailtest.NotYou, false, "550 5.7.1"},
	} {
		server.Answer(mailtest.Always(c.answer))
		err := s.Send(t.Context(), code())
		if errors.Is(err, enrolments.ErrUndeliverable) != c.forGood || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(err.Error(), "ana") || strings.Contains(err.Error(), "482913") {
			t.Errorf("%s: it says %v", name, err)
		}
	}
	wrong := sender(t, config(t, server, func(c *mail.Config) { c.Password = enrolments.SecretOf("a guess") }))
	err := wrong.Send(t.Context(), code())
	if errors.Is(err, enrolments.ErrUndeliverable) || err == nil || !strings.Contains(err.Error(), "535") || strings.Contains(err.Error(), "guess") {
		t.Errorf("a wrong password: got %v", err)
	}
}

func TestACheckSaysWhatTheServerSaid(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	s := sender(t, config(t, server))
	answer, err := s.Check(t.Context(), ana)
	if err != nil || !strings.Contains(answer, "queued") {
		t.Errorf("got %q, %v", answer, err)
	}
	if got := server.Next(t, ana); got.Subject != "Example Ltd: Test of the mail settings" {
		t.Errorf("the subject is %q", got.Subject)
	}
	server.Answer(mailtest.Always(mailtest.NoSuchMailbox))
	if _, err := s.Check(t.Context(), ana); err == nil || !strings.Contains(err.Error(), "no such mailbox here") {
		t.Errorf("got %v", err)
	}
}

// mute is a server that takes connections and says nothing.
func mute(t *testing.T) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr()
}

func TestAHangingServerIsLeftWhenTheCallerLeaves(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	asked := make(chan struct{}, 1)
	server.Answer(func(to string) error { asked <- struct{}{}; return server.Hang(to) })
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- sender(t, config(t, server)).Send(ctx, code()) }()
	<-asked
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("at the recipient: got %v", err)
	}

	silent, err := mail.ParseServer("smtps://" + mute(t).String())
	if err != nil {
		t.Fatal(err)
	}
	for _, security := range []mail.Security{mail.TLS, mail.StartTLS, mail.Plain} {
		ctx, leave := context.WithCancel(t.Context())
		s := sender(t, config(t, server, func(c *mail.Config) { c.Server = silent; c.Server.Security = security }))
		go func() { done <- s.Send(ctx, code()) }()
		leave()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("before the greeting, security %d: got %v", security, err)
		}
	}
}

func TestThreeLettersAreOnTheWayAtMost(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	asked, goOn := make(chan struct{}, 8), make(chan struct{})
	server.Answer(func(string) error {
		asked <- struct{}{}
		<-goOn
		return nil
	})
	s := sender(t, config(t, server))
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := s.Send(t.Context(), code()); err != nil {
				t.Error(err)
			}
		})
	}
	for range 3 {
		<-asked
	}
	impatient, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if err := s.Send(impatient, code()); !errors.Is(err, context.DeadlineExceeded) || len(asked) != 0 {
		t.Errorf("the fourth: got %v, and the server was asked %d times more", err, len(asked))
	}
	close(goOn)
	all.Wait()
	if got := len(server.All()); got != 3 {
		t.Errorf("%d letters arrived", got)
	}
}

func TestNoValueBecomesAHeader(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	const evil = "x\r\nBcc: eve@example.com\r\n\r\nbody"
	if err := sender(t, config(t, server, func(c *mail.Config) { c.From.Name = evil })).Send(t.Context(), code()); err == nil {
		t.Error("a name of two lines was sent")
	}
	s := sender(t, config(t, server, func(c *mail.Config) { c.Writer.Server = evil }))
	l := notice()
	l.Detail, l.Where, l.User, l.Application, l.Event = evil, evil, evil, evil, evil
	if err := s.Send(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	got := server.Next(t, ana)
	if got.Header.Get("Bcc") != "" || got.Text == "" || got.HTML == "" {
		t.Errorf("the mail is\n%s", got.Raw)
	}
	l.To = ana + ">\r\nRCPT TO:<eve@example.com"
	if err := s.Send(t.Context(), l); !errors.Is(err, enrolments.ErrUndeliverable) || strings.Contains(err.Error(), "eve") {
		t.Errorf("got %v", err)
	}
	for _, line := range readLines(string(got.Raw)) {
		if len(line) > 998 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

func readLines(text string) (lines []string) {
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

func TestASenderThatCouldNotWorkIsRefusedAtStart(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	for name, change := range map[string]func(*mail.Config){
		"a user without a password": func(c *mail.Config) { c.Server.User = "x" },
		"a password without a user": func(c *mail.Config) { c.Password = enrolments.SecretOf("x") },
		"a password in clear": func(c *mail.Config) {
			c.Server.Security, c.Server.User, c.Password = mail.Plain, "x", enrolments.SecretOf("x")
		},
		"a language without words": func(c *mail.Config) { c.Writer.Language = "tlh" },
	} {
		if _, err := mail.New(config(t, server, change)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAServerIsReadFromItsURL(t *testing.T) {
	for text, want := range map[string]mail.Server{
		"smtp://mail.example.com":                        {Host: "mail.example.com", Port: 587},
		"smtp://mail.example.com:25":                     {Host: "mail.example.com", Port: 25},
		"smtps://ana@example.com@mail.example.com":       {Host: "mail.example.com", Port: 465, Security: mail.TLS, User: "ana@example.com"},
		"smtp://ana%40example.com@mail.example.com:2525": {Host: "mail.example.com", Port: 2525, User: "ana@example.com"},
		"smtp://[::1]:25/":                               {Host: "::1", Port: 25},
	} {
		if got, err := mail.ParseServer(text); got != want || err != nil {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "mail.example.com:587", "http://mail.example.com", "smtp://", "smtp://u:secret@mail.example.com",
		"smtp://mail.example.com:0", "smtp://mail.example.com:65536", "smtp://mail.example.com/x", "smtp://mail.example.com?x=1",
	} {
		if got, err := mail.ParseServer(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
}

func TestWhomLettersComeFromIsReadFromText(t *testing.T) {
	for text, want := range map[string]netmail.Address{
		"sign-in@example.com":                 {Address: "sign-in@example.com"},
		"Example Ltd <sign-in@Example.com>":   {Name: "Example Ltd", Address: "sign-in@example.com"},
		`"Müller & Söhne" <mail@müller.test>`: {Name: "Müller & Söhne", Address: "mail@xn--mller-kva.test"},
	} {
		if got, err := mail.ParseFrom(text); got != want || err != nil {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "Example Ltd", "<>", "a@b", "x <a@example.com>, <b@example.com>", "a\u202eb <a@example.com>"} {
		if got, err := mail.ParseFrom(text); err == nil {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}
