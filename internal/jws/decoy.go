package jws

// Public keys of the examples of RFC 7515 (appendix A.3) and RFC 8037 (appendix
// A.1). Their private halves stand there too: nothing may be let in by them.
const (
	decoyES256 = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	decoyEdDSA = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
)

// Decoy is a key for an algorithm, to verify a token by whose own key is not
// there, so that this takes as long as if it were. Whatever comes of it, the token
// is to be refused: anybody may sign by such a key. It is the zero Key for an
// algorithm that no Key has.
func Decoy(alg string) Key {
	text := map[string]string{"ES256": decoyES256, "EdDSA": decoyEdDSA}[alg]
	k, err := ParseKey([]byte(text)) // read anew, as that of a phone is
	if err != nil {
		return Key{}
	}
	return k
}
