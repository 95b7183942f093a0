package localapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Client asks the agent of this host.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient makes a client for the socket at path.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &Client{socket: path, http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dial}}}
}

// Status asks for the host's status.
func (c *Client) Status(ctx context.Context) (s v1alpha1.HostStatus, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/status", &s)
	return s, err
}

// Plan asks for the plan in progress, or the last comparison.
func (c *Client) Plan(ctx context.Context) (p lifecycle.Plan, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/plan", &p)
	return p, err
}

// Events asks for the history.
func (c *Client) Events(ctx context.Context) (e []v1alpha1.Event, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/events", &e)
	return e, err
}

// Retry forgets refusals; see lifecycle.Engine.Retry.
func (c *Client) Retry(ctx context.Context, prefix string) (r []v1alpha1.RefusedRevision, err error) {
	err = c.call(ctx, http.MethodPost, "/v1/retry?revision="+url.QueryEscape(prefix), &r)
	return r, err
}

// Look lets the agent ask its source at once.
func (c *Client) Look(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/v1/look", &struct{}{})
}

func (c *Client) call(ctx context.Context, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://stylet"+path, nil)
	if err != nil {
		return fmt.Errorf("asking the agent: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fault.Wrap(err, fault.Wait, "agent.not-running",
			"see `systemctl status stylet-agent` and `journalctl -u stylet-agent`", "the agent does not answer on %s", c.socket)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var p Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
			return fmt.Errorf("asking the agent: it answered %s", res.Status)
		}
		return fault.New(p.Kind, p.Code, p.Remedy, "%s", p.What)
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("reading the agent's answer: %w", err)
	}
	return nil
}
