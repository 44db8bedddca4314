package fcm

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
)

// account is what we need of a service account key.
type account struct {
	Type         string `json:"type"`
	ProjectID    string `json:"project_id"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	ClientEmail  string `json:"client_email"`
	TokenURI     string `json:"token_uri"`
}

// maxAccount bounds the key file; Google's have some 2.5 KiB.
const maxAccount = 64 << 10

func readAccount(path string) (account, error) {
	var a account
	if path == "" {
		return a, fmt.Errorf("fcm: no service account file named")
	}
	f, err := os.Open(path)
	if err != nil {
		return a, fmt.Errorf("fcm: service account file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxAccount))
	if err != nil {
		return a, fmt.Errorf("fcm: service account file: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		// The decoder's text may quote the file.
		return a, fmt.Errorf("fcm: service account file %s is not JSON of at most %d bytes", path, maxAccount)
	}
	if a.TokenURI == "" {
		a.TokenURI = "https://oauth2.googleapis.com/token"
	}
	if err := a.check(); err != nil {
		return a, fmt.Errorf("fcm: service account file %s %w", path, err)
	}
	return a, nil
}

// check continues a sentence that began with the file's name.
func (a account) check() error {
	if a.Type != "service_account" {
		return fmt.Errorf(`has type %.40q, want "service_account"`, a.Type)
	}
	for name, value := range map[string]string{
		"project_id": a.ProjectID, "private_key": a.PrivateKey, "client_email": a.ClientEmail,
	} {
		if value == "" {
			return fmt.Errorf("has no %s", name)
		}
	}
	if url.PathEscape(a.ProjectID) != a.ProjectID {
		return fmt.Errorf("has a project_id that is no project's name")
	}
	return nil
}
