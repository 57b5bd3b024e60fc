package generate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nodeShape is what the places of pods depend on.
type nodeShape struct {
	name, pool  string
	allocatable int64
}

// shapeNodes draws names and sizes. The sizes are those of common clouds: 110
// is Kubernetes' own default, 29 and 58 come of network interfaces with few
// addresses, 250 of large machines.
func shapeNodes(spec Spec) []nodeShape {
	rng := rand.New(rand.NewPCG(spec.Seed, streamShape))
	nodes := make([]nodeShape, spec.Nodes)
	pool := word(rng, 4)
	for i := range nodes {
		n := nodeShape{pool: "general", allocatable: 110}
		switch roll := rng.IntN(100); {
		case roll < 4:
			n.pool, n.allocatable = "edge", 29
		case roll < 12:
			n.pool, n.allocatable = "burst", 58
		case roll < 24:
			n.pool, n.allocatable = "dense", 250
		}
		n.name = fmt.Sprintf("%s-%s-%s-%04d", clusterName, n.pool, pool, i)
		nodes[i] = n
	}
	return nodes
}

// Nodes makes all nodes, as the kubelet and the cloud's controller leave them.
func (c *Cluster) Nodes() []*corev1.Node {
	rng := rand.New(rand.NewPCG(c.spec.Seed, streamNode))
	pool := imagePool(rng, max(poolSize, c.spec.Images))
	nodes := make([]*corev1.Node, len(c.nodes))
	for i, shape := range c.nodes {
		nodes[i] = makeNode(rng, shape, i, nodeImages(rng, pool, c.spec.Images))
	}
	return nodes
}

func makeNode(rng *rand.Rand, shape nodeShape, i int, images []corev1.ContainerImage) *corev1.Node {
	created := epoch().Add(-time.Duration(rng.IntN(90*24)) * time.Hour)
	zone := fmt.Sprintf("eu-central-1%c", 'a'+i%3)
	return &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{
			Name: shape.name, UID: uid(rng), CreationTimestamp: metav1.NewTime(created),
			Labels: map[string]string{
				"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
				"kubernetes.io/hostname":           shape.name,
				"node.kubernetes.io/instance-type": "m6i.4xlarge",
				"topology.kubernetes.io/region":    "eu-central-1",
				"topology.kubernetes.io/zone":      zone,
				"node.example.com/pool":            shape.pool,
			},
			Annotations: map[string]string{
				"node.alpha.kubernetes.io/ttl":                           "0",
				"volumes.kubernetes.io/controller-managed-attach-detach": "true",
			},
			ManagedFields: managed(nodeFields(), "kubelet", created),
		},
		Spec: corev1.NodeSpec{
			PodCIDR: fmt.Sprintf("10.%d.%d.0/24", 64+i/256%64, i%256), ProviderID: fmt.Sprintf("cloud:///%s/i-%012x", zone, rng.Uint64()>>16),
			PodCIDRs:      []string{fmt.Sprintf("10.%d.%d.0/24", 64+i/256%64, i%256)},
			Unschedulable: i%37 == 36,
		},
		Status: corev1.NodeStatus{
			Capacity: nodeResources(shape.allocatable, "64Gi"), Allocatable: nodeResources(shape.allocatable, "60Gi"),
			Conditions: nodeConditions(created, i%41 != 40),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("172.20.%d.%d", i/250%250, 1+i%250)},
				{Type: corev1.NodeHostName, Address: shape.name},
			},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64()), SystemUUID: string(uid(rng)), BootID: string(uid(rng)),
				KernelVersion: "6.12.41", OSImage: "Linux", ContainerRuntimeVersion: "containerd://2.1.4",
				KubeletVersion: "v1.37.2", OperatingSystem: "linux", Architecture: "amd64",
			},
			Images: images,
		},
	}
}

func nodeResources(pods int64, memory string) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("16"),
		corev1.ResourceMemory:           resource.MustParse(memory),
		corev1.ResourceEphemeralStorage: resource.MustParse("190Gi"),
		corev1.ResourcePods:             *resource.NewQuantity(pods, resource.DecimalSI),
	}
}

func nodeConditions(since time.Time, ready bool) []corev1.NodeCondition {
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason string) corev1.NodeCondition {
		return corev1.NodeCondition{
			Type: kind, Status: status, Reason: reason, Message: "kubelet has reported " + reason,
			LastHeartbeatTime: metav1.NewTime(epoch()), LastTransitionTime: metav1.NewTime(since),
		}
	}
	state := condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady")
	if !ready {
		state = condition(corev1.NodeReady, corev1.ConditionUnknown, "NodeStatusUnknown")
	}
	return []corev1.NodeCondition{
		condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory"),
		condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure"),
		condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID"),
		state,
	}
}

// poolSize is how many images there are in a cluster. Its nodes hold much the
// same ones, which matters for what compression makes of them.
const poolSize = 150

// imagePool makes the cluster's images: two names and a size each.
func imagePool(rng *rand.Rand, size int) []corev1.ContainerImage {
	apps := workloads()
	pool := make([]corev1.ContainerImage, size)
	for i := range pool {
		w := apps[rng.IntN(len(apps))]
		repo := fmt.Sprintf("registry.example.com/%s/%s", w.namespace, w.app)
		pool[i] = corev1.ContainerImage{
			Names:     []string{repo + "@" + sha256Name(rng), fmt.Sprintf("%s:2.%d.%d", repo, rng.IntN(40), i)},
			SizeBytes: int64(20<<20 + rng.IntN(400<<20)),
		}
	}
	return pool
}

// nodeImages are the largest part of a real node. The kubelet lists them by
// size, the largest first.
func nodeImages(rng *rand.Rand, pool []corev1.ContainerImage, n int) []corev1.ContainerImage {
	images := make([]corev1.ContainerImage, 0, n)
	for _, i := range rng.Perm(len(pool))[:n] {
		images = append(images, pool[i])
	}
	slices.SortFunc(images, func(a, b corev1.ContainerImage) int { return cmp.Compare(b.SizeBytes, a.SizeBytes) })
	return images
}
