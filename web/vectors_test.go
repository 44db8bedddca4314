package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/internal/jws"
)

// signing is what node runs: the page's own modules, with the private key of a
// vector in place of one of their making.
const signing = `
import { readFileSync } from 'node:fs';
const { answer, pairingProof, phoneProof } = await import(process.argv[1] + '/phone/tokens.mjs');
const out = [];
for (const c of JSON.parse(readFileSync(0))) {
  const privateKey = await crypto.subtle.importKey('jwk', c.private_key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const account = { id: c.device_id, privateKey };
  switch (c.kind) {
    case 'pairing': out.push(await pairingProof({ privateKey, jwk: c.public_key }, c.aud, c.ticket, c.now)); break;
    case 'phone': out.push(await phoneProof(account, c.method, c.url, c.body, c.now)); break;
    case 'answer': out.push(await answer(account, c.aud, { id: c.txn, nonce: c.nonce, display: c.display }, { decision: c.decision, number: c.number }, c.now)); break;
  }
}
console.log(JSON.stringify(out));
`

type vector struct {
	Kind       string            `json:"kind"`
	Name       string            `json:"name"`
	Want       string            `json:"want"`
	PublicKey  map[string]string `json:"public_key"`
	PrivateKey map[string]string `json:"private_key"`
	DeviceID   string            `json:"device_id"`
	Ticket     string            `json:"ticket"`
	Method     string            `json:"method"`
	URL        string            `json:"url"`
	Body       string            `json:"body"`
	Aud        string            `json:"aud"`
	Txn        string            `json:"txn"`
	Nonce      string            `json:"nonce"`
	Display    string            `json:"display"`
	Decision   string            `json:"decision"`
	Number     string            `json:"number"`
	Now        int64             `json:"now"`
	Proof      string            `json:"proof"`
	Answer     string            `json:"answer"`
}

func readVectors(t *testing.T, name string) (all []vector) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "approvals", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// goodVectors are the cases that a P-256 phone signs well, with its private
// key; those that were stretched to the longest length no phone would sign so.
func goodVectors(t *testing.T) (good []vector) {
	t.Helper()
	var private map[string]string
	for _, k := range readVectors(t, "keys.json") {
		if k.Name == "ES256" {
			private = k.PrivateKey
		}
	}
	for kind, name := range map[string]string{"pairing": "pairing_proofs.json", "phone": "phone_proofs.json", "answer": "answers.json"} {
		for _, v := range readVectors(t, name) {
			if v.Want != "ok" || v.PublicKey["x"] != private["x"] || strings.Contains(v.Name, "8 KiB") {
				continue
			}
			if body, err := base64.RawURLEncoding.DecodeString(v.Body); err == nil {
				v.Body = string(body)
			}
			v.Kind, v.PrivateKey = kind, private
			good = append(good, v)
		}
	}
	return good
}

func TestWhatThePageSignsVerifiesAsTheVectorsDo(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("COUNTERSIGN_REAL_PARTS") == "1" {
			t.Fatal("node is missing; make test installs it")
		}
		t.Skip("node is missing; make test installs it")
	}
	vectors := goodVectors(t)
	for i, token := range signInNode(t, node, vectors) {
		v := vectors[i]
		t.Run(v.Kind+"/"+v.Name, func(t *testing.T) { compare(t, v, token) })
	}
}

func signInNode(t *testing.T, node string, vectors []vector) (tokens []string) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--input-type=module", "-e", signing, here)
	cmd.Stdin = bytes.NewReader(mustJSON(vectors))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	if err := json.Unmarshal(out, &tokens); err != nil || len(tokens) != len(vectors) || len(tokens) < 5 {
		t.Fatalf("got %d tokens for %d vectors, %v", len(tokens), len(vectors), err)
	}
	return tokens
}

// compare holds a token of the page to that of the vector: both verify under
// the same key, and say the same but for what chance decides.
func compare(t *testing.T, v vector, token string) {
	key, err := jws.ParseKey(mustJSON(v.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	typ := "countersign-" + map[string]string{"pairing": "pair", "phone": "phone", "answer": "answer"}[v.Kind] + "+jwt"
	header, got, err := jws.Verify(token, key, typ)
	if err != nil {
		t.Fatalf("the server would refuse it: %v", err)
	}
	wantHeader, want, err := jws.Verify(v.Proof+v.Answer, key, typ)
	if err != nil {
		t.Fatal(err)
	}
	if header != wantHeader {
		t.Errorf("got header %v, want %v", header, wantHeader)
	}
	var gotClaims, wantClaims map[string]any
	if json.Unmarshal(got, &gotClaims) != nil || json.Unmarshal(want, &wantClaims) != nil {
		t.Fatalf("got claims %s", got)
	}
	if v.Kind == "phone" { // the number that is used once is drawn
		delete(gotClaims, "jti")
		delete(wantClaims, "jti")
	}
	// In some vectors the phone's clock is off; the page is told the right time.
	if gotClaims["iat"] != float64(v.Now) {
		t.Errorf("got iat %v, want %d", gotClaims["iat"], v.Now)
	}
	delete(gotClaims, "iat")
	delete(wantClaims, "iat")
	if g, w := string(mustJSON(gotClaims)), string(mustJSON(wantClaims)); g != w {
		t.Errorf("got claims %s, want %s", g, w)
	}
}
