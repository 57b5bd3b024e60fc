package cluster

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

var errUTF16 = errors.New("not a valid kubeconfig: it is in UTF-16, and cut off or broken")

// inUTF8 returns data, which PowerShell writes in UTF-16, in UTF-8: YAML takes either, and
// everything else looks for bytes. An error comes with what is in front of the fault: the
// library's decoder would put another character in its place, also in a token.
func inUTF8(data []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case len(data) < 2:
		return data, nil
	case data[0] == 0xff && data[1] == 0xfe:
		order = binary.LittleEndian
	case data[0] == 0xfe && data[1] == 0xff:
		order = binary.BigEndian
	default:
		return data, nil
	}
	text := make([]byte, 0, len(data)/2)
	for data = data[2:]; len(data) >= 2; data = data[2:] {
		r := rune(order.Uint16(data))
		if utf16.IsSurrogate(r) {
			if data = data[2:]; len(data) < 2 {
				return text, errUTF16
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(data))); r == utf8.RuneError {
				return text, errUTF16
			}
		}
		text = utf8.AppendRune(text, r)
	}
	if len(data) > 0 {
		return text, errUTF16
	}
	return text, nil
}
