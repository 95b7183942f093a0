package diagnose

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const (
	// maxProbe is the size of a blob up to which it is fetched whole, to compare its digest.
	maxProbe = 1 << 20
	// probePart is what is fetched of a larger one.
	probePart = 64 << 10
)

// checkRange fetches a blob and a part of it: a download that was cut off goes on by a Range request.
func checkRange(ctx context.Context, j *journey) Finding {
	blob, ok := probeBlob(j.manifest)
	if !ok {
		return skip("its manifest names no content")
	}
	var whole []byte
	if blob.Size <= maxProbe {
		var err error
		whole, err = j.asked.blob(ctx, blob)
		if err != nil {
			return j.judgeRegistry(err, "blob "+short(blob))
		}
		if err := verify(whole, blob.Digest.String()); err != nil {
			return fail("changed", fmt.Sprintf("blob %s, %d bytes came", short(blob), len(whole)), "what comes is not what the registry has: "+err.Error(), changedRemedy)
		}
	}
	first, last := int64(1), min(blob.Size-1, probePart)
	answer, err := j.asked.get(ctx, j.asked.base+"/blobs/"+blob.Digest.String(), http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", first, last)}})
	if err != nil {
		return judgeRequest(err, j.target.Host)
	}
	defer answer.Body.Close()
	part, err := io.ReadAll(io.LimitReader(answer.Body, last-first+2))
	if err != nil {
		return judgeRequest(err, j.target.Host)
	}
	return judgeRange(answer.StatusCode, answer.Header.Get("Content-Range"), part, piece{whole, blob.Size, first, last})
}

// piece is what was asked for, bytes first to last of size; whole is nil if it was not fetched.
type piece struct {
	whole             []byte
	size, first, last int64
}

func judgeRange(status int, header string, part []byte, want piece) Finding {
	measured := fmt.Sprintf("asked for bytes %d to %d of %d: %d %s", want.first, want.last, want.size, status, http.StatusText(status))
	if status == http.StatusOK || status == http.StatusRequestedRangeNotSatisfiable {
		return warn("ranges-stripped", measured, "ranges are dropped on the way, by a proxy most often: a download that is cut off starts anew, from its first byte",
			"let the proxy pass the header Range for this host; without that, expect every download twice on a bad link")
	}
	if status != http.StatusPartialContent {
		return fail("range", measured, "a part of the content is refused", "look into the log of the registry, and of the proxy if there is one")
	}
	first, last, size, ok := parseContentRange(header)
	if !ok || first != want.first || last != want.last || size != want.size {
		return fail("wrong-range", measured+fmt.Sprintf(", Content-Range %.60q", header), "another part came than was asked for", changedRemedy)
	}
	if int64(len(part)) != last-first+1 || (want.whole != nil && !bytes.Equal(part, want.whole[first:last+1])) {
		return fail("changed", measured, "the bytes are not those of the whole", changedRemedy)
	}
	if want.whole == nil {
		return pass(measured + "; too large to compare its digest")
	}
	return pass(measured + ", and the right ones")
}

// parseContentRange reads "bytes FIRST-LAST/SIZE" (RFC 9110, section 14.4); ok is false for anything else,
// and for an unknown size: a registry knows it.
func parseContentRange(header string) (first, last, size int64, ok bool) {
	rest, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return 0, 0, 0, false
	}
	span, total, _ := strings.Cut(rest, "/")
	from, to, _ := strings.Cut(span, "-")
	numbers := [3]int64{}
	for i, text := range [3]string{from, to, total} {
		n, err := strconv.ParseUint(text, 10, 62)
		if err != nil {
			return 0, 0, 0, false
		}
		numbers[i] = int64(n)
	}
	first, last, size = numbers[0], numbers[1], numbers[2]
	return first, last, size, first <= last && last < size
}

// probeBlob is the largest blob that can be fetched whole, or else the smallest one.
func probeBlob(manifest *v1.Manifest) (best v1.Descriptor, ok bool) {
	for _, blob := range append([]v1.Descriptor{manifest.Config}, manifest.Layers...) {
		if blob.Size < 2 {
			continue
		}
		whole, bestWhole := blob.Size <= maxProbe, best.Size <= maxProbe
		switch {
		case !ok, whole && !bestWhole, whole && blob.Size > best.Size, !bestWhole && blob.Size < best.Size:
			best, ok = blob, true
		}
	}
	return best, ok
}

func (a *asking) blob(ctx context.Context, blob v1.Descriptor) ([]byte, error) {
	answer, err := a.get(ctx, a.base+"/blobs/"+blob.Digest.String(), nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if err := transport.CheckError(answer, http.StatusOK); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxProbe+1))
}

func short(blob v1.Descriptor) string { return fmt.Sprintf("sha256:%.12s…", blob.Digest.Hex) }
