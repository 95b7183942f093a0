package v1alpha1

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Prefix gives the address of a static interface with the length of its network.
func (i Interface) Prefix() (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(i.IPAddress); err == nil {
		if i.Mask != "" {
			if length, err := maskLength(i.Mask, prefix.Addr()); err != nil || length != prefix.Bits() {
				return netip.Prefix{}, fmt.Errorf("mask %q is another one than that of %s", i.Mask, i.IPAddress)
			}
		}
		return prefix, nil
	}
	address, err := netip.ParseAddr(i.IPAddress)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not an IP address", i.IPAddress)
	}
	if i.Mask == "" {
		return netip.Prefix{}, fmt.Errorf("%s has no mask", address)
	}
	length, err := maskLength(i.Mask, address)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(address, length), nil
}

// maskLength reads 255.255.255.0, 24 or /24.
func maskLength(text string, address netip.Addr) (int, error) {
	if n, err := strconv.Atoi(strings.TrimPrefix(text, "/")); err == nil {
		if n < 0 || n > address.BitLen() {
			return 0, fmt.Errorf("mask %q is longer than the address", text)
		}
		return n, nil
	}
	mask := net.ParseIP(text).To4()
	if mask == nil || !address.Is4() {
		return 0, fmt.Errorf("%q is not a mask", text)
	}
	length, bits := net.IPMask(mask).Size()
	if bits == 0 {
		return 0, fmt.Errorf("mask %q has holes", text)
	}
	return length, nil
}
