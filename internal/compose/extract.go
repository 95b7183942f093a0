package compose

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// extractor writes layers, one over the other, into a tree.
type extractor struct {
	tree  *tree
	owner ownership
	// known holds the content of the files written.
	known map[fileKey]content
	// buffer and sum serve one file after the other.
	buffer []byte
	sum    *xxhash.Digest
	// dirs holds what the directories get in the end, by real path: a directory may be
	// read-only, and every file written into it changes its time.
	dirs map[string]attributes
	// violations of all layers so far; from the first one on nothing is written any more, but
	// the rest is still read, so that one error names them all.
	violations []Violation
	removed    []string
}

const bufferBytes = mib

func newExtractor(t *tree, owner ownership) *extractor {
	return &extractor{
		tree: t, owner: owner, known: map[fileKey]content{}, dirs: map[string]attributes{},
		buffer: make([]byte, bufferBytes), sum: xxhash.New(),
	}
}

// layerRun is the extraction of one layer.
type layerRun struct {
	*extractor
	layer v1alpha1.Layer
	rules []pathRule
	tar   *tar.Reader
	// headers, entries and bytes are what was met so far, against what the layer declared.
	headers, entries, bytes int64
	// written holds what this layer wrote, with all parents; nil in the lowest layer, where a
	// whiteout has nothing to hide.
	written map[string]struct{}
}

// extract writes one layer. The stream's own errors are returned as they are, with the offset in
// the tar; breaches of rules are collected in violations.
func (x *extractor) extract(ctx context.Context, layer v1alpha1.Layer, lowest bool, stream io.Reader) (offset int64, err error) {
	at := &position{from: stream}
	run := &layerRun{extractor: x, layer: layer, rules: rulesFor(layer.Kind), tar: tar.NewReader(at)}
	if !lowest {
		run.written = map[string]struct{}{}
	}
	for {
		header, err := run.tar.Next()
		if errors.Is(err, io.EOF) {
			return at.offset, drain(at)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return at.offset, &streamError{err}
		}
		if err := run.entry(header); err != nil {
			return at.offset, err
		}
	}
}

// maxPadding is how much may follow the end of a tar; GNU tar fills up to 10 KiB by default.
const maxPadding = 16 * mib

// drain reads what follows the end of the tar: the checksum of the compressed stream comes last.
func drain(stream io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(stream, maxPadding))
	if err == nil && n == maxPadding {
		err = errors.New("it goes on after the end of the archive")
	}
	if err != nil {
		return &streamError{err}
	}
	return nil
}

// streamError is an error of the archive, not of writing it.
type streamError struct{ err error }

func (e *streamError) Error() string { return e.err.Error() }
func (e *streamError) Unwrap() error { return e.err }

type position struct {
	from   io.Reader
	offset int64
}

func (p *position) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.offset += int64(n)
	return n, err
}

// entry checks one entry and writes it.
func (r *layerRun) entry(h *tar.Header) error {
	r.tree.sweep()
	if err := r.budget(h); err != nil {
		return err
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, rule, why := cleanName(h.Name)
	if rule == "" {
		rule, why = unsupported(h)
	}
	if rule != "" {
		r.violate(Violation{r.layer.Name, h.Name, rule, why})
		return nil
	}
	name, kind := whiteout(fold(name, h.Typeflag == tar.TypeSymlink))
	switch {
	case kind == hidesUnknown:
		return nil
	case kind == hidesOne && name == "":
		r.violate(Violation{r.layer.Name, h.Name, "entry.path-escapes", "it hides no name"})
		return nil
	case kind == hidesNothing && h.Typeflag != tar.TypeDir && isForeignProvider(name):
		r.removed = append(r.removed, r.layer.Name+": /"+name)
		return nil
	}
	if v := check(r.layer, r.rules, name); v != nil {
		r.violate(*v)
	}
	if len(r.violations) > 0 {
		return nil
	}
	if kind == hidesNothing {
		return r.judge(h, r.write(h, name))
	}
	return r.judge(h, r.hide(name, kind))
}

// headersPerEntry bounds hard links and global headers, which a layer does not declare: a link
// costs a name only, and honest layers have fewer links than files.
const headersPerEntry = 4

// budget counts the entry, and stops a layer that holds more than it declared: room was reserved
// for what was declared, and a small archive can unpack to anything.
func (r *layerRun) budget(h *tar.Header) error {
	declared := r.layer.Content
	r.headers++
	switch h.Typeflag {
	case tar.TypeLink, tar.TypeXGlobalHeader:
	case tar.TypeReg, tar.TypeGNUSparse:
		r.entries++
		r.bytes += roundUp(min(h.Size, declared.UnpackedBytes+1))
	default:
		r.entries++
	}
	if r.entries <= declared.Files && r.bytes <= declared.UnpackedBytes && r.headers <= headersPerEntry*(declared.Files+1024) {
		return nil
	}
	r.violate(Violation{
		r.layer.Name, h.Name, "layer.oversize",
		fmt.Sprintf("the layer holds more than the %d entries and %d bytes that it declares", declared.Files, declared.UnpackedBytes),
	})
	return rejected(r.violations)
}

func (r *layerRun) violate(v Violation) { r.violations = append(r.violations, v) }

// judge sorts an error of writing an entry: a full or failing file system is not the layer's
// fault, a name that cannot be written is.
func (r *layerRun) judge(h *tar.Header, err error) error {
	if err == nil {
		return nil
	}
	var broken *Violation
	var stream *streamError
	switch {
	case errors.As(err, &broken):
		r.violate(*broken)
		return nil
	case errors.As(err, &stream):
		return err
	}
	for _, ours := range []error{unix.ENOSPC, unix.EIO, unix.EROFS, unix.ENOMEM, unix.EMFILE, unix.ENFILE, unix.EDQUOT} {
		if errors.Is(err, ours) {
			return fmt.Errorf("writing %s of layer %s: %w", h.Name, r.layer.Name, err)
		}
	}
	return fault.Wrap(err, fault.Input, CodeRejected, "build the layer anew, and push the profile",
		"writing %s of layer %s", h.Name, r.layer.Name)
}

// Error makes a Violation an error for the way from a writer to judge.
func (v *Violation) Error() string { return v.String() }

// unsupported tells what an image cannot hold.
func unsupported(h *tar.Header) (rule, why string) {
	const kind = "entry.unsupported"
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeLink, tar.TypeSymlink, tar.TypeDir, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
	default:
		return kind, fmt.Sprintf("entries of type %q cannot be written", h.Typeflag)
	}
	const maxID = 1<<32 - 2
	if h.Uid < 0 || h.Uid > maxID || h.Gid < 0 || h.Gid > maxID {
		return kind, fmt.Sprintf("the owner %d:%d does not exist", h.Uid, h.Gid)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "SCHILY.acl.") {
			return kind, "access control lists as text cannot be written"
		}
		if name, ok := strings.CutPrefix(key, xattrPrefix); ok && !permittedXattr(name) {
			return kind, fmt.Sprintf("the extended attribute %q cannot be written", name)
		}
	}
	return "", ""
}
