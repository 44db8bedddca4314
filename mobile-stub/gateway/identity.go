package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Credentials are made anew at each start and are good for this gateway alone.
type Credentials struct {
	// ServiceAccount is a Google service account key in JSON whose token_uri is
	// the gateway's.
	ServiceAccount []byte
	// APNsKey is a .p8 key; KeyID, TeamID and Topic go with it.
	APNsKey              []byte
	KeyID, TeamID, Topic string
	// APNsCertificate is a client certificate with its key, in PEM.
	APNsCertificate []byte
}

// Files are what Start writes into Options.Dir.
const (
	CAFile              = "ca.pem"
	ServiceAccountFile  = "service-account.json"
	APNsKeyFile         = "apns.p8"
	APNsCertificateFile = "apns-certificate.pem"
)

const (
	keyID       = "GATEWAYKEY" // ten characters, as Apple's
	teamID      = "GATEWAYTEA"
	clientEmail = "sender@countersign-demo.iam.gserviceaccount.com"
)

// identity is the gateway's keys: its certificate authority, and the halves of
// the callers' keys that it checks against.
type identity struct {
	ca      *x509.Certificate
	caKey   *ecdsa.PrivateKey
	server  tls.Certificate
	account *rsa.PrivateKey   // signs for the service account
	apns    *ecdsa.PrivateKey // signs provider tokens
	client  tls.Certificate   // proves a provider by TLS
}

func newIdentity() (*identity, error) {
	var id identity
	var errs [4]error
	id.caKey, errs[0] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	id.apns, errs[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	id.account, errs[2] = rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(errs[:3]...); err != nil {
		return nil, err
	}
	if id.ca, errs[0] = id.makeCA(); errs[0] != nil {
		return nil, errs[0]
	}
	id.server, errs[1] = id.issue("gateway", x509.ExtKeyUsageServerAuth)
	id.client, errs[2] = id.issue("Apple Push Services: gateway", x509.ExtKeyUsageClientAuth)
	return &id, errors.Join(errs[:]...)
}

func certificate(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // crypto/rand does not fail
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 1, 0),
	}
}

func (id *identity) makeCA() (*x509.Certificate, error) {
	c := certificate("Countersign local gateway")
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, c, c, id.caKey.Public(), id.caKey)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (id *identity) issue(name string, usage x509.ExtKeyUsage) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := certificate(name)
	c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{usage}
	c.DNSNames = []string{"localhost"}
	c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	der, err := x509.CreateCertificate(rand.Reader, c, id.ca, key.Public(), id.caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// serverTLS asks for a client certificate and leaves judging it to the handler,
// which can say what is wrong.
func (id *identity) serverTLS() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{id.server},
		ClientAuth:   tls.RequestClientCert,
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}
}

// ours says whether a client certificate was issued here.
func (id *identity) ours(chain []*x509.Certificate) bool {
	roots := x509.NewCertPool()
	roots.AddCert(id.ca)
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}

func (id *identity) credentials(g *Gateway) Credentials {
	account, _ := json.MarshalIndent(map[string]string{ // strings always marshal
		"type":           "service_account",
		"project_id":     g.options.Project,
		"private_key_id": "gateway",
		"private_key":    string(pkcs8(id.account)),
		"client_email":   clientEmail,
		"token_uri":      g.TokenURL,
	}, "", "  ")
	return Credentials{
		ServiceAccount:  account,
		APNsKey:         pkcs8(id.apns),
		KeyID:           keyID,
		TeamID:          teamID,
		Topic:           g.options.Topic,
		APNsCertificate: append(certPEM(id.client.Certificate[0]), pkcs8(id.client.PrivateKey)...),
	}
}

func (g *Gateway) writeFiles() error {
	if g.options.Dir == "" {
		return nil
	}
	for name, text := range map[string][]byte{
		CAFile:              certPEM(g.identity.ca.Raw),
		ServiceAccountFile:  g.Credentials.ServiceAccount,
		APNsKeyFile:         g.Credentials.APNsKey,
		APNsCertificateFile: g.Credentials.APNsCertificate,
	} {
		if err := os.WriteFile(filepath.Join(g.options.Dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func pkcs8(key any) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(fmt.Sprintf("gateway: a key of our own: %v", err))
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
