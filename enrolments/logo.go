package enrolments

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
)

// Logo is the picture of an application, which people see beside its name.
type Logo struct {
	// Type is its media type: image/png, image/jpeg or image/webp.
	Type  string
	Image []byte
}

// Bounds of a logo. It is shown small, on screens of up to three dots a pixel.
const (
	MaxLogo             = 64 << 10 // bytes
	minLogoSide         = 32       // dots
	maxLogoSide         = 1024
	pngMark, jpegMark   = "\x89PNG\r\n\x1a\n", "\xff\xd8\xff"
	pngEnd, jpegEnd     = "IEND\xaeB`\x82", "\xff\xd9"
	pngMoves, webpMoves = "acTL", 0x02
)

// Digest names the picture in its address: with another picture it is another.
func (l Logo) Digest() string {
	sum := sha256.Sum256(l.Image)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ParseLogo reads a picture and refuses what is no picture or too much of one:
// ErrInvalid. SVG is refused whatever is in it. It is a document, with scripts,
// addresses and its own reading of both, and what a picture of it loses at this
// size is nothing.
func ParseLogo(raw []byte) (Logo, error) {
	if len(raw) > MaxLogo {
		return Logo{}, invalid("a logo has at most %d KiB", MaxLogo>>10)
	}
	kind, size, err := measure(raw)
	if err != nil {
		return Logo{}, err
	}
	long, short := max(size.X, size.Y), min(size.X, size.Y)
	if short < minLogoSide || long > maxLogoSide || 2*long > 3*short {
		return Logo{}, invalid("a logo has sides of %d to %d dots, the long one at most half as long again as the short; this has %d × %d",
			minLogoSide, maxLogoSide, size.X, size.Y)
	}
	// The whole of it is read only now that it is known to be small.
	switch kind {
	case "image/png":
		_, err = png.Decode(bytes.NewReader(raw))
	case "image/jpeg":
		_, err = jpeg.Decode(bytes.NewReader(raw))
	}
	if err != nil {
		return Logo{}, invalid("the logo cannot be read: %v", err)
	}
	return Logo{kind, bytes.Clone(raw)}, nil
}

// measure finds out what a picture is and how large, and that nothing follows
// it in the file.
func measure(raw []byte) (kind string, size image.Point, err error) {
	text := string(raw)
	switch {
	case bytes.HasPrefix(raw, []byte(pngMark)):
		c, err := png.DecodeConfig(bytes.NewReader(raw))
		if err != nil || !bytes.HasSuffix(raw, []byte(pngEnd)) {
			return "", size, invalid("the logo is not a whole PNG")
		}
		if bytes.Contains(raw, []byte(pngMoves)) {
			return "", size, errMoves
		}
		return "image/png", image.Pt(c.Width, c.Height), nil
	case bytes.HasPrefix(raw, []byte(jpegMark)):
		c, err := jpeg.DecodeConfig(bytes.NewReader(raw))
		if err != nil || !bytes.HasSuffix(raw, []byte(jpegEnd)) {
			return "", size, invalid("the logo is not a whole JPEG")
		}
		return "image/jpeg", image.Pt(c.Width, c.Height), nil
	case len(raw) >= 30 && text[:4] == "RIFF" && text[8:12] == "WEBP":
		size, err := measureWebP(raw)
		return "image/webp", size, err
	}
	return "", size, invalid("a logo is a PNG, a JPEG or a WebP; export an SVG as PNG")
}

var errMoves = invalid("a logo does not move")

// measureWebP reads the header of a WebP file (RFC 9649, section 2), of which
// there are 30 bytes; the browser reads the rest.
func measureWebP(raw []byte) (image.Point, error) {
	if int64(binary.LittleEndian.Uint32(raw[4:]))+8 != int64(len(raw)) {
		return image.Point{}, invalid("the logo is not a whole WebP")
	}
	number := binary.LittleEndian.Uint32
	switch chunk := string(raw[12:16]); {
	case chunk == "VP8 " && string(raw[23:26]) == "\x9d\x01\x2a":
		both := number(raw[26:])
		return image.Pt(int(both&0x3fff), int(both>>16&0x3fff)), nil
	case chunk == "VP8L" && raw[20] == 0x2f:
		both := number(raw[21:])
		return image.Pt(int(both&0x3fff)+1, int(both>>14&0x3fff)+1), nil
	case chunk == "VP8X" && raw[20]&webpMoves != 0:
		return image.Point{}, errMoves
	case chunk == "VP8X":
		return image.Pt(int(number(raw[24:])&0xffffff)+1, int(number(raw[26:])>>8)+1), nil
	}
	return image.Point{}, invalid("the logo is not a WebP that browsers read")
}

// SetLogo sets an application's logo in place of the one it had; the zero Logo
// takes it away.
func (s *Service) SetLogo(ctx context.Context, id ApplicationID, logo Logo) error {
	detail := "none"
	if logo.Image != nil {
		detail = logo.Digest()
	}
	return s.act(ctx, func(ctx context.Context, store Store) ([]Event, error) {
		return []Event{{Kind: EventLogoSet, Application: id, Detail: detail}}, store.SetLogo(ctx, id, logo)
	})
}

// Logo returns the picture of that digest; ErrNotFound once it is another.
func (s *Service) Logo(ctx context.Context, id ApplicationID, digest string) (Logo, error) {
	return s.config.Store.Logo(ctx, id, digest)
}
