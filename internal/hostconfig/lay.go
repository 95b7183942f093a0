package hostconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/durable"
)

// Lay writes the configuration below root, "/" but in tests. It can be repeated. What cannot be written
// is told, and does not cost the host the rest.
func (c Configuration) Lay(root string) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("laying the site's properties over the image: %w", err)
	}
	defer r.Close()
	problems := []error{c.layName(r), c.layAuthorities(r), c.layUsers(root)}
	for _, f := range c.Files {
		problems = append(problems, write(r, f))
	}
	return errors.Join(problems...)
}

// write writes one file. The old one is taken away first: its mode would stay until it is changed, and a
// secret could be read by then.
func write(r *os.Root, f File) error {
	name := strings.TrimPrefix(f.Path, "/")
	content, err := f.content(r, name)
	if err == nil {
		err = r.MkdirAll(path.Dir(name), 0o755)
	}
	if err == nil {
		if err = r.Remove(name); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = r.WriteFile(name, []byte(content), f.Mode)
	}
	if err == nil {
		err = r.Chmod(name, f.Mode) // whatever the umask
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.Path, err)
	}
	return nil
}

// content is what the file will hold: ours in the place of an earlier one of ours.
func (f File) content(r *os.Root, name string) (string, error) {
	if !f.Added {
		return f.Content, nil
	}
	data, err := r.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	const mark = "# " + byStylet + "\n"
	before, _, _ := strings.Cut(string(data), mark)
	if before != "" && !strings.HasSuffix(before, "\n") {
		before += "\n"
	}
	return before + mark + f.Content, nil
}

// layName sets the host name, which systemd reads at its start, and lets the host find itself by it.
func (c Configuration) layName(r *os.Root) error {
	if c.HostName == "" {
		return nil
	}
	if err := write(r, File{Path: "/etc/hostname", Content: c.HostName + "\n", Mode: public}); err != nil {
		return err
	}
	short, _, qualified := strings.Cut(c.HostName, ".")
	names := c.HostName
	if qualified {
		names += " " + short
	}
	return write(r, File{Path: "/etc/hosts", Content: "127.0.1.1 " + names + "\n", Mode: public, Added: true})
}

// bundles are where OS families keep the authorities that programs trust (the list of Go's crypto/x509,
// root_linux.go). Those that are there are added to.
func bundles() []string {
	return []string{
		"etc/ssl/certs/ca-certificates.crt", "etc/ssl/ca-bundle.pem", "var/lib/ca-certificates/ca-bundle.pem",
		"etc/pki/tls/certs/ca-bundle.crt", "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	}
}

func (c Configuration) layAuthorities(r *os.Root) error {
	if len(c.Authorities) == 0 {
		return nil
	}
	found := false
	var problems []error
	for _, bundle := range bundles() {
		info, err := r.Lstat(bundle)
		if err != nil || !info.Mode().IsRegular() {
			continue // a link leads to one of the others
		}
		found = true
		problems = append(problems, write(r, File{Path: "/" + bundle, Content: strings.Join(c.Authorities, ""), Mode: public, Added: true}))
	}
	if !found {
		problems = append(problems, errors.New("adding the site's authorities: the image has no list of authorities where one is known to be"))
	}
	return errors.Join(problems...)
}

// layUsers gives Kairos the users, for the stage that comes next in this boot.
func (c Configuration) layUsers(root string) error {
	text, err := usersDocument(c.Users)
	if err != nil {
		return err
	}
	dirName, name := path.Split(UsersFile)
	if _, err := os.Stat(path.Join(root, UsersFile)); text == "" && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	dir, err := durable.Open(path.Join(root, dirName))
	if err != nil {
		return fmt.Errorf("writing the users: %w", err)
	}
	defer dir.Close()
	if text == "" {
		return dir.RemoveAll(name)
	}
	if err := dir.WriteFile(name, []byte(text), secret); err != nil {
		return fmt.Errorf("writing the users: %w", err)
	}
	return nil
}
