package qr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"testing"

	"github.com/boombuler/barcode"
	barcodeqr "github.com/boombuler/barcode/qr"
	"github.com/google/go-cmp/cmp"
)

const pairURL = "https://countersign.example.com/pair#6w3xAfkC2mQ0bN1sUo9pVh7TzLqYRj8eXiDgKcWtMA4"

// document is the SVG as any XML reader sees it: what is not named here would
// make the strict reading below fail.
type document struct {
	XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	ViewBox string   `xml:"viewBox,attr"`
	Rect    []struct {
		Width  int    `xml:"width,attr"`
		Height int    `xml:"height,attr"`
		Fill   string `xml:"fill,attr"`
	} `xml:"rect"`
	Path []struct {
		D string `xml:"d,attr"`
	} `xml:"path"`
}

// modules paints the path of an SVG back into a matrix, margin included.
func modules(t *testing.T, svg string) [][]bool {
	t.Helper()
	var doc document
	if err := xml.Unmarshal([]byte(svg), &doc); err != nil {
		t.Fatalf("not well-formed: %v", err)
	}
	var side, again int
	if _, err := fmt.Sscanf(doc.ViewBox, "0 0 %d %d", &side, &again); err != nil || side != again {
		t.Fatalf("viewBox %q is not a square at the origin", doc.ViewBox)
	}
	if len(doc.Rect) != 1 || doc.Rect[0].Width != side || doc.Rect[0].Height != side || doc.Rect[0].Fill != "#fff" {
		t.Fatalf("got ground %+v, want one white square of %d", doc.Rect, side)
	}
	if len(doc.Path) != 1 {
		t.Fatalf("got %d paths, want one", len(doc.Path))
	}
	matrix := make([][]bool, side)
	for y := range matrix {
		matrix[y] = make([]bool, side)
	}
	for _, run := range strings.SplitAfter(doc.Path[0].D, "z") {
		if run == "" {
			continue
		}
		var x, y, n, back int
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%dz", &x, &y, &n, &back); err != nil || n != back || n < 1 {
			t.Fatalf("run %q is not a closed rectangle one module high", run)
		}
		for i := range n {
			matrix[y][x+i] = true
		}
	}
	return matrix
}

// want is the symbol as the encoder has it, with a margin of four around it.
func want(t *testing.T, content string) [][]bool {
	t.Helper()
	code, err := barcodeqr.Encode(content, barcodeqr.M, barcodeqr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	size := code.Bounds().Dx()
	matrix := make([][]bool, size+8)
	for y := range matrix {
		matrix[y] = make([]bool, size+8)
	}
	for y := range size {
		for x := range size {
			r, _, _, _ := code.At(x, y).RGBA()
			matrix[y+4][x+4] = r == 0
		}
	}
	return matrix
}

func TestDrawingHoldsExactlyTheModulesOfTheSymbol(t *testing.T) {
	for name, content := range map[string]string{
		"pairing link":         pairURL,
		"otpauth link":         "otpauth://totp/Countersign:ana%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Countersign",
		"one character":        "A",
		"digits":               strings.Repeat("0123456789", 8),
		"letters of the world": "Ünïcode ✓ 数",
		"longest":              strings.Repeat("a", MaxContent),
	} {
		t.Run(name, func(t *testing.T) {
			svg, err := SVG(content)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want(t, content), modules(t, svg)); diff != "" {
				t.Errorf("modules differ (-symbol +drawing):\n%s", diff)
			}
		})
	}
}

// The format information beside the upper left finder says the level: its first
// two bits, after the mask of ISO/IEC 18004 (101010000010010), are 00 for M.
func TestErrorCorrectionIsM(t *testing.T) {
	svg, err := SVG(pairURL)
	if err != nil {
		t.Fatal(err)
	}
	m := modules(t, svg)
	first, second := m[quiet+8][quiet], m[quiet+8][quiet+1]
	if level := [2]bool{first != true, second != false}; level != [2]bool{false, false} {
		t.Errorf("got level bits %v, want 00 (M)", level)
	}
}

func TestMarginOfFourModulesIsLight(t *testing.T) {
	svg, err := SVG(pairURL)
	if err != nil {
		t.Fatal(err)
	}
	m := modules(t, svg)
	for i := range m {
		for d := range 4 {
			if m[i][d] || m[d][i] || m[i][len(m)-1-d] || m[len(m)-1-d][i] {
				t.Fatalf("a dark module in the margin, line %d", i)
			}
		}
	}
	if !m[4][4] {
		t.Error("the finder does not begin right after the margin")
	}
}

func TestContentOutsideTheBoundIsRefusedWithoutRepeatingIt(t *testing.T) {
	for name, content := range map[string]string{
		"empty":     "",
		"too long":  strings.Repeat("s", MaxContent+1),
		"not UTF-8": "secret\xff",
	} {
		t.Run(name, func(t *testing.T) {
			svg, err := SVG(content)
			if !errors.Is(err, ErrContent) || svg != "" {
				t.Fatalf("got %d bytes and %v, want ErrContent alone", len(svg), err)
			}
			if content != "" && strings.Contains(err.Error(), content) {
				t.Errorf("the error repeats the content: %v", err)
			}
		})
	}
}

func TestDrawingOfAPairingLinkIsSmallerThanSixKilobytes(t *testing.T) {
	svg, err := SVG(pairURL)
	if err != nil {
		t.Fatal(err)
	}
	if len(svg) > 6<<10 {
		t.Errorf("got %d bytes", len(svg))
	}
}

func FuzzSVG(f *testing.F) {
	f.Add(pairURL)
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, content string) {
		svg, err := SVG(content)
		if (err == nil) == (svg == "") {
			t.Fatalf("a partial result: %d bytes and %v", len(svg), err)
		}
		if err == nil {
			modules(t, svg)
		}
	})
}

func BenchmarkSVG(b *testing.B) {
	for b.Loop() {
		if _, err := SVG(pairURL); err != nil {
			b.Fatal(err)
		}
	}
}

// The same symbol as a picture of 256 pixels, for comparison.
func BenchmarkPNG(b *testing.B) {
	var size bytes.Buffer
	for b.Loop() {
		code, err := barcodeqr.Encode(pairURL, barcodeqr.M, barcodeqr.Auto)
		if err != nil {
			b.Fatal(err)
		}
		if code, err = barcode.Scale(code, 256, 256); err != nil {
			b.Fatal(err)
		}
		size.Reset()
		if err := png.Encode(&size, code); err != nil {
			b.Fatal(err)
		}
	}
}
