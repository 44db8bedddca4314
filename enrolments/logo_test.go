package enrolments_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"countersign/enrolments"
)

func picture(width, height int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	m.Set(width/2, height/2, color.RGBA{R: 200, A: 255})
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webp is the head of a WebP file and no picture: a chunk of that name, whose
// bytes begin so.
func webp(chunk string, head ...byte) []byte {
	raw := append([]byte("RIFF\x00\x00\x00\x00WEBP"+chunk+"\x00\x00\x00\x00"), head...)
	raw = append(raw, make([]byte, 64)...)
	binary.LittleEndian.PutUint32(raw[4:], uint32(len(raw)-8))
	return raw
}

var webps = map[string][]byte{
	"webp":          webp("VP8 ", 0, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0),
	"lossless webp": webp("VP8L", 0x2f, 63, 0xc0, 0x0f, 0),
	"extended webp": webp("VP8X", 0x10, 0, 0, 0, 63, 0, 0, 63, 0, 0),
}

func TestAPictureOfAnApplicationIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		raw  []byte
		kind string
	}{
		"png": {pngOf(t, picture(64, 64)), "image/png"}, "jpeg": {jpegOf(t, picture(1024, 1024)), "image/jpeg"},
		"as wide as may be": {pngOf(t, picture(96, 64)), "image/png"}, "as small as may be": {pngOf(t, picture(32, 32)), "image/png"},
		"webp": {webps["webp"], "image/webp"}, "lossless webp": {webps["lossless webp"], "image/webp"},
		"extended webp": {webps["extended webp"], "image/webp"},
	} {
		logo, err := enrolments.ParseLogo(c.raw)
		if err != nil || logo.Type != c.kind || !bytes.Equal(logo.Image, c.raw) {
			t.Errorf("%s: got %s of %d bytes, %v", name, logo.Type, len(logo.Image), err)
		}
	}
}

func TestWhatIsNoPictureOrTooMuchOfOneIsRefused(t *testing.T) {
	whole := pngOf(t, picture(64, 64))
	noise := image.NewRGBA(image.Rect(0, 0, 200, 200))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = byte(random.Uint32())
	}
	moving := bytes.Replace(bytes.Clone(whole), []byte("IDAT"), []byte("acTL"), 1)
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nothing":              {nil, "PNG, a JPEG or a WebP"},
		"svg":                  {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "export an SVG as PNG"},
		"gif":                  {[]byte("GIF89a" + strings.Repeat("\x00", 40)), "PNG, a JPEG or a WebP"},
		"html":                 {[]byte("<!doctype html><script>1</script>"), "PNG, a JPEG or a WebP"},
		"too many bytes":       {pngOf(t, noise), "64 KiB"},
		"too small":            {pngOf(t, picture(31, 31)), "32 to 1024"},
		"too large":            {pngOf(t, picture(1025, 1025)), "32 to 1024"},
		"too wide":             {pngOf(t, picture(97, 64)), "97 × 64"},
		"too high":             {jpegOf(t, picture(64, 97)), "64 × 97"},
		"a bomb":               {pngOf(t, image.NewPaletted(image.Rect(0, 0, 20_000, 1), color.Palette{color.White})), "32 to 1024"},
		"half a png":           {whole[:len(whole)/2], "whole PNG"},
		"more than a png":      {append(bytes.Clone(whole), "<script>"...), "whole PNG"},
		"a png that is spoilt": {bytes.Replace(bytes.Clone(whole), []byte("IDAT"), []byte("IDAX"), 1), "cannot be read"},
		"a png that moves":     {moving, "does not move"},
		"half a jpeg":          {jpegOf(t, picture(64, 64))[:200], "whole JPEG"},
		"a webp cut off":       {webps["webp"][:40], "whole WebP"},
		"a webp and more":      {append(bytes.Clone(webps["webp"]), 0), "whole WebP"},
		"a webp that moves":    {webp("VP8X", 0x02, 0, 0, 0, 63, 0, 0, 63, 0, 0), "does not move"},
		"a webp of no kind":    {webp("VP9 ", 0, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0), "browsers read"},
		"a wide webp":          {webp("VP8X", 0, 0, 0, 0, 200, 0, 0, 63, 0, 0), "201 × 64"},
	} {
		logo, err := enrolments.ParseLogo(c.raw)
		if !errors.Is(err, enrolments.ErrInvalid) || !strings.Contains(err.Error(), c.want) || logo.Type != "" || logo.Image != nil {
			t.Errorf("%s: got %s, %v; want %q", name, logo.Type, err, c.want)
		}
	}
}

func FuzzParseLogo(f *testing.F) {
	f.Add(pngOf(f, picture(64, 64)))
	f.Add(jpegOf(f, picture(64, 64)))
	for _, raw := range webps {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		logo, err := enrolments.ParseLogo(raw)
		if err != nil && (logo.Type != "" || logo.Image != nil || !errors.Is(err, enrolments.ErrInvalid)) {
			t.Fatalf("%s of %d bytes came with %v", logo.Type, len(logo.Image), err)
		}
		if err == nil && (!bytes.Equal(logo.Image, raw) || !strings.HasPrefix(logo.Type, "image/")) {
			t.Fatalf("taken as %s of %d bytes", logo.Type, len(logo.Image))
		}
	})
}

func TestALogoIsFoundAtItsDigestUntilThereIsAnother(t *testing.T) {
	d := open(t)
	_, err := d.AddApplication(t.Context(), app())
	noError(t, err)
	first, err := enrolments.ParseLogo(pngOf(t, picture(64, 64)))
	noError(t, err)
	second, err := enrolments.ParseLogo(pngOf(t, picture(65, 64)))
	noError(t, err)
	for _, set := range []enrolments.Logo{first, second, {}} {
		noError(t, d.SetLogo(t.Context(), "northwind", set))
		a, err := d.Application(t.Context(), "northwind")
		noError(t, err)
		want := ""
		if set.Image != nil {
			want = set.Digest()
		}
		if a.Logo != want {
			t.Errorf("its logo is %q, want %q", a.Logo, want)
		}
	}
	if len(first.Digest()) != 43 || first.Digest() == second.Digest() {
		t.Errorf("digests %q and %q", first.Digest(), second.Digest())
	}
	_, err = d.Logo(t.Context(), "northwind", first.Digest())
	wantError(t, err, enrolments.ErrNotFound)
	var noted []string
	for _, e := range d.events(t) {
		if e.Kind == enrolments.EventLogoSet {
			noted = append(noted, e.Detail)
		}
	}
	if strings.Join(noted, " ") != first.Digest()+" "+second.Digest()+" none" {
		t.Errorf("the trail has %v", noted)
	}
}
