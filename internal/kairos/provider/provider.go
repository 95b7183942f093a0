// Package provider is stylet's seat at the bus of kairos-agent: a program that is called
// agent-provider-stylet, or is given the name of an event, answers the event on stdout and ends.
// What it may cost is little: agent.boot runs in the initial root before every boot goes on.
package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/version"
)

// Timeout bounds the handling of one event: kairos-agent itself waits for ever, and with it the
// boot.
const Timeout = 60 * time.Second

// maxPayload bounds what is read of an event: the user-data of a host is far below it.
const maxPayload = 16 << 20

// Provider answers events.
type Provider struct {
	// Boot handles agent.boot: config is the user-data that kairos-agent merged. Its error is told
	// to kairos-agent, which prints it and goes on with the boot, so that Boot must also leave a
	// note for the agent's status.
	Boot func(ctx context.Context, config string) error
	// Timeout bounds one event; zero means Timeout.
	Timeout time.Duration
}

// IsProviderCall tells whether the program was started by kairos-agent: by its name, or by the name
// of an event as the only argument.
func IsProviderCall(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	if strings.HasPrefix(filepath.Base(argv[0]), providerPrefix) {
		return true
	}
	return len(argv) == 2 && slices.Contains(Events(), argv[1])
}

// Serve reads one event from in and writes exactly one answer to out, whatever happens. The
// returned error is for the log: kairos-agent has been told of it in the answer.
func (p Provider) Serve(ctx context.Context, argv []string, in io.Reader, out io.Writer) error {
	answer, err := p.answer(ctx, argv, in)
	if err != nil {
		answer.Error = err.Error()
	}
	data, encodeErr := json.Marshal(answer)
	if encodeErr != nil {
		return fmt.Errorf("encoding the answer: %w", encodeErr)
	}
	if _, writeErr := out.Write(data); writeErr != nil {
		return errors.Join(err, fmt.Errorf("writing the answer: %w", writeErr))
	}
	return err
}

// answer handles the event within the time. A handler that does not end by then is left behind:
// the process ends right after the answer.
func (p Provider) answer(ctx context.Context, argv []string, in io.Reader) (response, error) {
	limit := p.Timeout
	if limit <= 0 {
		limit = Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type reply struct {
		response response
		err      error
	}
	done := make(chan reply, 1)
	go func() {
		var r reply
		defer func() {
			if problem := recover(); problem != nil {
				r.err = fmt.Errorf("stylet broke off: %v", problem)
			}
			done <- r
		}()
		r.response, r.err = p.handle(ctx, argv, in)
	}()
	select {
	case r := <-done:
		return r.response, r.err
	case <-ctx.Done():
		return response{}, fmt.Errorf("stylet did not answer within %s: %w", limit, ctx.Err())
	}
}

func (p Provider) handle(ctx context.Context, argv []string, in io.Reader) (response, error) {
	event, err := read(argv, in)
	if err != nil {
		return response{}, err
	}
	switch event.Name {
	case eventBoot:
		var payload bootPayload
		if err := decode(event.Data, &payload); err != nil {
			return response{}, err
		}
		if p.Boot == nil {
			return response{}, nil
		}
		return response{}, p.Boot(ctx, payload.Config)
	case eventInitInstall:
		// kairos-init asks whether we put a Kubernetes into the image that it builds: we do not.
		return response{State: notApplicable}, nil
	case eventInitInfo:
		data, err := json.Marshal(infoPayload{Provider: "stylet", Version: version.Version})
		return response{Data: string(data)}, err
	case eventInteractiveInstall, eventAvailableReleases:
		return response{Data: "[]"}, nil // lists, and we have nothing to add
	}
	return response{}, nil
}

// read takes the event from stdin. Its name is that of the argument, as in the SDK's own factory.
func read(argv []string, in io.Reader) (event, error) {
	if len(argv) < 2 {
		return event{}, errors.New("no event was named")
	}
	var e event
	data, err := io.ReadAll(io.LimitReader(in, maxPayload))
	if err != nil {
		return e, fmt.Errorf("reading the event: %w", err)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("reading the event: %w", err)
	}
	e.Name = argv[1]
	if e.File == "" {
		return e, nil
	}
	file, err := os.Open(e.File)
	if err != nil {
		return e, fmt.Errorf("reading the event's file: %w", err)
	}
	defer file.Close()
	if data, err = io.ReadAll(io.LimitReader(file, maxPayload)); err != nil {
		return e, fmt.Errorf("reading the event's file: %w", err)
	}
	e.Data = string(data)
	return e, nil
}

// decode reads a payload; an event without one is allowed.
func decode(data string, payload any) error {
	if strings.TrimSpace(data) == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(data), payload); err != nil {
		return fmt.Errorf("reading the event's payload: %w", err)
	}
	return nil
}
