package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// manager is the connection to systemd of one Run.
type manager struct {
	conn *dbus.Conn
	// changes are those of all units.
	changes chan *dbus.PropertiesUpdate
}

// connect prefers systemd's own socket: it works, for root, also while the bus does not.
func connect(ctx context.Context) (*manager, error) {
	conn, err := dbus.NewSystemdConnectionContext(ctx)
	if err != nil {
		conn, err = dbus.NewSystemConnectionContext(ctx)
	}
	if err != nil {
		return nil, noSystemd(err, "connecting")
	}
	m := &manager{conn: conn, changes: make(chan *dbus.PropertiesUpdate, 64)}
	// A full channel is no loss: follow looks again by itself after a while.
	conn.SetPropertiesSubscriber(m.changes, make(chan error, 1))
	if err := conn.Subscribe(); err != nil {
		conn.Close()
		return nil, noSystemd(err, "subscribing")
	}
	return m, nil
}

func (m *manager) close() { m.conn.Close() }

func noSystemd(err error, doing string) error {
	return fault.Wrap(err, fault.Retry, "command.no-systemd", "check `systemctl status`", "talking to systemd: %s", doing)
}

// state asks for a unit. One that systemd does not know is not loaded, and no error.
func (m *manager) state(ctx context.Context, name string) (unitState, error) {
	unit, err := m.conn.GetUnitPropertiesContext(ctx, name)
	if err != nil {
		return unitState{}, noSystemd(err, "asking for "+name)
	}
	s := unitState{loaded: unit["LoadState"] == "loaded"}
	if !s.loaded {
		return s, nil
	}
	service, err := m.conn.GetUnitTypePropertiesContext(ctx, name, "Service")
	if err != nil {
		return s, noSystemd(err, "asking for "+name)
	}
	take(unit, "Description", &s.description)
	take(unit, "ActiveState", &s.active)
	take(unit, "SubState", &s.sub)
	take(service, "Result", &s.outcome)
	take(service, "ExecMainCode", &s.code)
	take(service, "ExecMainStatus", &s.status)
	take(service, "ExecMainStartTimestampMonotonic", &s.began)
	take(service, "ExecMainExitTimestampMonotonic", &s.over)
	return s, nil
}

// take copies a property that has the type expected, and leaves zero for any other.
func take[T any](properties map[string]any, name string, to *T) {
	if value, ok := properties[name].(T); ok {
		*to = value
	}
}

func property(name string, value any) dbus.Property {
	return dbus.Property{Name: name, Value: godbus.MakeVariant(value)}
}

// start starts the unit. That it fails to execute is seen in its state, as any other end.
func (m *manager) start(ctx context.Context, name string, properties []dbus.Property) error {
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for attempt := 0; ; attempt++ {
		done := make(chan string, 1)
		_, err := m.conn.StartTransientUnitContext(ctx, name, "fail", properties, done)
		if err == nil {
			return waitForJob(ctx, done)
		}
		// The one that was just cleared is still being unloaded.
		if attempt == 20 || !isBusError(err, "org.freedesktop.systemd1.UnitExists") {
			return noSystemd(err, "starting "+name)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-retry.C:
		}
	}
}

// waitForJob does not look at how the job ended: the unit's state says it better.
func waitForJob(ctx context.Context, done <-chan string) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// clearTime bounds clear. A system that is shutting down may never tell of the end of the job, and
// whoever stops us then waits for less than a minute: a reboot was held up by 30 s, until the agent
// was killed.
const clearTime = 5 * time.Second

// clear lets systemd forget a unit, and stops it first if it runs.
func (m *manager) clear(ctx context.Context, name string, state unitState) error {
	ctx, cancel := context.WithTimeout(ctx, clearTime)
	defer cancel()
	if state.active == "failed" {
		if err := m.conn.ResetFailedUnitContext(ctx, name); err != nil && !isBusError(err, "org.freedesktop.systemd1.NoSuchUnit") {
			return noSystemd(err, "clearing "+name)
		}
		return nil
	}
	done := make(chan string, 1)
	if _, err := m.conn.StopUnitContext(ctx, name, "replace", done); err != nil {
		if isBusError(err, "org.freedesktop.systemd1.NoSuchUnit") {
			return nil
		}
		return noSystemd(err, "clearing "+name)
	}
	if err := waitForJob(ctx, done); err != nil {
		return fmt.Errorf("clearing %s: %w", name, err)
	}
	return nil
}

func isBusError(err error, name string) bool {
	var busError godbus.Error
	return errors.As(err, &busError) && busError.Name == name
}
