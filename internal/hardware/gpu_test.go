package hardware

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const aTable = `[{"marketingName": "X", "vRAM": 1.5, "migCapable": false, "vendor": "AMD Inc", "vendorID": "1002", "deviceID": ["AbCd"], "architecture": "a"}]`

func TestAHostsOwnTableOfGPUs(t *testing.T) {
	table, err := parseGPUTable([]byte(aTable))
	require.NoError(t, err)
	gpu := GPU{VendorID: "1002", DeviceID: "abcd"}
	table.name(&gpu)
	require.Equal(t, GPU{VendorID: "1002", DeviceID: "abcd", Vendor: "AMD Inc", Model: "X", Memory: 1_500_000_000, Architecture: "a"}, gpu)
	for name, data := range map[string]string{
		"not JSON":        `[`,
		"an object":       `{}`,
		"a missing field": strings.Replace(aTable, `"vRAM": 1.5, `, "", 1),
		"another field":   strings.Replace(aTable, `"vRAM"`, `"color": 1, "vRAM"`, 1),
		"a prefix":        strings.Replace(aTable, `"1002"`, `"0x1002"`, 1),
		"a vendor":        strings.Replace(aTable, `AMD`, `Matrox`, 1),
		"no device":       strings.Replace(aTable, `"AbCd"`, ``, 1),
		"a size":          strings.Replace(aTable, `1.5`, `-1`, 1),
		"too much":        aTable + strings.Repeat(" ", maxLookupBytes),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseGPUTable([]byte(data))
			require.Error(t, err)
		})
	}
}

func TestTheBuiltInTableIsInTheDocumentedForm(t *testing.T) {
	data, err := json.Marshal(builtinGPUs())
	require.NoError(t, err)
	table, err := parseGPUTable(data)
	require.NoError(t, err)
	require.Equal(t, builtinGPUs(), table)
}

func FuzzParseGPUTable(f *testing.F) {
	f.Add([]byte(aTable))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := parseGPUTable(data)
		if err != nil {
			return
		}
		for _, m := range table {
			gpu := GPU{VendorID: m.VendorID, DeviceID: m.DeviceID[0]}
			table.name(&gpu)
			require.NotEmpty(t, gpu.Model)
			require.GreaterOrEqual(t, gpu.Memory, int64(0))
		}
	})
}
