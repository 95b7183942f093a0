package kairos

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// The form of a GRUB environment block (grub: grub-core/lib/envblk.c): a signature line, then
// NAME=VALUE lines in which a backslash takes the next byte literally, filled up with '#'.
const (
	blockSize      = 1024
	blockSignature = "# GRUB Environment Block\n"
)

// parseBlock reads the variables as GRUB does, but refuses what GRUB would pass over in silence: a
// line without an end or a name. Any length will do: kairos-agent writes blocks of 2048 bytes too.
func parseBlock(block []byte) ([]EnvVariable, error) {
	rest, ok := bytes.CutPrefix(block, []byte(blockSignature))
	if !ok {
		return nil, errors.New("the block does not begin with GRUB's signature")
	}
	var variables []EnvVariable
	for len(rest) > 0 {
		line, after, ended := cutLine(rest)
		rest = after
		if strings.HasPrefix(line, "#") {
			continue // a comment, or the filling
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok || name == "" || !ended {
			return nil, fmt.Errorf("the block holds the broken line %.40q", line)
		}
		variables = append(variables, EnvVariable{Name: name, Value: unescape(value)})
	}
	return variables, nil
}

// cutLine takes the bytes up to the first newline that no backslash protects.
func cutLine(data []byte) (line string, rest []byte, ended bool) {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '\n':
			return string(data[:i]), data[i+1:], true
		}
	}
	return string(data), nil, false
}

func unescape(value string) string {
	var out strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		out.WriteByte(value[i])
	}
	return out.String()
}

// encodeBlock writes the variables in their order into a block of so many bytes.
func encodeBlock(variables []EnvVariable, size int) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(blockSignature)
	seen := map[string]bool{}
	for _, v := range variables {
		if v.Name == "" || strings.HasPrefix(v.Name, "#") || strings.ContainsAny(v.Name, "=\n\\\x00") || seen[v.Name] {
			return nil, fmt.Errorf("encoding the boot environment: bad or double name %q", v.Name)
		}
		if strings.ContainsRune(v.Value, 0) {
			return nil, fmt.Errorf("encoding the boot environment: %s holds a zero byte", v.Name)
		}
		seen[v.Name] = true
		out.WriteString(v.Name + "=" + escape(v.Value) + "\n")
	}
	if out.Len() > size {
		return nil, fmt.Errorf("encoding the boot environment: %d bytes do not fit into %d", out.Len(), size)
	}
	out.Write(bytes.Repeat([]byte("#"), size-out.Len()))
	return out.Bytes(), nil
}

func escape(value string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", "\\\n").Replace(value)
}
