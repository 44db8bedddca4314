package noscript

// ReadCode is readCode for the table that is shared with the script.
func ReadCode(typed string) string {
	code, ok := readCode(typed)
	if !ok {
		return ""
	}
	return code
}
