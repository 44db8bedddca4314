// Package qr draws QR codes (ISO/IEC 18004) as SVG: the pairing link, and the
// set-up of an authenticator app.
//
// It is the one home of the QR library. It refuses what no phone camera would
// read with ease: content over [MaxContent] bytes. It keeps nothing and logs
// nothing; what it draws is often a secret.
package qr

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

const (
	// MaxContent is the longest content in bytes. A pairing link has about 80,
	// an otpauth link about 150; drawing time grows with the square of it.
	MaxContent = 1 << 10

	// quiet is the light margin on each side in modules. ISO/IEC 18004 asks
	// for four; with less, cameras on a dark page fail to find the symbol.
	quiet = 4
)

// ErrContent: empty, longer than MaxContent, or not UTF-8. The error never
// repeats the content.
var ErrContent = errors.New("qr: content cannot be drawn")

// SVG draws content as one SVG document with error correction level M (15 % of
// a symbol may be lost). One unit of the drawing is one module; the page decides
// the size. It holds no style and no script, so it needs nothing of a
// Content-Security-Policy beyond the image itself.
func SVG(content string) (string, error) {
	code, err := encode(content)
	if err != nil {
		return "", err
	}
	return draw(code), nil
}

func encode(content string) (barcode.Barcode, error) {
	if len(content) == 0 || len(content) > MaxContent || !utf8.ValidString(content) {
		return nil, fmt.Errorf("%w: %d bytes, want 1 to %d of UTF-8", ErrContent, len(content), MaxContent)
	}
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil { // its text would repeat the content
		return nil, fmt.Errorf("%w: no symbol of level M holds %d bytes", ErrContent, len(content))
	}
	return code, nil
}

// draw makes one path of all dark modules, a rectangle a horizontal run: a
// fifth of the size of a rectangle a module, and without hair lines between
// them. The white ground is part of the drawing, for pages in dark colours.
func draw(code barcode.Barcode) string {
	size := code.Bounds().Dx()
	side := strconv.Itoa(size + 2*quiet)
	b := make([]byte, 0, 16<<10)
	b = append(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `+side+` `+side+`" shape-rendering="crispEdges">`...)
	b = append(b, `<rect width="`+side+`" height="`+side+`" fill="#fff"/><path d="`...)
	for y := range size {
		b = appendRow(b, code, y, size)
	}
	return string(append(b, `"/></svg>`...))
}

func appendRow(b []byte, code barcode.Barcode, y, size int) []byte {
	for x := 0; x < size; x++ {
		run := 0
		for x+run < size && dark(code, x+run, y) {
			run++
		}
		if run == 0 {
			continue
		}
		b = append(b, 'M')
		b = strconv.AppendInt(b, int64(x+quiet), 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(y+quiet), 10)
		b = append(b, 'h')
		b = strconv.AppendInt(b, int64(run), 10)
		b = append(b, "v1h-"...)
		b = strconv.AppendInt(b, int64(run), 10)
		b = append(b, 'z')
		x += run
	}
	return b
}

func dark(code barcode.Barcode, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}
