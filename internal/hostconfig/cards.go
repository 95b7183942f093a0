package hostconfig

import (
	"os"
	"path/filepath"
	"strings"
)

// permanent is the kernel's word for an address that the card brings (NET_ADDR_PERM, linux/netdevice.h).
const permanent = "0"

// PresentCards gives the permanent MAC address of each network card by its interface's name, from sysfs
// below root. Interfaces whose address was made up or set are not among them.
func PresentCards(root string) map[string]string {
	dir := filepath.Join(root, "sys/class/net")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	read := func(name, file string) string {
		data, err := os.ReadFile(filepath.Join(dir, name, file))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(data))
	}
	cards := map[string]string{}
	for _, entry := range entries {
		name := entry.Name()
		address := read(name, "address")
		if read(name, "addr_assign_type") == permanent && strings.Trim(address, "0:") != "" {
			cards[name] = address
		}
	}
	return cards
}
