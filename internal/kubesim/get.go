package kubesim

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// serveGet answers a request for one object, also as a Table of one row.
func serveGet[T any](s *Server, res *apiResource[T], key string, w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	value, known := res.history.get(key)
	s.mu.RUnlock()
	if !known {
		writeStatus(w, notFound(res.name, key[strings.LastIndexByte(key, '/')+1:]))
		return
	}
	include := metav1.IncludeObjectPolicy(r.URL.Query().Get("includeObject"))
	for _, c := range parseAccept(s.accept(r)) {
		if contentType, body := getBody(res, &value, c, include); body != nil {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(body) // a client that is gone is not an error
			return
		}
	}
	writeStatus(w, notAcceptable())
}

// getBody encodes one object as a clause asks; nil if it cannot.
func getBody[T any](res *apiResource[T], v *T, c clause, include metav1.IncludeObjectPolicy) (contentType string, body []byte) {
	switch {
	case c.mediaType == runtime.ContentTypeProtobuf && c.params["as"] == "":
		return c.mediaType, protobufObject(res, v)
	case c.mediaType != "application/json" && c.mediaType != "*/*":
		return "", nil
	case c.params["as"] == "Table" && c.params["v"] == "v1":
		table := tableCodec(res, include, time.Now)
		body = table.row(table.head(nil, listMeta{version: *res.version(v)}), v)
		return table.contentType, append(body, table.tail...)
	case c.params["as"] == "":
		return "application/json", appendObject(nil, res, v)
	}
	return "", nil
}

func protobufObject[T any](res *apiResource[T], v *T) []byte {
	raw, err := res.object(v).Marshal()
	if err != nil {
		return nil
	}
	envelope := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: res.kind}, Raw: raw}
	data, err := envelope.Marshal()
	if err != nil {
		return nil
	}
	return append([]byte(protobufMagic), data...)
}

func notFound(resource, name string) *apiStatus {
	return statusOf(apierrors.NewNotFound(schema.GroupResource{Resource: resource}, name))
}

// leasePath is where the kubelets' heartbeats are.
const leasePath = "/apis/" + leaseGroup + "/v1/namespaces/kube-node-lease/leases/"

// leaseSeconds is kubelet's default (nodeLeaseDurationSeconds).
const leaseSeconds = 40

// serveLease answers with the heartbeat of a node, which is always the present time.
func (s *Server) serveLease(w http.ResponseWriter, name string) {
	s.mu.RLock()
	_, known := s.nodes.history.get(name)
	version := s.version
	s.mu.RUnlock()
	if !known {
		writeStatus(w, notFound("leases", name))
		return
	}
	seconds, renewed := int32(leaseSeconds), metav1.NewMicroTime(time.Now())
	writeJSON(w, http.StatusOK, &coordinationv1.Lease{
		TypeMeta:   metav1.TypeMeta{Kind: "Lease", APIVersion: leaseGroup + "/v1"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-node-lease", ResourceVersion: strconv.FormatInt(version, 10)},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &name, LeaseDurationSeconds: &seconds, RenewTime: &renewed},
	})
}
