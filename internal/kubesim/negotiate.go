package kubesim

import (
	"mime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clause is one media type of an Accept header.
type clause struct {
	mediaType string
	params    map[string]string
	quality   float64
}

// parseAccept returns the clauses of an Accept header, best first, without those that
// cannot be parsed.
func parseAccept(header string) []clause {
	var clauses []clause
	for part := range strings.SplitSeq(header, ",") {
		mediaType, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		c := clause{mediaType, params, 1}
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			c.quality = q
		}
		clauses = append(clauses, c)
	}
	slices.SortStableFunc(clauses, func(a, b clause) int {
		switch {
		case a.quality > b.quality:
			return -1
		case a.quality < b.quality:
			return 1
		}
		return 0
	})
	return clauses
}

// negotiate returns the first acceptable encoding that the server supports, or a 406.
func negotiate[T any](res *apiResource[T], accept string, q query) (codec[T], *apiStatus) {
	if strings.TrimSpace(accept) == "" {
		return jsonCodec(res), nil
	}
	for _, c := range parseAccept(accept) {
		if enc, ok := offer(res, c, q); ok && (!q.watch || enc.event != nil) {
			return enc, nil
		}
	}
	return codec[T]{}, notAcceptable()
}

func offer[T any](res *apiResource[T], c clause, q query) (codec[T], bool) {
	target := c.params["as"]
	transform := c.params["g"] == "meta.k8s.io" && c.params["v"] == "v1"
	switch c.mediaType {
	case "application/json", "application/*", "*/*":
		switch {
		case target == "" && c.params["g"] == "" && c.params["v"] == "":
			return jsonCodec(res), true
		case transform && target == "Table":
			return tableCodec(res, q.includeObject, time.Now), true
		case transform && target == "PartialObjectMetadataList":
			return metadataCodec(res), true
		}
	case "application/vnd.kubernetes.protobuf":
		return protobufCodec(res), target == ""
	}
	return codec[T]{}, false
}
