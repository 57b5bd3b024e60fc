package generate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// status is what the kubelet would report, or nobody: a pod that is not bound
// has never met one.
func (d *podDraft) status() corev1.PodStatus {
	status := corev1.PodStatus{
		Phase: d.place.phase, QOSClass: corev1.PodQOSBurstable, Conditions: d.conditions(),
	}
	switch d.place.phase {
	case corev1.PodFailed:
		status.Reason, status.Message = "Evicted", "The node was low on resource: memory."
	case corev1.PodUnknown:
		status.Reason, status.Message = "NodeLost", "The node has not answered for a while."
	}
	if d.place.node == "" {
		return status
	}
	started := timestamp(d, 2)
	ip := fmt.Sprintf("10.%d.%d.%d", 64+d.rng.IntN(64), d.rng.IntN(256), 1+d.rng.IntN(254))
	host := fmt.Sprintf("172.20.%d.%d", d.rng.IntN(250), 1+d.rng.IntN(250))
	status.StartTime, status.HostIP, status.HostIPs = &started, host, []corev1.HostIP{{IP: host}}
	if d.place.phase != corev1.PodPending {
		status.PodIP, status.PodIPs = ip, []corev1.PodIP{{IP: ip}}
	}
	status.ContainerStatuses = []corev1.ContainerStatus{
		d.containerStatus("app", d.work.app), d.containerStatus("telemetry", "telemetry-agent"),
	}
	return status
}

func (d *podDraft) conditions() []corev1.PodCondition {
	condition := func(kind corev1.PodConditionType, yes bool, later int64) corev1.PodCondition {
		c := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, LastTransitionTime: timestamp(d, later)}
		if yes {
			c.Status = corev1.ConditionTrue
		}
		return c
	}
	if d.place.node == "" {
		c := condition(corev1.PodScheduled, false, 1)
		c.Reason, c.Message = corev1.PodReasonUnschedulable, "0 nodes are available: insufficient memory."
		return []corev1.PodCondition{c}
	}
	running := d.place.phase == corev1.PodRunning
	return []corev1.PodCondition{
		condition(corev1.PodReadyToStartContainers, running, 3),
		condition(corev1.PodInitialized, true, 2),
		condition(corev1.PodReady, running, 9),
		condition(corev1.ContainersReady, running, 9),
		condition(corev1.PodScheduled, true, 1),
	}
}

func (d *podDraft) containerStatus(name, app string) corev1.ContainerStatus {
	running := d.place.phase == corev1.PodRunning || d.place.phase == corev1.PodUnknown
	status := corev1.ContainerStatus{
		Name: name, Image: d.image(app), Ready: d.place.phase == corev1.PodRunning, Started: &running,
		RestartCount: int32(d.rng.IntN(4)), State: d.containerState(),
	}
	if d.place.phase != corev1.PodPending {
		status.ImageID = fmt.Sprintf("registry.example.com/%s/%s@%s", d.work.namespace, app, sha256Name(d.rng))
		status.ContainerID = "containerd://" + sha256Name(d.rng)[len("sha256:"):]
	}
	return status
}

func (d *podDraft) containerState() corev1.ContainerState {
	started := timestamp(d, 4)
	ended := func(code int32, reason string) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: code, Reason: reason, StartedAt: started, FinishedAt: metav1.Unix(started.Unix()+60, 0),
		}}
	}
	switch d.place.phase {
	case corev1.PodPending:
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	case corev1.PodSucceeded:
		return ended(0, "Completed")
	case corev1.PodFailed:
		return ended(137, "Error")
	default:
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}
	}
}
