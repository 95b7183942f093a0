package v1alpha1

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes that reads as text with a unit: 512Mi, 8Gi, 100G.
type Size int64

var sizeUnits = []struct {
	suffix string
	factor int64
}{
	{"Ki", 1 << 10},
	{"Mi", 1 << 20},
	{"Gi", 1 << 30},
	{"Ti", 1 << 40},
	{"K", 1e3},
	{"M", 1e6},
	{"G", 1e9},
	{"T", 1e12},
}

// Or gives the size, or the default if it is zero.
func (s Size) Or(def Size) int64 {
	if s == 0 {
		return int64(def)
	}
	return int64(s)
}

// String gives the largest binary unit that divides the size, or plain bytes.
func (s Size) String() string {
	for i := 3; i >= 0; i-- {
		if u := sizeUnits[i]; s != 0 && int64(s)%u.factor == 0 {
			return strconv.FormatInt(int64(s)/u.factor, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText writes what UnmarshalText reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a whole number of bytes, or one with a unit (Ki, Mi, Gi, Ti, K, M, G, T).
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := string(text), int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, factor = rest, u.factor
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return fmt.Errorf("%q is not a size such as 512Mi or 8Gi", text)
	}
	*s = Size(n * factor)
	return nil
}

// UnmarshalJSON accepts text, or a plain number of bytes.
func (s *Size) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		text = string(data)
	}
	return s.UnmarshalText([]byte(text))
}

// Human gives the size with one decimal, rounded down so that it never says more than there is:
// "1.4 GiB". String is the form that can be read back.
func (s Size) Human() string {
	if s < 1<<10 {
		return strconv.FormatInt(int64(s), 10) + " bytes"
	}
	value, unit := int64(s), 0
	for ; value >= 1<<20 && unit < 3; unit++ {
		value >>= 10
	}
	tenths := value * 10 >> 10
	return fmt.Sprintf("%d.%d %s", tenths/10, tenths%10, [...]string{"KiB", "MiB", "GiB", "TiB"}[unit])
}
