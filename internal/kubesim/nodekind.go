package kubesim

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/duration"
)

// What every node of a simulated cluster runs.
const (
	kubeletVersion   = "v1.37.2"
	osImage          = "Debian GNU/Linux 13 (trixie)"
	kernelVersion    = "6.12.48+deb13-cloud-amd64"
	containerRuntime = "containerd://2.1.4"
)

// imagePool is the number of different images in a cluster. Nodes share them, which
// is why real lists of nodes compress well.
const imagePool = 150

func nodeResource(b *nodeBase, cfg Config) *apiResource[node] {
	return &apiResource[node]{
		name: "nodes", kind: "Node",
		history:   &history[node]{base: b},
		labels:    []string{"metadata.name", "spec.unschedulable"},
		columns:   appendJSON(nil, nodeColumns()),
		cells:     nodeCells,
		completed: func(*node) string { return "" },
		field: func(n *node, name string) string {
			if name == "metadata.name" {
				return n.name
			}
			return "false"
		},
		labelsOf: nodeLabels,
		object:   func(n *node) object { return nodeObject(n, cfg) },
		version:  func(n *node) *int64 { return &n.version },
	}
}

// nodeColumns are the columns that kube-apiserver 1.37 prints for nodes.
func nodeColumns() []metav1.TableColumnDefinition {
	meta, info, status := metav1.ObjectMeta{}.SwaggerDoc(), corev1.NodeSystemInfo{}.SwaggerDoc(), corev1.NodeStatus{}.SwaggerDoc()
	return []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name", Description: meta["name"]},
		{Name: "Status", Type: "string", Description: "The status of the node"},
		{Name: "Roles", Type: "string", Description: "The roles of the node"},
		{Name: "Age", Type: "string", Description: meta["creationTimestamp"]},
		{Name: "Version", Type: "string", Description: info["kubeletVersion"]},
		{Name: "Internal-IP", Type: "string", Priority: 1, Description: status["addresses"]},
		{Name: "External-IP", Type: "string", Priority: 1, Description: status["addresses"]},
		{Name: "OS-Image", Type: "string", Priority: 1, Description: info["osImage"]},
		{Name: "Kernel-Version", Type: "string", Priority: 1, Description: info["kernelVersion"]},
		{Name: "Container-Runtime", Type: "string", Priority: 1, Description: info["containerRuntimeVersion"]},
	}
}

func nodeCells(b []byte, n *node, now time.Time) []byte {
	if n.name == "" { // of a bookmark
		return append(b, `"","Unknown",`+none+`,"\u003cunknown\u003e","",`+none+`,`+none+
			`,"\u003cunknown\u003e","\u003cunknown\u003e","\u003cunknown\u003e"`...)
	}
	b = append(append(b, '"'), n.name...)
	b = append(append(b, `","`+n.ready()+`",`+none+`,"`...), duration.HumanDuration(now.Sub(n.created))...)
	return append(b, `","`+kubeletVersion+`","`+n.ip()+`",`+none+`,"`+osImage+`","`+kernelVersion+` (amd64)","`+containerRuntime+`"`...)
}

// ready returns the Status column; a few nodes are not ready.
func (n *node) ready() string {
	if n.bits>>20%61 == 0 {
		return "NotReady"
	}
	return "Ready"
}

func (n *node) ip() string {
	return fmt.Sprintf("10.0.%d.%d", n.bits>>8&255, 1+n.bits>>16%254)
}

// nodeObject returns the whole node, about 12 to 15 kB of JSON with 40 images.
func nodeObject(n *node, cfg Config) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: n.name, UID: uid(n.bits), ResourceVersion: strconv.FormatInt(n.version, 10),
			CreationTimestamp: metav1.NewTime(n.created),
			Labels:            nodeLabels(n),
			Annotations: map[string]string{
				"csi.volume.kubernetes.io/nodeid":                        fmt.Sprintf(`{"ebs.csi.aws.com":"i-%016x"}`, n.bits),
				"node.alpha.kubernetes.io/ttl":                           "0",
				"volumes.kubernetes.io/controller-managed-attach-detach": "true",
			},
			ManagedFields: []metav1.ManagedFieldsEntry{
				managed("kubelet", metav1.ManagedFieldsOperationUpdate, n.created, nodeFields),
			},
		},
		Spec: corev1.NodeSpec{ProviderID: fmt.Sprintf("aws:///eu-central-1a/i-%016x", n.bits)},
		Status: corev1.NodeStatus{
			Capacity: nodeResources(n, 8), Allocatable: nodeResources(n, 0),
			Conditions: nodeConditions(n),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: n.ip()}, {Type: corev1.NodeHostName, Address: n.name},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: 10250}},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: fmt.Sprintf("%032x", n.bits), SystemUUID: string(uid(n.bits)), BootID: string(uid(n.bits + 1)),
				KernelVersion: kernelVersion, OSImage: osImage, ContainerRuntimeVersion: containerRuntime,
				KubeletVersion: kubeletVersion, OperatingSystem: "linux", Architecture: "amd64",
			},
			Images: nodeImages(n, cfg),
		},
	}
}

