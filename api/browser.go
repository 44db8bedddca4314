package api

import "github.com/mileusna/useragent"

// maxUserAgent is how much of a user agent is looked at, in bytes.
const maxUserAgent = 1024

// browserName says in words what a user agent claims to be, e.g. "Chrome on
// Windows". It is made of known names only: whoever starts a sign-in writes
// the header, and must not write a message to the person with it.
func browserName(header string) string {
	if header == "" {
		return ""
	}
	ua := useragent.Parse(header[:min(len(header), maxUserAgent)])
	browser, system := browserOf(ua.Name), systemOf(ua.OS)
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	case system != "":
		return "Browser on " + system
	}
	return "Unknown browser"
}

func browserOf(name string) string {
	switch name {
	case useragent.Chrome, useragent.Firefox, useragent.Safari, useragent.Edge, useragent.Opera,
		useragent.Vivaldi, useragent.SamsungBrowser, useragent.InternetExplorer,
		useragent.OperaMini, useragent.OperaTouch, useragent.HeadlessChrome:
		return name
	case useragent.MobileSafari:
		return useragent.Safari
	}
	return ""
}

func systemOf(name string) string {
	switch name {
	case useragent.Windows, useragent.Android, useragent.MacOS, useragent.IOS, useragent.Linux,
		useragent.ChromeOS, useragent.FreeBSD:
		return name
	}
	return ""
}
