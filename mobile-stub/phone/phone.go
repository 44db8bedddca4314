package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// maxAccounts bounds what one phone holds.
const maxAccounts = 100

var (
	// ErrNoAccount: this phone has no such account, or none that fits.
	ErrNoAccount = errors.New("phone: no such account")
	// ErrFull: the phone holds as many accounts as it can. Remove one.
	ErrFull = errors.New("phone: too many accounts")
)

// Options say how a phone works. The zero value is complete.
type Options struct {
	// HTTP reaches the servers; nil means http.DefaultTransport. Redirects are
	// refused whatever it says: a proof names one address.
	HTTP *http.Client
	// Now is the phone's clock; nil means time.Now.
	Now func() time.Time
}

// Phone holds accounts at any number of servers, each with its own key, so that
// two servers cannot tell that they talk to one phone. It is safe for
// concurrent use.
type Phone struct {
	http *http.Client
	now  func() time.Time
	path string // of the state file; "" keeps everything in memory

	mu       sync.Mutex // guards accounts and the file
	accounts []account

	codes sync.Mutex // one secret is fetched at a time: a later one voids an earlier
}

// State is how far an account's pairing is.
type State string

// The states of an account. A refused phone has none: the server forgets it.
const (
	Claimed State = "claimed" // the person has yet to compare the digits
	Active  State = "active"
)

// Account is what may be shown of an account.
type Account struct {
	ID         string // the device id
	Server     string // U: the server's public URL
	ServerName string
	User       string
	Name       string // of this phone
	Digits     string // computed by this phone, to compare with the browser's
	State      State
	Algorithm  Algorithm
	Push       Service // None if the phone is not woken
	HasCodes   bool    // Code works
}

// account is what is kept.
type account struct {
	DeviceID   string  `json:"device_id"`
	Server     string  `json:"server"`
	ServerName string  `json:"server_name"`
	User       string  `json:"user"`
	Name       string  `json:"name"`
	Digits     string  `json:"digits"`
	State      State   `json:"state"`
	Key        *Key    `json:"key"`
	Codes      *Secret `json:"codes,omitempty"`
	Push       *Push   `json:"push,omitempty"`
}

func (a account) view() Account {
	v := Account{
		ID: a.DeviceID, Server: a.Server, ServerName: a.ServerName, User: a.User, Name: a.Name,
		Digits: a.Digits, State: a.State, Algorithm: a.Key.Algorithm(), Push: None, HasCodes: a.Codes != nil,
	}
	if a.Push != nil {
		v.Push = a.Push.Service
	}
	return v
}

// New makes a phone that lives in memory.
func New(o Options) *Phone {
	p := &Phone{http: refusingRedirects(o.HTTP), now: o.Now}
	if p.now == nil {
		p.now = time.Now
	}
	return p
}

func refusingRedirects(c *http.Client) *http.Client {
	own := http.Client{}
	if c != nil {
		own = *c
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Accounts are the phone's accounts, oldest first.
func (p *Phone) Accounts() []Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	views := make([]Account, len(p.accounts))
	for i, a := range p.accounts {
		views[i] = a.view()
	}
	return views
}

// Account is one account. The error is ErrNoAccount.
func (p *Phone) Account(id string) (Account, error) {
	a, err := p.account(id)
	if err != nil {
		return Account{}, err
	}
	return a.view(), nil
}

// Key is the private key of an account, for tests that sign by hand.
func (p *Phone) Key(accountID string) (*Key, error) {
	a, err := p.account(accountID)
	return a.Key, err
}

// Remove takes the phone away from its account at the server and forgets the
// account. A server that does not know the phone any more is no error.
func (p *Phone) Remove(ctx context.Context, accountID string) error {
	err := p.exchange(ctx, accountID, exchange{method: http.MethodDelete, path: "/v1/phone"})
	if err != nil && KindOf(err) != PhoneUnknown {
		return err
	}
	return p.Forget(accountID)
}

// Forget drops an account on this phone alone; the server is not told.
func (p *Phone) Forget(accountID string) error {
	return p.change(func(accounts []account) ([]account, error) {
		i := indexOf(accounts, accountID)
		if i < 0 {
			return nil, noAccount(accountID)
		}
		return slices.Delete(accounts, i, i+1), nil
	})
}

func (p *Phone) account(id string) (account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := indexOf(p.accounts, id)
	if i < 0 {
		return account{}, noAccount(id)
	}
	return p.accounts[i], nil
}

func (p *Phone) add(a account) error {
	return p.change(func(accounts []account) ([]account, error) {
		if len(accounts) >= maxAccounts {
			return nil, ErrFull
		}
		if indexOf(accounts, a.DeviceID) >= 0 {
			return nil, fmt.Errorf("%w: it gave a device id that this phone has already", ErrReply)
		}
		return append(accounts, a), nil
	})
}

// edit changes one account.
func (p *Phone) edit(id string, change func(*account)) error {
	return p.change(func(accounts []account) ([]account, error) {
		i := indexOf(accounts, id)
		if i < 0 {
			return nil, noAccount(id)
		}
		change(&accounts[i])
		return accounts, nil
	})
}

func indexOf(accounts []account, id string) int {
	return slices.IndexFunc(accounts, func(a account) bool { return a.DeviceID == id })
}

func noAccount(id string) error { return fmt.Errorf("%w: %s", ErrNoAccount, Plain(id)) }