func nodeLabels(n *node) labels.Set {
	return labels.Set{
		"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
		"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": n.name,
		"node.kubernetes.io/instance-type": "m7i.4xlarge",
		"topology.kubernetes.io/region":    "eu-central-1",
		"topology.kubernetes.io/zone":      "eu-central-1" + string(rune('a'+n.bits%3)),
	}
}

// nodeResources returns what a node offers; for its capacity, reserved GiB are added.
func nodeResources(n *node, reserved int64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewQuantity(16, resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity((56+reserved)<<30, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity((180+reserved)<<30, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(int64(n.allocatable), resource.DecimalSI),
	}
}

func nodeConditions(n *node) []corev1.NodeCondition {
	at := metav1.NewTime(n.created)
	condition := func(t corev1.NodeConditionType, s corev1.ConditionStatus, reason, text string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: t, Status: s, Reason: reason, Message: text, LastHeartbeatTime: at, LastTransitionTime: at}
	}
	ready := condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status")
	if n.ready() != "Ready" {
		ready = condition(corev1.NodeReady, corev1.ConditionFalse, "KubeletNotReady", "PLEG is not healthy")
	}
	return []corev1.NodeCondition{
		condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
		condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
		condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
		ready,
	}
}

// nodeImages picks a node's images from the cluster's pool without repeats.
func nodeImages(n *node, cfg Config) []corev1.ContainerImage {
	size := max(imagePool, cfg.ImagesPerNode)
	order, names := newShuffle(n.bits, size), imageNames()
	images := make([]corev1.ContainerImage, cfg.ImagesPerNode)
	for i := range images {
		k := uint64(order.at(i))
		bits := mix(cfg.Seed^0x1116, k)
		repository := fmt.Sprintf("registry.example.com/jobsscz/platform/services/%s-%d", names[k%uint64(len(names))], k)
		digest := fmt.Sprintf("%016x%016x%016x%016x", bits, mix(bits, 1), mix(bits, 2), mix(bits, 3))
		images[i] = corev1.ContainerImage{
			Names:     []string{repository + "@sha256:" + digest, fmt.Sprintf("%s:1.%d.%d", repository, bits%90, bits>>8%30)},
			SizeBytes: int64(20_000_000 + bits%900_000_000),
		}
	}
	return images
}

// uid makes a UUID from random bits.
func uid(bits uint64) types.UID {
	low := mix(bits, 7)
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", bits>>32, bits>>16&0xffff, bits&0xfff, 0x8000|low>>48&0x3fff, low&0xffffffffffff))
}

// managed is one writer's entry of an object's managed fields.
func managed(manager string, op metav1.ManagedFieldsOperationType, at time.Time, fields string) metav1.ManagedFieldsEntry {
	when := metav1.NewTime(at)
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: op, APIVersion: "v1", Time: &when,
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}
}

// nodeFields are the fields of a node that the kubelet owns, as a FieldsV1 document.
const nodeFields = `{"f:metadata":{"f:annotations":{".":{},"f:csi.volume.kubernetes.io/nodeid":{},` +
	`"f:volumes.kubernetes.io/controller-managed-attach-detach":{}},"f:labels":{".":{},` +
	`"f:beta.kubernetes.io/arch":{},"f:beta.kubernetes.io/os":{},"f:kubernetes.io/arch":{},` +
	`"f:kubernetes.io/hostname":{},"f:kubernetes.io/os":{},"f:node.kubernetes.io/instance-type":{},` +
	`"f:topology.kubernetes.io/region":{},"f:topology.kubernetes.io/zone":{}}},"f:spec":{"f:providerID":{}},` +
	`"f:status":{"f:addresses":{".":{},"k:{\"type\":\"Hostname\"}":{".":{},"f:address":{},"f:type":{}}},` +
	`"f:allocatable":{".":{},"f:cpu":{},"f:ephemeral-storage":{},"f:memory":{},"f:pods":{}},` +
	`"f:conditions":{".":{},"k:{\"type\":\"Ready\"}":{".":{},"f:lastHeartbeatTime":{},"f:status":{}}},` +
	`"f:images":{},"f:nodeInfo":{"f:bootID":{},"f:kernelVersion":{},"f:kubeletVersion":{},"f:machineID":{}}}}`
