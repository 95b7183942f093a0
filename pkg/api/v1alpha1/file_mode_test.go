package v1alpha1

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the validation lets through, the boot hook can write, and the other way round.
//
// Requirement: A7
func TestFileModes(t *testing.T) {
	for text, want := range map[string]fs.FileMode{"": 0o644, "600": 0o600, "0600": 0o600, "0000": 0, "000": 0, "0777": 0o777} {
		got, err := File{Mode: text}.FileMode()
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"0", "1755", "4755", "2755", "0o600", "0888", "00644", "-644", "u+x", " 644", "644\n", "rw-r--r--"} {
		_, err := File{Mode: text}.FileMode()
		require.ErrorContains(t, err, "is not a file mode", text)
		p := Profile{Spec: ProfileSpec{Files: []File{{Path: "/etc/x", Mode: text}}}}
		require.Contains(t, p.ValidatePushed().Error(), "spec.files[0].mode", text)
	}
}

func FuzzFileMode(f *testing.F) {
	for _, seed := range []string{"", "0644", "4755", "0000", "०६४४"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mode, err := File{Mode: text}.FileMode()
		require.Zero(t, mode&^fs.ModePerm)
		p := Profile{Spec: ProfileSpec{Files: []File{{Path: "/etc/x", Mode: text}}}}
		refused := false
		for _, problem := range p.ValidatePushed() {
			refused = refused || problem.Path == "spec.files[0].mode"
		}
		require.Equal(t, err != nil, refused, "the validation and the boot hook agree about %q", text)
	})
}
