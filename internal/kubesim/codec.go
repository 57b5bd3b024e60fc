package kubesim

import (
	"encoding/json"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// codec writes lists of one resource in one encoding.
type codec[T any] struct {
	contentType string
	head        func(b []byte, m listMeta) []byte
	row         func(b []byte, v *T) []byte
	separator   string
	tail        string
	// seal wraps a whole body; nil if the body can go out piece by piece.
	seal func(body []byte) []byte
	// event is the object of a watch event; headers asks for what only the
	// first event carries. Nil: no watch in this encoding.
	event func(b []byte, v *T, version int64, headers bool) []byte
	// bookmark is the object of a BOOKMARK event.
	bookmark func(b []byte, version int64, initialEnd, headers bool) []byte
}

// appendJSON appends a value in JSON. The values here always encode.
func appendJSON(b []byte, value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, data...)
}

func appendListMeta(b []byte, m listMeta) []byte {
	b = append(b, `"metadata":{"resourceVersion":"`...)
	b = append(strconv.AppendInt(b, m.version, 10), '"')
	if m.token != "" {
		b = append(append(append(b, `,"continue":"`...), m.token...), '"')
	}
	if m.remaining > 0 {
		b = strconv.AppendInt(append(b, `,"remainingItemCount":`...), int64(m.remaining), 10)
	}
	return append(b, '}')
}

// tableCodec writes meta.k8s.io/v1 Tables. It calls now for each row, since a watch
// outlives its first event.
func tableCodec[T any](res *apiResource[T], include metav1.IncludeObjectPolicy, now func() time.Time) codec[T] {
	head := func(b []byte, m listMeta, headers bool) []byte {
		b = append(b, `{"kind":"Table","apiVersion":"meta.k8s.io/v1",`...)
		b = append(appendListMeta(b, m), `,"columnDefinitions":`...)
		if !headers {
			return append(b, `null,"rows":[`...)
		}
		return append(append(b, res.columns...), `,"rows":[`...)
	}
	row := func(b []byte, v *T) []byte {
		b = res.cells(append(b, `{"cells":[`...), v, now())
		b = append(append(b, ']'), res.completed(v)...)
		b = append(b, `,"object":`...)
		switch include {
		case metav1.IncludeNone:
			b = append(b, "null"...)
		case metav1.IncludeObject:
			b = appendObject(b, res, v)
		default:
			b = appendJSON(b, partial(res.object(v), "meta.k8s.io/v1"))
		}
		return append(b, '}')
	}
	return codec[T]{
		contentType: "application/json", separator: ",", tail: "]}\n", row: row,
		head: func(b []byte, m listMeta) []byte { return head(b, m, true) },
		event: func(b []byte, v *T, version int64, headers bool) []byte {
			return append(row(head(b, listMeta{version: version}, headers), v), "]}"...)
		},
		bookmark: func(b []byte, version int64, initialEnd, headers bool) []byte {
			var empty T
			b = append(head(b, listMeta{version: version}, headers), `{"cells":[`...)
			b = append(res.cells(b, &empty, time.Time{}), `],"object":`...)
			if initialEnd || include != metav1.IncludeNone {
				b = appendJSON(b, bookmarkMeta(version, initialEnd))
			} else {
				b = append(b, "null"...)
			}
			return append(b, "}]}"...)
		},
	}
}

// bookmarkMeta is the metadata in a bookmark's row.
func bookmarkMeta(version int64, initialEnd bool) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: "meta.k8s.io/v1"},
		ObjectMeta: metav1.ObjectMeta{ResourceVersion: strconv.FormatInt(version, 10)},
	}
	if initialEnd {
		m.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
	}
	return m
}

// partial returns an object's metadata as the API returns it alone.
func partial(o object, apiVersion string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta: metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: apiVersion},
		ObjectMeta: metav1.ObjectMeta{
			Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(),
			GenerateName: o.GetGenerateName(), Generation: o.GetGeneration(),
			ResourceVersion: o.GetResourceVersion(), CreationTimestamp: o.GetCreationTimestamp(),
			DeletionTimestamp: o.GetDeletionTimestamp(), DeletionGracePeriodSeconds: o.GetDeletionGracePeriodSeconds(),
			Labels: o.GetLabels(), Annotations: o.GetAnnotations(),
			OwnerReferences: o.GetOwnerReferences(), ManagedFields: o.GetManagedFields(),
		},
	}
}

// appendObject appends a whole object with its kind, as outside a list.
func appendObject[T any](b []byte, res *apiResource[T], v *T) []byte {
	b = append(b, `{"kind":"`+res.kind+`","apiVersion":"v1",`...)
	return append(b, appendJSON(nil, res.object(v))[1:]...)
}

// jsonCodec writes plain lists, such as a PodList.
func jsonCodec[T any](res *apiResource[T]) codec[T] {
	return codec[T]{
		contentType: "application/json", separator: ",", tail: "]}\n",
		head: func(b []byte, m listMeta) []byte {
			b = append(b, `{"kind":"`+res.kind+`List","apiVersion":"v1",`...)
			return append(appendListMeta(b, m), `,"items":[`...)
		},
		row: func(b []byte, v *T) []byte { return appendJSON(b, res.object(v)) },
		event: func(b []byte, v *T, _ int64, _ bool) []byte {
			return appendObject(b, res, v)
		},
		bookmark: func(b []byte, version int64, initialEnd, _ bool) []byte {
			b = append(b, `{"kind":"`+res.kind+`","apiVersion":"v1",`...)
			data := appendJSON(nil, struct {
				Metadata metav1.ObjectMeta `json:"metadata"`
				Spec     struct{}          `json:"spec"`
				Status   struct{}          `json:"status"`
			}{Metadata: bookmarkMeta(version, initialEnd).ObjectMeta})
			return append(b, data[1:]...)
		},
	}
}

// metadataCodec writes lists of metadata only.
func metadataCodec[T any](res *apiResource[T]) codec[T] {
	c := jsonCodec(res)
	c.head = func(b []byte, m listMeta) []byte {
		b = append(b, `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1",`...)
		return append(appendListMeta(b, m), `,"items":[`...)
	}
	c.row = func(b []byte, v *T) []byte { return appendJSON(b, partial(res.object(v), "meta.k8s.io/v1")) }
	c.event, c.bookmark = nil, nil
	return c
}
