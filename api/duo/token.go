package duo

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// identityLife is that of an identity token: it is read at once.
const identityLife = 5 * time.Minute

// identity is who has signed in, and how. Flags that nobody knows are
// "unknown", which the strictest library reads.
type identity struct {
	Iss      string        `json:"iss"`
	Aud      string        `json:"aud"`
	Sub      string        `json:"sub"`
	Username string        `json:"preferred_username"`
	Nonce    string        `json:"nonce,omitempty"`
	Iat      int64         `json:"iat"`
	Exp      int64         `json:"exp"`
	AuthTime int64         `json:"auth_time"`
	Result   identityBrief `json:"auth_result"`
	Context  identityFacts `json:"auth_context"`
}

type identityBrief struct {
	Result  string `json:"result"`
	Status  string `json:"status"`
	Message string `json:"status_msg"`
}

type identityFacts struct {
	Txid         string         `json:"txid"`
	Timestamp    int64          `json:"timestamp"`
	ISOTimestamp string         `json:"isotimestamp"`
	EventType    string         `json:"event_type"`
	Result       string         `json:"result"`
	Reason       string         `json:"reason"`
	Factor       string         `json:"factor"`
	User         identityUser   `json:"user"`
	Application  identityNamed  `json:"application"`
	AccessDevice identityAccess `json:"access_device"`
	AuthDevice   identityDevice `json:"auth_device"`
}

type identityNamed struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

type identityUser struct {
	Name   string   `json:"name"`
	Key    string   `json:"key"`
	Groups []string `json:"groups"`
}

type identityAccess struct {
	IP         string `json:"ip"`
	Browser    string `json:"browser"`
	Encryption string `json:"is_encryption_enabled"`
	Firewall   string `json:"is_firewall_enabled"`
	Password   string `json:"is_password_set"`
}

type identityDevice struct {
	Name string `json:"name"`
}

type tokenReply struct {
	IDToken     string `json:"id_token"`
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
}

type tokenProblem struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// errGrant: the code is wrong, spent, late, or another's.
var errGrant = errors.New("the code is not valid")

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	reply, err := s.trade(w, r)
	switch {
	case err == nil:
		s.write(w, asJSON, http.StatusOK, reply)
	case errors.Is(err, errGrant):
		s.write(w, asJSON, http.StatusBadRequest, tokenProblem{"invalid_grant", "The provided code was invalid."})
	case errors.Is(err, errToken):
		s.write(w, asJSON, http.StatusBadRequest, tokenProblem{"invalid_client", "The provided client_assertion was invalid."})
	case errors.Is(err, errParameter):
		s.write(w, asJSON, http.StatusBadRequest, tokenProblem{"invalid_request", "A parameter is missing or not valid."})
	default:
		s.config.Log.Error("a code could not be traded", "error", err)
		s.write(w, asJSON, http.StatusInternalServerError, tokenProblem{"server_error", "Try again."})
	}
}

// trade gives an identity for a code, once.
func (s *Server) trade(w http.ResponseWriter, r *http.Request) (reply tokenReply, err error) {
	in, err := formOf(w, r)
	if err != nil {
		return reply, err
	}
	const bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	if in.Get("grant_type") != "authorization_code" || in.Get("client_assertion_type") != bearer {
		return reply, detail(errParameter, "grant_type or client_assertion_type")
	}
	clientID := in.Get("client_id")
	if clientID == "" {
		clientID = claimedClient(in.Get("client_assertion"))
	}
	i, _, host, err := s.proveApplication(r.Context(), clientID, in.Get("client_assertion"), pathToken)
	if err != nil {
		return reply, err
	}
	var brought code
	if err := openText(i.Secret, "countersign-duo-code", in.Get("code"), &brought); err != nil || brought.Redirect != named(in.Get("redirect_uri")) {
		return reply, errGrant
	}
	a, _, err := s.config.Approvals.Redeem(r.Context(), i.Application, brought.Approval, enrolments.SecretOf(brought.Result))
	if errors.Is(err, approvals.ErrResult) || errors.Is(err, approvals.ErrNotFound) {
		err = errGrant
	}
	if err != nil {
		return reply, err
	}
	token, err := signToken(i.Secret, s.identity(i, a, brought, host))
	return tokenReply{token, enrolments.NewSecret().Reveal(), "Bearer", int64(identityLife / time.Second)}, err
}

// claimedClient is whose an assertion says it is, before it is verified.
func claimedClient(token string) string {
	var a assertion
	if parts := splitToken(token); parts == nil || decodePart(parts[1], &a, false) != nil {
		return ""
	}
	return a.Iss
}

func (s *Server) identity(i enrolments.Integration, a approvals.Approval, brought code, host string) identity {
	now := s.now()
	var shown struct {
		IP      string `json:"ip"`
		Browser string `json:"browser"`
	}
	_ = json.Unmarshal([]byte(a.Display), &shown) // what is not there stays empty
	return identity{
		Iss: "https://" + host + pathToken, Aud: string(i.Key), Sub: a.User, Username: brought.User, Nonce: brought.Nonce,
		Iat: now.Unix(), Exp: now.Add(identityLife).Unix(), AuthTime: a.Settled.Unix(),
		Result: identityBrief{resultAllow, resultAllow, "Login Successful"},
		Context: identityFacts{
			Txid: string(a.ID), Timestamp: a.Settled.Unix(), ISOTimestamp: a.Settled.Format(time.RFC3339Nano),
			EventType: "authentication", Result: "success", Reason: reasonOf(a.Method), Factor: factorOf(a.Method),
			User:         identityUser{Name: brought.User, Key: string(a.Person), Groups: []string{}},
			Application:  identityNamed{a.ApplicationName, string(i.Key)},
			AccessDevice: identityAccess{IP: shown.IP, Browser: shown.Browser, Encryption: unknown, Firewall: unknown, Password: unknown},
			AuthDevice:   identityDevice{phoneName(a)},
		},
	}
}

const unknown = "unknown"

func factorOf(m approvals.Method) string {
	switch m {
	case approvals.ByPush:
		return "push"
	case approvals.ByTOTP:
		return "passcode"
	case approvals.ByRecoveryCode:
		return "bypass_code"
	}
	return "not_available"
}

func reasonOf(m approvals.Method) string {
	if m == approvals.ByPush {
		return "user_approved"
	}
	if m == approvals.NotRequired {
		return "allow_unenrolled_user"
	}
	return "valid_passcode"
}

// phoneName is the name of the phone that approved, if one did.
func phoneName(a approvals.Approval) string {
	for _, p := range a.Phones {
		if p.ID == a.SettledBy {
			return p.Name
		}
	}
	return ""
}

// showAddress is an address as text, or nothing.
func showAddress(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
