package api

import (
	"context"

	"countersign/enrolments"
)

// policy is what an application asks of a sign-in.
type policy struct {
	Application string          `json:"application"`
	Settings    []policySetting `json:"settings" nullable:"false"`
}

// policySetting is one value, as text. An administrator sets it.
type policySetting struct {
	Key     string `json:"key" example:"number_digits"`
	Value   string `json:"value" example:"2"`
	Does    string `json:"does"`
	Takes   string `json:"takes" doc:"its bounds" example:"2 to 6"`
	Default string `json:"default"`
	Why     string `json:"why" doc:"the reason of the default"`
}

func (a *API) readPolicy(_ context.Context, by caller, _ *struct{}) (policy, error) {
	v := policy{Application: string(by.ID), Settings: []policySetting{}}
	for _, s := range by.Policy.Settings() {
		v.Settings = append(v.Settings, policySettingOf(s))
	}
	return v, nil
}

func policySettingOf(s enrolments.Setting) policySetting {
	return policySetting{Key: s.Key, Value: s.Value, Does: s.Does, Takes: s.Takes, Default: s.Default, Why: s.Why}
}
