package bench

import (
	"context"
	"net/http"

	"countersign/cmd/countersign/parties"
	"countersign/mobile-stub/phone"
)

// application is the one that a server was made ready for.
func application(client *http.Client, server serverReady) parties.Application {
	return parties.Application{Server: server.URL, Key: server.Key, Client: client}
}

// pair pairs a phone with a person at a server.
func pair(ctx context.Context, app parties.Application, user string, as phone.Pairing) (*phone.Phone, phone.Account, error) {
	set, err := app.Open(ctx, user, "")
	if err != nil {
		return nil, phone.Account{}, err
	}
	p := phone.New(phone.Options{HTTP: app.Client})
	account, err := set.Pair(ctx, p, as)
	return p, account, err
}
