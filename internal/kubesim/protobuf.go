package kubesim

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// protobufMagic starts every protobuf body of the Kubernetes API
// (k8s.io/apimachinery/pkg/runtime/serializer/protobuf).
const protobufMagic = "k8s\x00"

// protobufCodec writes lists in Kubernetes' protobuf: field 1 is the metadata, and
// each item is a field 2, within an envelope with the kind. The envelope begins with
// the length, so the page is built as a whole.
func protobufCodec[T any](res *apiResource[T]) codec[T] {
	return codec[T]{
		contentType: runtime.ContentTypeProtobuf,
		head: func(b []byte, m listMeta) []byte {
			meta := metav1.ListMeta{ResourceVersion: strconv.FormatInt(m.version, 10), Continue: m.token}
			if m.remaining > 0 {
				n := int64(m.remaining)
				meta.RemainingItemCount = &n
			}
			return appendField(b, 1, &meta)
		},
		row: func(b []byte, v *T) []byte { return appendField(b, 2, res.object(v)) },
		seal: func(body []byte) []byte {
			envelope := runtime.Unknown{
				TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: res.kind + "List"},
				Raw:      body,
			}
			data, err := envelope.Marshal()
			if err != nil {
				return nil // an envelope of strings and bytes always encodes
			}
			return append([]byte(protobufMagic), data...)
		},
	}
}

// protobufMarshaler is implemented by gogo's generated types.
type protobufMarshaler interface{ Marshal() ([]byte, error) }

func appendField(b []byte, number protowire.Number, m protobufMarshaler) []byte {
	data, err := m.Marshal()
	if err != nil {
		return b // values without custom types always encode
	}
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), data)
}
