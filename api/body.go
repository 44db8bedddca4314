package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

const (
	// maxBody bounds a request's body in bytes.
	maxBody = 64 << 10
	// maxDepth bounds how deep a body nests; our own nest two deep.
	maxDepth = 16
)

// readBody reads the whole body within maxBody.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, errBodyTooLarge
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, errBodyTooLarge
	}
	if err != nil {
		return nil, errBody
	}
	return raw, nil
}

// checkBody refuses a body of another kind than JSON. Where the route takes no
// body, an empty one or {} is let through.
func checkBody(r *http.Request, raw []byte, wanted bool) error {
	if len(raw) == 0 {
		if wanted {
			return errBody
		}
		return nil
	}
	if !isJSON(r.Header) {
		return errMediaType
	}
	if wanted {
		return nil
	}
	var empty any
	if err := decodeStrict(raw, &empty); err != nil {
		return err
	}
	if members, ok := empty.(map[string]any); !ok || len(members) > 0 {
		return errBody
	}
	return nil
}

// isJSON reports whether a body is plain JSON in UTF-8.
func isJSON(h http.Header) bool {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "application/json" || h.Get("Content-Encoding") != "" {
		return false
	}
	charset, given := params["charset"]
	return len(params) == 0 || (len(params) == 1 && given && strings.EqualFold(charset, "utf-8"))
}

// strictJSON is how huma reads and writes JSON here.
func strictJSON() huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error {
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			return enc.Encode(v)
		},
		Unmarshal: func(data []byte, v any) error {
			if plain, ok := v.(*any); ok {
				return decodeStrict(data, plain)
			}
			if err := json.Unmarshal(data, v); err != nil {
				return errBody // its text would name our types
			}
			return nil
		},
	}
}

// decodeStrict reads one JSON value into maps and slices. A member that comes
// twice, or in other letters than the protocol's (encoding/json would take
// "USER" for "user"), is refused: two readers of one body must never see two
// different requests.
func decodeStrict(data []byte, out *any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	v, err := value(dec, 0)
	if err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("%w: something follows the JSON value", errBody)
	}
	*out = v
	return nil
}

func value(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, fmt.Errorf("%w: not JSON at byte %d", errBody, dec.InputOffset())
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: it nests too deep", errBody)
	}
	switch token {
	case json.Delim('{'):
		return object(dec, depth)
	case json.Delim('['):
		return array(dec, depth)
	}
	// The decoder puts U+FFFD for what is no UTF-8: many names would become
	// one.
	if text, ok := token.(string); ok && strings.ContainsRune(text, utf8.RuneError) {
		return nil, fmt.Errorf("%w: a text is not UTF-8", errBody)
	}
	return token, nil
}

func object(dec *json.Decoder, depth int) (any, error) {
	out := map[string]any{}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, fmt.Errorf("%w: not JSON at byte %d", errBody, dec.InputOffset())
		}
		if _, twice := out[name]; twice || !plainName(name) {
			return nil, fmt.Errorf("%w: a member is there twice or not in lower-case ASCII", errBody)
		}
		if out[name], err = value(dec, depth+1); err != nil {
			return nil, err
		}
	}
	return out, closing(dec)
}

func array(dec *json.Decoder, depth int) (any, error) {
	out := []any{}
	for dec.More() {
		v, err := value(dec, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, closing(dec)
}

// closing reads the delimiter that ends an object or an array.
func closing(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("%w: not JSON at byte %d", errBody, dec.InputOffset())
	}
	return nil
}

func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c >= 0x80 || (c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return true
}
