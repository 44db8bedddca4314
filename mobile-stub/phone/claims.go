package phone

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// The three values of a header's typ. Each token is good for one purpose.
const (
	TypPair   = "countersign-pair+jwt"
	TypProof  = "countersign-phone+jwt"
	TypAnswer = "countersign-answer+jwt"
)

// Header is a JWS header with every member that the protocol names.
type Header struct {
	Alg Algorithm `json:"alg"`
	Typ string    `json:"typ"`
	Kid string    `json:"kid,omitempty"` // the device id; absent at pairing
}

// PairClaims are what a phone signs to prove that it has the key it pairs.
type PairClaims struct {
	Aud string `json:"aud"` // U
	Tkt string `json:"tkt"` // b64u(SHA-256(ticket))
	Jkt string `json:"jkt"` // thumbprint of the public key
	Iat int64  `json:"iat"` // Unix seconds
}

// ProofClaims are what a phone signs for every later request.
type ProofClaims struct {
	Htm string `json:"htm"` // method
	Htu string `json:"htu"` // U and path, no query
	Iat int64  `json:"iat"` // Unix seconds
	Jti string `json:"jti"` // 16–64 base64url characters, used once
	Bod string `json:"bod"` // b64u(SHA-256(body))
}

// AnswerClaims are what a phone signs when its person has decided.
type AnswerClaims struct {
	Iss      string   `json:"iss"` // the device id
	Aud      string   `json:"aud"` // U
	Txn      string   `json:"txn"` // the approval id
	Nonce    string   `json:"nonce"`
	Decision Decision `json:"decision"`
	Number   string   `json:"number,omitempty"` // only with Approve
	Dsp      string   `json:"dsp"`              // b64u(SHA-256(display))
	Iat      int64    `json:"iat"`              // Unix seconds
}

// Decision is what the person chose.
type Decision string

// The decisions there are.
const (
	Approve Decision = "approve"
	Deny    Decision = "deny"
	Report  Decision = "report" // deny, and tell the administrator
)

// NewPairClaims are the honest claims for pairing k at server with ticket.
func NewPairClaims(server, ticket string, k *Key, now time.Time) PairClaims {
	return PairClaims{Aud: server, Tkt: digest([]byte(ticket)), Jkt: k.Public().Thumbprint(), Iat: now.Unix()}
}

// NewProofClaims are the honest claims for one request. url is U and path.
func NewProofClaims(method, url string, body []byte, now time.Time) ProofClaims {
	return ProofClaims{Htm: method, Htu: url, Iat: now.Unix(), Jti: randomID(), Bod: digest(body)}
}

// NewAnswerClaims are the honest claims for an answer to r. number is left out
// unless d is Approve.
func NewAnswerClaims(server, device string, r Request, d Decision, number string, now time.Time) AnswerClaims {
	if d != Approve {
		number = ""
	}
	return AnswerClaims{
		Iss: device, Aud: server, Txn: r.ID, Nonce: r.Nonce, Decision: d, Number: number,
		Dsp: digest([]byte(r.Display)), Iat: now.Unix(),
	}
}

// SignPair signs claims as a proof for POST /v1/pair.
func SignPair(k *Key, c PairClaims) (string, error) {
	return SignCompact(k, Header{Alg: k.Algorithm(), Typ: TypPair}, c)
}

// SignProof signs claims as the value of Phone-Proof.
func SignProof(k *Key, device string, c ProofClaims) (string, error) {
	return SignCompact(k, Header{Alg: k.Algorithm(), Typ: TypProof, Kid: device}, c)
}

// SignAnswer signs claims as an answer.
func SignAnswer(k *Key, device string, c AnswerClaims) (string, error) {
	return SignCompact(k, Header{Alg: k.Algorithm(), Typ: TypAnswer, Kid: device}, c)
}

// SignCompact signs any header and payload as a compact JWS (RFC 7515 section
// 3.1), true or not: a header may name another algorithm than the key's. It is
// how tests make tokens that a server must refuse.
func SignCompact(k *Key, header, payload any) (string, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("jws header: %w", err)
	}
	p, err := json.Marshal(payload)
	if err != nil {
		return "", fmt.Errorf("jws payload: %w", err)
	}
	input := encode(h) + "." + encode(p)
	signature, err := k.sign([]byte(input))
	if err != nil {
		return "", err
	}
	return input + "." + encode(signature), nil
}

// randomID is 128 bits of chance in 22 characters, enough to be used once.
func randomID() string { return encode(random(16)) }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails: crypto/rand ends the program first
	return b
}
