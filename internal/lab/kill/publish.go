package kill

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/process"
)

// payloadBytes is the size of the layer that is new in each version: a dozen chunks.
const payloadBytes = 48 << 20

const profileText = `apiVersion: stylet.dev/v1alpha1
kind: ClusterProfile
metadata:
  name: lab
  version: 0.0.%[1]d
spec:
%[7]s  layers:
    - {kind: os, name: os, archive: %[2]q}
    - {kind: runtime, name: payload, archive: %[3]q}
  files:
    - {path: /etc/lab-version, content: "%[1]d\n"}
%[4]s
  gates:
    - {name: payload, command: [systemctl, is-active, --quiet, lab-payload.service], timeout: %[6]s, settle: 1s}
  trial: {deadline: %[5]s, tries: %[8]d}
`

// variant is what differs between versions: how long the trial and its gate may take, how often it is
// tried, one more file, and the archive of an agent that is not the running one.
type variant struct {
	deadline, timeout, file, agent string
	tries                          int
}

var (
	ordinary = variant{deadline: "15m", timeout: "2m", tries: 3}
	// agentless has an agent that its configuration does not let start.
	agentless = variant{
		deadline: "45s", timeout: "30s", tries: 3,
		file: `    - {path: /etc/systemd/system/stylet-agent.service.d/dead.conf, content: "[Unit]\nConditionPathExists=/nowhere\n"}`,
	}
)

const payloadUnit = `[Unit]
Description=lab: the payload of this version is there
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/grep -qx %d /etc/lab-version
ExecStart=/usr/bin/test -s /usr/lib/lab/payload
`

// publish makes the next version, whose payload nobody has seen before, and pushes it by the real
// command to the tag that the machine is assigned.
func (l *lab) publish(ctx context.Context, v variant) error {
	l.version++
	dir := filepath.Join(l.dir, "profile")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making a version: %w", err)
	}
	payload, profile := filepath.Join(dir, "payload.tar.gz"), filepath.Join(dir, "profile.yaml")
	if err := l.writePayload(payload, payloadBytes); err != nil {
		return fmt.Errorf("making a version: %w", err)
	}
	agent := ""
	if v.agent != "" {
		agent = fmt.Sprintf("  agent: {name: stylet, archive: %q}\n", v.agent)
	}
	text := fmt.Sprintf(profileText, l.version, l.system.Layer, payload, v.file, v.deadline, v.timeout, agent, v.tries)
	if err := os.WriteFile(profile, []byte(text), 0o644); err != nil {
		return fmt.Errorf("making a version: %w", err)
	}
	reference := l.registry.Address + repository
	if _, err := process.Output(ctx, l.system.Stylet, "profile", "push", profile, reference, "--plain-http"); err != nil {
		return fmt.Errorf("pushing a version: %w", err)
	}
	return nil
}

const repository = "/lab/site:now"

func (l *lab) title() string { return fmt.Sprintf("lab 0.0.%d", l.version) }

// writePayload writes a layer of so many random bytes and a unit that needs them.
func (l *lab) writePayload(name string, size int64) (err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	packed, err := gzip.NewWriterLevel(f, gzip.NoCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(packed)
	for _, dir := range []string{"usr/", "usr/lib/", "usr/lib/lab/", "usr/lib/systemd/", "usr/lib/systemd/system/", "usr/lib/systemd/system/multi-user.target.wants/"} {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}); err != nil {
			return err
		}
	}
	const unit = "usr/lib/systemd/system/lab-payload.service"
	text := fmt.Sprintf(payloadUnit, l.version)
	if err := addFile(archive, unit, strings.NewReader(text), int64(len(text))); err != nil {
		return err
	}
	link := &tar.Header{Typeflag: tar.TypeSymlink, Name: "usr/lib/systemd/system/multi-user.target.wants/lab-payload.service", Linkname: "../lab-payload.service"}
	if err := archive.WriteHeader(link); err != nil {
		return err
	}
	if err := addFile(archive, "usr/lib/lab/payload", l.randomBytes(), size); err != nil {
		return err
	}
	return errors.Join(archive.Close(), packed.Close())
}

func addFile(archive *tar.Writer, name string, data io.Reader, size int64) error {
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err := io.CopyN(archive, data, size)
	return err
}

// randomBytes are other ones for each seed and version.
func (l *lab) randomBytes() io.Reader {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], l.seed)
	binary.LittleEndian.PutUint64(seed[8:], uint64(l.version))
	return rand.NewChaCha8(seed)
}

// userData assigns the tag, by way of the throttle.
func userData(registry string) string {
	return fmt.Sprintf(`#cloud-config
stylet:
  assignment: {profile: %q, pollInterval: 1s}
  registries: [{host: %q, plainHTTP: true}]
`, registry+repository, registry)
}
