package main

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"strings"

	"countersign/push"
	"countersign/push/apns"
	"countersign/push/fcm"
	"countersign/push/webpush"
)

// pushFlags say which delivery services may be used.
type pushFlags struct {
	FCMCredentialsFile string   `name:"fcm-credentials-file" placeholder:"FILE" help:"Firebase service account (JSON): turns FCM on."`
	FCMEndpoint        string   `name:"fcm-endpoint" placeholder:"URL" help:"Another FCM endpoint."`
	APNsKeyFile        string   `name:"apns-key-file" placeholder:"FILE" help:"APNs signing key (.p8): turns APNs on, with the next three."`
	APNsKeyID          string   `name:"apns-key-id" placeholder:"ID" help:"Key ID of the .p8, 10 characters."`
	APNsTeamID         string   `name:"apns-team-id" placeholder:"ID" help:"Team ID, 10 characters."`
	APNsCertFile       string   `name:"apns-certificate-file" placeholder:"FILE" help:"APNs certificate with its key (.pem or .p12) instead of the signing key; --apns-topic goes with it."`
	APNsCertPassword   string   `name:"apns-certificate-password-file" placeholder:"FILE" help:"File that holds the password of the certificate."`
	APNsTopic          string   `name:"apns-topic" placeholder:"BUNDLE" help:"Bundle id of the app."`
	APNsEndpoint       string   `name:"apns-endpoint" placeholder:"URL" help:"Another APNs endpoint, production and sandbox."`
	VAPIDKeyFile       string   `name:"vapid-key-file" placeholder:"FILE" help:"Web Push key: turns Web Push on. Make one with: countersign keys vapid."`
	VAPIDSubject       string   `name:"vapid-subject" placeholder:"URL" help:"mailto: or https: where push services reach you; needed with --vapid-key-file."`
	PushHost           []string `name:"push-host" placeholder:"HOST" help:"Web Push hosts allowed beside the known services."`
	PushNetwork        []string `name:"push-network" placeholder:"CIDR" help:"Private networks that Web Push may dial."`
	PushCAFile         string   `name:"push-ca-file" placeholder:"FILE" help:"Authorities (PEM) trusted for delivery services, instead of the system's."`
}

// delivery is what the push flags amount to.
type delivery struct {
	senders map[push.Service]push.Sender
	// nil where the service is not configured.
	fcm     *fcm.Sender
	apns    *apns.Sender
	webPush *webpush.Sender
}

// delivery makes the configured senders.
func (f pushFlags) delivery(log *slog.Logger) (d delivery, err error) {
	roots, err := readRoots(f.PushCAFile)
	if err != nil {
		return d, fmt.Errorf("--push-ca-file: %w", err)
	}
	d.senders = make(map[push.Service]push.Sender)
	if f.FCMCredentialsFile != "" {
		d.fcm, err = fcm.New(fcm.Config{ServiceAccountFile: f.FCMCredentialsFile, Endpoint: f.FCMEndpoint, RootCAs: roots, Log: log})
		if err != nil {
			return d, fmt.Errorf("--fcm-credentials-file: %w", err)
		}
		d.senders[push.FCM] = d.fcm
	}
	if f.APNsKeyFile != "" || f.APNsCertFile != "" {
		if d.apns, err = f.newAPNs(roots, log); err != nil {
			return d, fmt.Errorf("--apns-key-file and its like: %w", err)
		}
		d.senders[push.APNs] = d.apns
	}
	if f.VAPIDKeyFile != "" {
		if d.webPush, err = f.newWebPush(roots, log); err != nil {
			return d, err
		}
		d.senders[push.WebPush] = d.webPush
	}
	return d, nil
}

func (f pushFlags) newAPNs(roots *x509.CertPool, log *slog.Logger) (*apns.Sender, error) {
	password := ""
	if f.APNsCertPassword != "" {
		var err error
		if password, err = readSmall(f.APNsCertPassword); err != nil {
			return nil, err
		}
	}
	return apns.New(apns.Config{
		Topic: f.APNsTopic, KeyFile: f.APNsKeyFile, KeyID: f.APNsKeyID, TeamID: f.APNsTeamID,
		CertificateFile: f.APNsCertFile, CertificatePassword: password,
		Production: f.APNsEndpoint, Sandbox: f.APNsEndpoint, RootCAs: roots, Log: log,
	})
}

func (f pushFlags) newWebPush(roots *x509.CertPool, log *slog.Logger) (*webpush.Sender, error) {
	networks, err := prefixes("--push-network", f.PushNetwork)
	if err != nil {
		return nil, err
	}
	s, err := webpush.New(webpush.Config{
		KeyFile: f.VAPIDKeyFile, Subject: f.VAPIDSubject, AllowHosts: f.PushHost, AllowNetworks: networks, RootCAs: roots, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("--vapid-key-file and its like: %w", err)
	}
	return s, nil
}

// allowed refuses push targets of services that are not configured, since they
// could never be woken.
func (d delivery) allowed(t push.Target) error {
	if _, ok := d.senders[t.Service]; !ok {
		return fmt.Errorf("%w: this server does not push through %s; configured: %s", push.ErrBadTarget, t.Service, names(d.senders))
	}
	if t.Service == push.WebPush {
		return d.webPush.Allowed(t)
	}
	return nil
}

// webPushKey is what browsers subscribe with; empty without Web Push.
func (d delivery) webPushKey() string {
	if d.webPush == nil {
		return ""
	}
	return d.webPush.PublicKey()
}

func names(senders map[push.Service]push.Sender) string {
	var all []string
	for _, service := range []push.Service{push.FCM, push.APNs, push.WebPush} {
		if _, ok := senders[service]; ok {
			all = append(all, string(service))
		}
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
