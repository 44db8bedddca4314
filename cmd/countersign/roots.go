package main

import (
	"crypto/x509"
	"errors"
	"os"
)

// readRoots reads authorities from a PEM file; nil, meaning the system's, for
// no file.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New(path + " holds no certificate in PEM")
	}
	return pool, nil
}
