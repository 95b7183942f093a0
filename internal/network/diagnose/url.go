package diagnose

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
)

// checkURL asks for the file itself, and reads none of it.
func checkURL(ctx context.Context, j *journey) Finding {
	transport := j.newTransport(&tls.Config{RootCAs: j.all(j.registry), MinVersion: tls.VersionTLS12})
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, j.target.URL.String(), http.NoBody)
	if err != nil {
		return fail("url", "", "no request can be made of it", "write https://HOST/PATH")
	}
	request.Header.Set("User-Agent", j.UserAgent)
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return judgeRequest(err, j.target.Host)
	}
	answer.Body.Close()
	measured := fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch answer.StatusCode {
	case http.StatusOK:
		return pass(measured)
	case http.StatusNotFound, http.StatusGone:
		return fail("not-found", measured, "there is no such file", "check the path of the URL")
	case http.StatusUnauthorized, http.StatusForbidden:
		return fail("denied", measured, "the file is not for this host", "check the URL, and what "+j.target.Host+" lets this host read")
	}
	return fail("failing", measured, "it does not give the file", "look into the log of "+j.target.Host)
}
