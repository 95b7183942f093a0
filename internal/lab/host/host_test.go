package host

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyTheEmulatorsFaultIsTakenForIt(t *testing.T) {
	const stall = "[   35.02] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n"
	require.True(t, spinning(stall+"[    2.19]  exc_int3+0xa/0x120\n[    2.19]  asm_exc_int3+0x35/0x40\n"))
	require.False(t, spinning(stall+"[    2.19]  clear_page_rep+0x7/0x10\n"), "a busy machine")
	require.False(t, spinning("Kernel panic - not syncing: asm_exc_int3+0x35/0x40\n"), "a kernel that failed")
	require.False(t, spinning("login: "))
}
