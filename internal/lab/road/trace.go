package road

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/internal/lab/trace"
)

// traceDir is on the persistent partition: the trace must survive the reboot that follows.
const traceDir = "/usr/local/lab"

// traceAgent puts strace before the upgrade of the genuine kairos-agent, until the next boot.
func (r *Road) traceAgent(ctx context.Context) error {
	_, err := r.host.Output(ctx, `set -e
mkdir -p `+traceDir+`
cp /usr/bin/kairos-agent `+traceDir+`/kairos-agent
cat >`+traceDir+`/traced <<'END'
#!/bin/sh
case $1 in upgrade) set -- -f --seccomp-bpf -s 300 -e signal=none -e trace=`+trace.Calls+` -o `+traceDir+`/trace `+traceDir+`/kairos-agent "$@" ;;
*) exec `+traceDir+`/kairos-agent "$@" ;; esac
exec strace "$@"
END
chmod 755 `+traceDir+`/traced
mount --bind `+traceDir+`/traced /usr/bin/kairos-agent`)
	if err != nil {
		return fmt.Errorf("putting strace before kairos-agent: %w", err)
	}
	return nil
}

// compareTrace compares what kairos-agent did with what its stand-in in the fault tests does.
func (r *Road) compareTrace(ctx context.Context) error {
	text, err := r.host.Output(ctx, "cat "+traceDir+"/trace")
	if err != nil {
		return fmt.Errorf("reading the trace: %w", err)
	}
	if err := r.saveText("kairos-upgrade.strace", text+"\n"); err != nil {
		return err
	}
	genuine := trace.OnHost().Account(text)
	played, err := r.playStandIn(ctx)
	if err != nil {
		return fmt.Errorf("running the stand-in: %w", err)
	}
	if !slices.Equal(genuine, played) {
		return fmt.Errorf("kairos-agent and its stand-in differ:\n  genuine: %s\n  stand-in: %s",
			strings.Join(genuine, "; "), strings.Join(played, "; "))
	}
	r.report.Say("kairos-agent and its stand-in do the same %d operations", len(genuine))
	return nil
}

// playStandIn lets the stand-in upgrade from active, and gives its account.
func (r *Road) playStandIn(ctx context.Context) ([]string, error) {
	dir, err := os.MkdirTemp(r.dir, "standin-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// scripts/go.sh works in the checkout, whatever the present folder is.
	program := filepath.Join(dir, "standin")
	if _, err := process.Output(ctx, filepath.Join(r.in.Repo, "scripts", "go.sh"), "build", "-o", program, "./internal/kairos/standin"); err != nil {
		return nil, err
	}
	_, err = process.Output(ctx, "sh", "-euc", `cd "$0"; mkdir -p state/cOS oem
for image in state/cOS/active.img state/cOS/passive.img new.img; do truncate -s 1M $image; mke2fs -q -F -t ext2 $image; done
echo cos-img/filename=/cOS/active.img root=LABEL=COS_ACTIVE >cmdline`, dir)
	if err != nil {
		return nil, err
	}
	var said strings.Builder
	err = process.Run(ctx, process.Spec{
		Argv: []string{program, "upgrade", "--source", "file:" + filepath.Join(dir, "new.img")},
		Env: []string{
			"STANDIN_STATE=" + filepath.Join(dir, "state"), "STANDIN_OEM=" + filepath.Join(dir, "oem"),
			"STANDIN_CMDLINE=" + filepath.Join(dir, "cmdline"), "STANDIN_ACCOUNT=" + filepath.Join(dir, "account"),
		},
		Stdout: &said, Stderr: &said,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, said.String())
	}
	account, err := os.ReadFile(filepath.Join(dir, "account"))
	return strings.Split(strings.TrimSpace(string(account)), "\n"), err
}
