package duo

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
)

// errKind: a value has no place in the BSON that clients read.
var errKind = errors.New("bson: a value of a kind that is not written")

// document writes a map as a BSON document (bsonspec.org, version 1.1), by name:
// strings (0x02), documents (0x03) and int32 (0x10) are all that occur.
func document(values map[string]any) ([]byte, error) {
	body := []byte{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if strings.ContainsRune(name, 0) {
			return nil, errKind
		}
		kind, value, err := element(values[name])
		if err != nil {
			return nil, err
		}
		body = append(body, kind)
		body = append(body, name...)
		body = append(append(body, 0), value...)
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(4+len(body)+1))
	return append(append(out, body...), 0), nil
}

func element(value any) (kind byte, raw []byte, err error) {
	switch v := value.(type) {
	case string:
		raw = binary.LittleEndian.AppendUint32(nil, uint32(len(v)+1))
		return 0x02, append(append(raw, v...), 0), nil
	case int32:
		return 0x10, binary.LittleEndian.AppendUint32(nil, uint32(v)), nil
	case map[string]any:
		raw, err = document(v)
		return 0x03, raw, err
	}
	return 0, nil, errKind
}
