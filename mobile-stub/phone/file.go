package phone

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	fileVersion = 1
	// maxFile bounds the state file; a hundred accounts need a tenth of it.
	maxFile = 1 << 20
	// others are the permission bits of everybody but the owner.
	others fs.FileMode = 0o077
)

var (
	// ErrExposed: others may read or write the state file, which holds private
	// keys. Take the keys for stolen, or run chmod 600 on it.
	ErrExposed = errors.New("phone: the state file is open to others, run chmod 600 on it")
	// ErrState: the state file is damaged or of another version.
	ErrState = errors.New("phone: the state file cannot be used")
)

// stateFile is the state on disk.
type stateFile struct {
	Version  int       `json:"version"`
	Accounts []account `json:"accounts"`
}

// Open makes a phone that is kept in a file. A file that is not there yet is
// made, with mode 0600, by the first change. Errors: ErrExposed, ErrState, or
// the file system's.
func Open(path string, o Options) (*Phone, error) {
	accounts, err := readFile(path)
	if err != nil {
		return nil, err
	}
	p := New(o)
	p.path, p.accounts = path, accounts
	return p, nil
}

// change runs f over a copy of the accounts and keeps what it returns, on disk
// first. The file is read anew, so that a change which another process made is
// not undone.
func (p *Phone) change(f func([]account) ([]account, error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	current := p.accounts
	if p.path != "" {
		var err error
		if current, err = readFile(p.path); err != nil {
			return err
		}
	}
	changed, err := f(slices.Clone(current))
	if err != nil {
		return err
	}
	if p.path != "" {
		if err := writeFile(p.path, changed); err != nil {
			return err
		}
	}
	p.accounts = changed
	return nil
}

func readFile(path string) ([]account, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat() // of what was opened: the path may point elsewhere by now
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrState, path)
	}
	if info.Mode().Perm()&others != 0 {
		return nil, fmt.Errorf("%w: %s", ErrExposed, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	return parseState(text)
}

// parseState reads a state file. On error it gives no account at all.
func parseState(text []byte) ([]account, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrState, maxFile)
	}
	var s stateFile
	if err := json.Unmarshal(text, &s); err != nil {
		if errors.Is(err, ErrKey) {
			return nil, fmt.Errorf("%w: %w", ErrState, err)
		}
		return nil, fmt.Errorf("%w: not the JSON it should be", ErrState)
	}
	if s.Version != fileVersion {
		return nil, fmt.Errorf("%w: version %d, want %d", ErrState, s.Version, fileVersion)
	}
	for i, a := range s.Accounts {
		if err := a.check(); err != nil {
			return nil, err
		}
		if indexOf(s.Accounts[:i], a.DeviceID) >= 0 {
			return nil, fmt.Errorf("%w: account %d is there twice", ErrState, i+1)
		}
	}
	if len(s.Accounts) > maxAccounts {
		return nil, fmt.Errorf("%w: more than %d accounts", ErrState, maxAccounts)
	}
	return s.Accounts, nil
}

func (a account) check() error {
	server, err := parseServer(a.Server)
	switch {
	case err != nil || server != a.Server:
		return fmt.Errorf("%w: an account's server is no address of one", ErrState)
	case !validID(a.DeviceID):
		return fmt.Errorf("%w: an account has no device id", ErrState)
	case a.Key == nil:
		return fmt.Errorf("%w: an account has no key", ErrState)
	case a.State != Claimed && a.State != Active:
		return fmt.Errorf("%w: an account is neither claimed nor active", ErrState)
	case a.Codes != nil && a.Codes.check() != nil:
		return fmt.Errorf("%w: an account's codes cannot be made", ErrState)
	case a.Push != nil && a.Push.check() != nil:
		return fmt.Errorf("%w: an account's push target cannot be used", ErrState)
	}
	return nil
}

// writeFile replaces the file in one step: a crash leaves the old or the new
// one, never half of one.
func writeFile(path string, accounts []account) error {
	text, err := json.MarshalIndent(stateFile{fileVersion, accounts}, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".countersign-phone-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
