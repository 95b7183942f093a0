package iso

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

// runner is what a machine answers in place of xorriso.
type runner struct {
	err error
	// ran is the command line.
	ran []string
}

func (r *runner) Run(_ context.Context, spec command.Spec) (command.Result, error) {
	r.ran = spec.Argv
	return command.Result{}, r.err
}

func newRequest(t *testing.T, files ...File) (Request, *runner) {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "site.yaml"), "#cloud-config\n")
	machine := &runner{}
	return Request{
		From: newRelease(t), UserData: filepath.Join(dir, "site.yaml"), Files: files,
		Out: filepath.Join(dir, "site.iso"), Runner: machine,
	}, machine
}

func put(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestParseFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]File{
		"a/ca.pem":            {"a/ca.pem", "ca.pem"},
		"a/ca.pem:tls/ca.pem": {"a/ca.pem", "tls/ca.pem"},
		"a:b:c":               {"a:b", "c"},
		":x":                  {":x", ":x"}, // no path: refused as a name
		"x:":                  {"x", ""},
	} {
		assert.Equal(t, want, ParseFile(text), text)
	}
}

func TestNamesInTheISO(t *testing.T) {
	t.Parallel()
	taken := []entry{{name: "ca/site.pem"}, {name: "notes"}}
	for _, name := range []string{"x", "ca/other.pem", "notes2", "a/b/c.tar.zst", "host@site,v1+2_x", "userdata.yaml", "-dash"} {
		assert.NoError(t, checkName(name, taken), name)
	}
	for _, name := range []string{
		"", ".", "..", "../x", "/x", "x/", "a//b", "a/../b", ".hidden", "a b", "a=b", `a\b`, "a\nb", "tür", "a:b",
		"rootfs.squashfs", "RootFS.squashfs", "boot/x", "EFI/x", "efi", "user-data.yaml", "USER-DATA.YAML",
		"ca/site.pem", "CA/SITE.PEM", "ca", "notes/x", string(make([]byte, 300)),
	} {
		assert.Equal(t, "iso.name", fault.CodeOf(checkName(name, taken)), "%q", name)
	}
}

func TestBuildRefusesBeforeItWrites(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		spoil func(*Request)
		code  string
		exit  int
	}{
		"no release":         {func(r *Request) { r.From = t.TempDir() }, "iso.release", fault.ExitInput},
		"no user-data":       {func(r *Request) { r.UserData += "x" }, "iso.file", fault.ExitInput},
		"user-data a folder": {func(r *Request) { r.UserData = filepath.Dir(r.UserData) }, "iso.file", fault.ExitInput},
		"file is missing":    {func(r *Request) { r.Files = []File{{"nowhere", "x"}} }, "iso.file", fault.ExitInput},
		"file twice": {
			func(r *Request) { r.Files = []File{{r.UserData, "x"}, {r.UserData, "X"}} }, "iso.name", fault.ExitInput,
		},
		"file in our place": {func(r *Request) { r.Files = []File{{r.UserData, "boot/kernel"}} }, "iso.name", fault.ExitInput},
		"no folder for it":  {func(r *Request) { r.Out = filepath.Join(r.Out, "x", "y") }, "iso.out", fault.ExitRefused},
		"a drive":           {func(r *Request) { r.Out = "/dev/null" }, "iso.out", fault.ExitRefused},
	} {
		request, machine := newRequest(t)
		c.spoil(&request)
		_, err := Build(t.Context(), request)
		assert.Equal(t, c.code, fault.CodeOf(err), what)
		assert.Equal(t, c.exit, fault.ExitCodeOf(err), what)
		assert.NotEmpty(t, fault.RemedyOf(err), what)
		assert.Empty(t, machine.ran, what)
	}
}

func TestNoRoomIsToldInAdvance(t *testing.T) {
	t.Parallel()
	err := checkOut(filepath.Join(t.TempDir(), "x.iso"), 1<<60)
	require.Equal(t, fault.Wait, fault.KindOf(err))
	require.Equal(t, "iso.no-room", fault.CodeOf(err))
}

// Requirement: C7
func TestAFailedBuildLeavesTheOldISO(t *testing.T) {
	t.Parallel()
	for code, failure := range map[string]error{
		"iso.no-xorriso": fault.Wrap(&exec.Error{Name: "xorriso", Err: exec.ErrNotFound}, fault.Internal, "command.not-started", "", "starting"),
		"iso.failed":     &command.ExitError{Program: "xorriso", Result: command.Result{ExitCode: 32, Tail: "libburn : SORRY : disk full"}},
	} {
		request, machine := newRequest(t)
		machine.err = failure
		put(t, request.Out, "the old one")
		_, err := Build(t.Context(), request)
		require.Equal(t, code, fault.CodeOf(err))
		require.True(t, code != "iso.failed" || errors.Is(err, failure))
		old, err := os.ReadFile(request.Out)
		require.NoError(t, err)
		require.Equal(t, "the old one", string(old))
		require.Equal(t, []string{"site.iso", "site.yaml"}, namesIn(t, filepath.Dir(request.Out)), "nothing half-written is left")
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Nothing of the content is on the command line, where every user of the machine sees it.
func TestTheCommandLineNamesFilesOnly(t *testing.T) {
	t.Parallel()
	request, machine := newRequest(t)
	put(t, request.UserData, "#cloud-config\nstylet: {registries: [{host: r, password: hunter2}]}\n")
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(request.UserData, link))
	request.Files = []File{{Path: link, Name: "a/b"}}
	_, err := Build(t.Context(), request)
	require.NoError(t, err)
	assert.NotContains(t, machine.ran, "hunter2")
	assert.True(t, slices.Contains(machine.ran, "/a/b="+graft(request.UserData)), "a link is followed")
	assert.Contains(t, machine.ran, "=1793491200", "the root image's date")
	assert.Equal(t, `a\=b\\c`, graft(`a=b\c`))
}
