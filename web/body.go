package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
)

// body is what a file holds, as it is and as gzip. Files are compressed once,
// at the start; none holds a secret or anything that a request brought, so that
// its compressed length tells nobody anything.
type body struct{ plain, packed []byte }

func newBody(content []byte) body {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil || b.Len() >= len(content) {
		return body{plain: content}
	}
	return body{content, b.Bytes()}
}

func (b body) send(w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Add("Vary", "Accept-Encoding")
	if b.packed == nil || !takesGzip(r.Header.Get("Accept-Encoding")) {
		w.WriteHeader(status)
		w.Write(b.plain)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	w.Write(b.packed)
}

// takesGzip reads an Accept-Encoding (RFC 9110, 12.5.3) as far as it matters
// here: gzip is named and not refused.
func takesGzip(accept string) bool {
	for coding := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			return strings.Trim(weight, "qQ=0.") != "" || weight == ""
		}
	}
	return false
}
