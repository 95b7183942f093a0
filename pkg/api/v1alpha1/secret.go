package v1alpha1

// Redacted is what every encoder writes in the place of a Secret.
const Redacted = "(redacted)"

// Secret is text that must not be seen: it redacts itself wherever it is printed or encoded. An
// empty one stays empty, so that "not given" can be told. Reveal is the only way to the text.
type Secret string

// Reveal gives the text itself, for the one place that uses it.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// GoString implements fmt.GoStringer: %#v shows no secret either.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText implements encoding.TextMarshaler, for JSON, YAML and text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}
