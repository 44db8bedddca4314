// Package duo speaks the Duo Auth API and the Universal Prompt to clients that
// already do: machines with pam_duo, applications with one of the libraries. It
// owns their signatures, envelopes and words on the wire, and nothing of the
// rules: every sign-in is an approval like any other.
//
//	/rest/v1/…   version 1, in JSON and BSON     preauth ─▶ auth ─▶ status
//	/auth/v2/…   version 2                        preauth ─▶ auth ─▶ auth_status
//	/oauth/v1/…  Universal Prompt                 authorize ─▶ waiting screen ─▶ token
//
// A request is known by an HMAC with the integration's secret. Where a person is
// not let in, whatever the cause, the answer is 200 with result deny (or
// enroll): by default these clients let people in on 401 and 5xx. Only a request
// that is not an integration's own is answered with 401.
//
// A phone approves by a number that the person sees where they sign in. Where a
// client can show one is decided in number.go; where it cannot, the person is
// asked for a code instead, unless the integration's policy says otherwise.
//
// It refuses calls and text messages, and tokens that remember a device.
package duo
