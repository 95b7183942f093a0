package registry

import (
	"bytes"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Access is one line of the registry's access log.
type Access struct {
	Method string
	// Repository and Digest are set for a request that names a blob or manifest by digest;
	// Kind is then "blobs" or "manifests".
	Repository, Kind, Digest string
	Status                   int
	// Bytes is the length of the answer's body as it was written.
	Bytes int64
}

// combined is the log format that the registry shares with web servers: client, user, time,
// request, status, bytes.
var combined = regexp.MustCompile(`^\S+ \S+ \S+ \[[^\]]*\] "([A-Z]+) (\S+) HTTP/[0-9.]+" (\d{3}) (\d+)`)

// byDigest is the path of a blob or manifest of the OCI distribution specification.
var byDigest = regexp.MustCompile(`^/v2/(.+)/(blobs|manifests)/(sha256:[0-9a-f]{64})$`)

// parseAccess reads one line; other lines of the registry's output are not accesses.
func parseAccess(line string) (Access, bool) {
	m := combined.FindStringSubmatch(line)
	if m == nil {
		return Access{}, false
	}
	status, err := strconv.Atoi(m[3])
	if err != nil {
		return Access{}, false
	}
	size, err := strconv.ParseInt(m[4], 10, 64)
	if err != nil {
		return Access{}, false
	}
	a := Access{Method: m[1], Status: status, Bytes: size}
	path, _, _ := strings.Cut(m[2], "?")
	if p := byDigest.FindStringSubmatch(path); p != nil {
		a.Repository, a.Kind, a.Digest = p[1], p[2], p[3]
	}
	return a, true
}

// accessLog collects accesses from the registry's output.
type accessLog struct {
	mu       sync.Mutex
	partial  []byte
	accesses []Access
}

// Write takes output of the registry.
func (l *accessLog) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, data...)
	for {
		line, rest, complete := bytes.Cut(l.partial, []byte("\n"))
		if !complete {
			return len(data), nil
		}
		if access, ok := parseAccess(string(line)); ok {
			l.accesses = append(l.accesses, access)
		}
		l.partial = rest
	}
}

// since gives the accesses after the first n.
func (l *accessLog) since(n int) []Access {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Access(nil), l.accesses[min(n, len(l.accesses)):]...)
}

// Reads are the requests for blobs and manifests, by digest, of the repositories below one. Those that
// failed or were ended early are among them: they were asked for.
func Reads(accesses []Access, below string) []Access {
	var reads []Access
	for _, a := range accesses {
		if a.Method == http.MethodGet && a.Digest != "" && strings.HasPrefix(a.Repository, below+"/") {
			reads = append(reads, a)
		}
	}
	return reads
}
