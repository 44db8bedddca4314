package main

import (
	"errors"

	"countersign/push"
)

// advices say what to do about what a service documents. The reason is the
// service's own word.
var advices = []struct {
	of     push.Service
	reason string
	says   string
}{
	{push.FCM, "invalid_grant", "Google does not take the key of the service account: it was deleted or disabled, or this machine's clock is wrong. Make a new key in the Firebase console (Project settings, Service accounts)."},
	{push.FCM, "invalid_client", "The service account no longer exists. Make a new one in the Firebase console."},
	{push.FCM, "PERMISSION_DENIED", "The service account may not send: give it the role “Firebase Cloud Messaging API Admin”, and enable the Firebase Cloud Messaging API (V1) for the project."},
	{push.FCM, "NOT_FOUND", "Google knows no such project: the file's project_id is wrong, or the project was deleted."},
	{push.FCM, "SENDER_ID_MISMATCH", "The phones' tokens are of another Firebase project than the service account."},
	{push.FCM, "THIRD_PARTY_AUTH_ERROR", "The project lacks the APNs key or the Web Push key that this phone needs."},
	{push.FCM, "UNAUTHENTICATED", "Google does not take the access token; the endpoint may belong to another project."},

	{push.APNs, "InvalidProviderToken", "Key id, team id and .p8 file do not belong together, or the key was revoked, or this machine's clock is ahead."},
	{push.APNs, "ExpiredProviderToken", "This machine's clock is more than an hour behind."},
	{push.APNs, "BadCertificate", "Apple does not take the certificate: it expired, was revoked or is of another kind."},
	{push.APNs, "BadCertificateEnvironment", "The certificate is of the other environment (sandbox or production)."},
	{push.APNs, "BadEnvironmentKeyIdInToken", "The key is limited to the other environment (sandbox or production)."},
	{push.APNs, "UnrelatedKeyIdInToken", "The key does not belong to this team."},
	{push.APNs, "TopicDisallowed", "The credential may not push to this topic: --apns-topic is not the app's bundle id, or the key is limited to other apps."},
	{push.APNs, "BadTopic", "--apns-topic is no bundle id."},
	{push.APNs, "DeviceTokenNotForTopic", "--apns-topic is not the bundle id of the app that the phones have."},
	{push.APNs, "TooManyProviderTokenUpdates", "Another program signs with this key too often on the same connection, or this check was run many times; wait 20 minutes."},
}

// advice is empty where there is none to give.
func advice(of push.Service, err error) string {
	var refusal *push.Refusal
	if errors.As(err, &refusal) {
		for _, a := range advices {
			if a.of == of && a.reason == refusal.Reason {
				return a.says
			}
		}
	}
	switch {
	case errors.Is(err, push.ErrBadTarget):
		return "The name leads to an address that is not public. If it is meant to, allow the network with --push-network."
	case errors.Is(err, push.ErrTooMany):
		return "The service is well and takes no more from this server for now."
	case errors.Is(err, push.ErrUnavailable):
		return "Not reached, or no answer: look at the network, the firewall (outgoing 443, HTTP/2), the name, and who signed the service's certificate (--push-ca-file)."
	case errors.Is(err, push.ErrRefused):
		return "A defect of this server; please report it with the line above."
	}
	return ""
}
