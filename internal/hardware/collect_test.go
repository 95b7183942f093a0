package hardware

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
)

func TestCollectNeedsAMachine(t *testing.T) {
	t.Parallel()
	_, err := Collect(t.Context(), Options{Root: t.TempDir()})
	require.ErrorContains(t, err, "reading the machine's facts below")
}

func TestCollectReadsThisMachine(t *testing.T) {
	t.Parallel()
	facts, err := Collect(t.Context(), Options{})
	require.NoError(t, err)
	assert.NotEmpty(t, facts.Architecture)
	assert.Positive(t, facts.CPU.Cores)
	assert.Positive(t, facts.Memory.Usable)
	assert.NotEmpty(t, facts.Virtualization.Evidence)
}

// blkid plays the program: it answers for the devices it is asked about.
type blkid struct {
	lines []string
	err   error
	asked []string
}

func (b *blkid) Run(_ context.Context, spec command.Spec) (command.Result, error) {
	b.asked = spec.Argv
	for _, line := range b.lines {
		spec.OnLine(line)
	}
	return command.Result{}, b.err
}

func TestLabelsThatUdevDoesNotKnow(t *testing.T) {
	t.Parallel()
	unknown := func() []Drive {
		return []Drive{
			// No machine has drives of these names, so no udev database knows them.
			{Name: "zz0", Partitions: []Partition{{Name: "zz0p1"}, {Name: "zz0p2"}, {Name: "zz0p3", Label: "seen"}}},
			{Name: "zz1", Partitions: []Partition{{Name: "zz1p1"}}},
		}
	}
	t.Run("blkid answers", func(t *testing.T) {
		t.Parallel()
		runner := &blkid{lines: strings.Fields("DEVNAME=/dev/zz0p2 UUID=1 LABEL=COS_STATE TYPE=ext4 DEVNAME=/dev/zz1p1 TYPE=vfat")}
		src, drives := &source{root: "/"}, unknown()
		src.completeLabels(t.Context(), runner, drives)
		assert.Equal(t, []string{"blkid", "-o", "export", "/dev/zz0p1", "/dev/zz0p2", "/dev/zz1p1"}, runner.asked)
		assert.Equal(t, []string{"COS_STATE"}, drives[0].InstallationLabels())
		assert.Empty(t, drives[1].Labels)
		assert.Empty(t, src.gaps)
	})
	t.Run("blkid knows of pools", func(t *testing.T) {
		t.Parallel()
		runner := &blkid{lines: strings.Fields("DEVNAME=/dev/zz0p2 TYPE=linux_raid_member DEVNAME=/dev/zz2 TYPE=ceph_bluestore")}
		drives := append(unknown(), Drive{Name: "zz2", Size: 1})
		(&source{root: "/"}).completeLabels(t.Context(), runner, drives)
		assert.Contains(t, runner.asked, "/dev/zz2", "a whole drive without partitions")
		assert.Equal(t, []string{"RAID (zz0p2)"}, drives[0].Leftovers())
		assert.Equal(t, []string{"Ceph (zz2)"}, drives[2].Leftovers())
	})
	t.Run("blkid finds nothing", func(t *testing.T) {
		t.Parallel()
		src := &source{root: "/"}
		src.completeLabels(t.Context(), &blkid{err: &command.ExitError{Result: command.Result{ExitCode: 2}}}, unknown())
		assert.Empty(t, src.gaps)
	})
	t.Run("blkid breaks", func(t *testing.T) {
		t.Parallel()
		src := &source{root: "/"}
		src.completeLabels(t.Context(), &blkid{err: &command.ExitError{Result: command.Result{ExitCode: 4}}}, unknown())
		require.Len(t, src.gaps, 1)
		assert.Contains(t, src.gaps[0], "/dev/zz0p1")
	})
	t.Run("another machine's root", func(t *testing.T) {
		t.Parallel()
		runner := &blkid{}
		src := &source{root: t.TempDir()}
		src.completeLabels(t.Context(), runner, unknown())
		assert.Empty(t, runner.asked)
		assert.Len(t, src.gaps, 1)
	})
}

// In the live system that was copied to memory nothing is mounted from the medium: its label
// tells, even before udev has made links.
func TestTheBootMediumByItsLabel(t *testing.T) {
	t.Parallel()
	root := unpackFixture(t, "i5-nvme.txtar")
	writeRootFile(t, root, "proc/self/mounts", "none / tmpfs rw 0 0\n")
	facts, err := Collect(t.Context(), Options{Root: root})
	require.NoError(t, err)
	assert.Equal(t, Boot{Live: true, Medium: "sda"}, facts.Boot)
}
