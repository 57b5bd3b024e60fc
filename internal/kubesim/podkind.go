package kubesim

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// none is how tables print a missing value. The real server's JSON escapes it,
// which makes rows longer on the wire.
const none = `"\u003cnone\u003e"`

// podContainers is the number of containers of every pod.
const podContainers = 2

func podResource(b *podBase) *apiResource[pod] {
	return &apiResource[pod]{
		name: "pods", kind: "Pod",
		history:   &history[pod]{base: b},
		labels:    podLabels(),
		columns:   appendJSON(nil, podColumns()),
		cells:     podCells,
		completed: podCompleted,
		field:     podField,
		object:    func(p *pod) object { return podObject(p) },
		version:   func(p *pod) *int64 { return &p.version },
	}
}

// podLabels returns the fields that selectors of pods may name
// (kubernetes/pkg/apis/core/v1/conversion.go).
func podLabels() []string {
	return []string{
		"metadata.name", "metadata.namespace", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
		"spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs",
		"status.nominatedNodeName",
	}
}

func podField(p *pod, name string) string {
	switch name {
	case "metadata.name":
		return p.name
	case "metadata.namespace":
		return p.namespace
	case "spec.nodeName":
		return p.node
	case "spec.restartPolicy":
		return "Always"
	case "spec.schedulerName":
		return "default-scheduler"
	case "spec.serviceAccountName":
		return "default"
	case "spec.hostNetwork":
		return "false"
	case "status.phase":
		return string(p.phase)
	case "status.podIP", "status.podIPs":
		return p.ip()
	}
	return ""
}

// podColumns are the columns that kube-apiserver 1.37 prints for pods
// (kubernetes/pkg/printers/internalversion/printers.go).
func podColumns() []metav1.TableColumnDefinition {
	meta, spec, status := metav1.ObjectMeta{}.SwaggerDoc(), corev1.PodSpec{}.SwaggerDoc(), corev1.PodStatus{}.SwaggerDoc()
	return []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name", Description: meta["name"]},
		{Name: "Ready", Type: "string", Description: "The aggregate readiness state of this pod for accepting traffic."},
		{Name: "Status", Type: "string", Description: "The aggregate status of the containers in this pod."},
		{Name: "Restarts", Type: "string", Description: "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted."},
		{Name: "Age", Type: "string", Description: meta["creationTimestamp"]},
		{Name: "IP", Type: "string", Priority: 1, Description: status["podIP"]},
		{Name: "Node", Type: "string", Priority: 1, Description: spec["nodeName"]},
		{Name: "Nominated Node", Type: "string", Priority: 1, Description: status["nominatedNodeName"]},
		{Name: "Readiness Gates", Type: "string", Priority: 1, Description: spec["readinessGates"]},
	}
}

func podCells(b []byte, p *pod, now time.Time) []byte {
	if p.name == "" { // of a bookmark
		return append(b, `"","0/0","","0","\u003cunknown\u003e",`+none+`,`+none+`,`+none+`,`+none...)
	}
	b = append(append(b, '"'), p.name...)
	b = strconv.AppendInt(append(b, `","`...), int64(p.ready()), 10)
	b = append(append(b, "/2\",\""...), p.status()...)
	b = append(append(b, `","`...), p.restartText()...)
	b = append(append(b, `","`...), duration.HumanDuration(now.Sub(p.created))...)
	b = appendOrNone(append(b, `",`...), p.ip())
	b = appendOrNone(append(b, ','), p.node)
	return append(b, `,`+none+`,`+none...)
}

func appendOrNone(b []byte, text string) []byte {
	if text == "" {
		return append(b, none...)
	}
	return append(append(append(b, '"'), text...), '"')
}

func podCompleted(p *pod) string {
	switch p.phase {
	case corev1.PodSucceeded:
		return `,"conditions":[{"type":"Completed","status":"True","reason":"Succeeded","message":"The pod has completed successfully."}]`
	case corev1.PodFailed:
		return `,"conditions":[{"type":"Completed","status":"True","reason":"Failed","message":"The pod failed."}]`
	}
	return ""
}

// crashing reports whether a container of a running pod keeps failing.
func (p *pod) crashing() bool {
	return p.phase == corev1.PodRunning && p.bits>>50%211 == 0
}

func (p *pod) ready() int {
	switch {
	case p.crashing():
		return podContainers - 1
	case p.phase == corev1.PodRunning:
		return podContainers
	}
	return 0
}

// status returns the Status column: the phase, or its cause.
func (p *pod) status() string {
	switch {
	case p.terminating():
		return "Terminating"
	case p.crashing():
		return "CrashLoopBackOff"
	case p.phase == corev1.PodSucceeded:
		return "Completed"
	case p.phase == corev1.PodFailed:
		return "Error"
	case p.phase == corev1.PodPending && p.node != "":
		return "ContainerCreating"
	}
	return string(p.phase)
}

// restarts returns the restarts of the first container.
func (p *pod) restarts() int {
	switch {
	case p.crashing():
		return int(3 + p.bits>>44%400)
	case p.phase == corev1.PodRunning && p.bits>>48%31 == 0:
		return int(1 + p.bits>>44%5)
	}
	return 0
}

func (p *pod) restartText() string {
	n := p.restarts()
	if n == 0 {
		return "0"
	}
	return strconv.Itoa(n) + " (" + strconv.Itoa(int(2+p.bits>>36%9)) + "h ago)"
}

// ip returns the pod's address, or nothing before it runs.
func (p *pod) ip() string {
	if p.node == "" || p.phase == corev1.PodPending {
		return ""
	}
	b := append(make([]byte, 0, 15), "10.42."...)
	b = strconv.AppendUint(b, p.bits>>16&255, 10)
	return string(strconv.AppendUint(append(b, '.'), 1+p.bits>>8%254, 10))
}
