package kubesim

import (
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podObject returns the whole pod, about 6 kB of JSON and 4 kB of protobuf. As in
// real pods, most of that is not needed for a count.
func podObject(p *pod) *corev1.Pod {
	app, hash := owner(p.name)
	o := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: p.name, GenerateName: app + "-" + hash + "-", Namespace: p.namespace,
			UID: uid(p.bits), ResourceVersion: strconv.FormatInt(p.version, 10), Generation: 1,
			CreationTimestamp: metav1.NewTime(p.created),
			Labels: map[string]string{
				"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": p.namespace,
				"app.kubernetes.io/managed-by": "Helm", "pod-template-hash": hash,
			},
			Annotations: map[string]string{
				"checksum/config":      strings.Repeat(strconv.FormatUint(p.bits, 16), 2),
				"prometheus.io/scrape": "true", "prometheus.io/port": "9090", "prometheus.io/path": "/metrics",
				"kubectl.kubernetes.io/restartedAt": p.created.UTC().Format(time.RFC3339),
			},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app + "-" + hash, UID: uid(p.bits >> 1),
				Controller: yes(), BlockOwnerDeletion: yes(),
			}},
			ManagedFields: []metav1.ManagedFieldsEntry{
				managed("kube-controller-manager", metav1.ManagedFieldsOperationUpdate, p.created, podSpecFields),
				managed("kubelet", metav1.ManagedFieldsOperationUpdate, p.created, podStatusFields),
			},
		},
		Spec: podSpec(p, app),
		Status: corev1.PodStatus{
			Phase: p.phase, QOSClass: corev1.PodQOSBurstable, Conditions: podConditions(p),
		},
	}
	if p.terminating() {
		at, grace := metav1.NewTime(p.created.Add(time.Hour)), int64(30)
		o.DeletionTimestamp, o.DeletionGracePeriodSeconds = &at, &grace
	}
	if ip := p.ip(); ip != "" {
		at := metav1.NewTime(p.created)
		o.Status.StartTime, o.Status.HostIP = &at, "10.0.4.17"
		o.Status.PodIP, o.Status.PodIPs = ip, []corev1.PodIP{{IP: ip}}
	}
	if p.node != "" {
		o.Status.ContainerStatuses = containerStatuses(p, o.Spec.Containers)
	}
	return o
}

// owner splits a pod's name into its workload's name and the template's hash.
func owner(name string) (app, hash string) {
	parts := strings.Split(name, "-")
	if len(parts) < 3 {
		return name, "0"
	}
	return strings.Join(parts[:len(parts)-2], "-"), parts[len(parts)-2]
}

func yes() *bool { b := true; return &b }

func podSpec(p *pod, app string) corev1.PodSpec {
	grace, priority, expiry := int64(30), int32(0), int64(3607)
	preempt := corev1.PreemptLowerPriority
	mount := []corev1.VolumeMount{
		{Name: "kube-api-access", ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"},
		{Name: "config", ReadOnly: true, MountPath: "/etc/" + app},
	}
	return corev1.PodSpec{
		NodeName: p.node, RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst,
		ServiceAccountName: "default", SchedulerName: "default-scheduler", Priority: &priority, PreemptionPolicy: &preempt,
		TerminationGracePeriodSeconds: &grace, EnableServiceLinks: yes(), SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: yes()},
		Containers: []corev1.Container{
			container(app, app, p.bits, mount), container("proxy", "envoy", p.bits>>3, mount),
		},
		Tolerations: []corev1.Toleration{
			{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &grace},
			{Key: "node.kubernetes.io/unreachable", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &grace},
		},
		Volumes: []corev1.Volume{
			{Name: "kube-api-access", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
				Sources: []corev1.VolumeProjection{
					{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: &expiry, Path: "token"}},
					{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
				},
			}}},
			{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: app}}}},
		},
	}
}

func container(name, image string, bits uint64, mounts []corev1.VolumeMount) corev1.Container {
	env := func(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }
	amounts := func(cpu, memory int64) corev1.ResourceList {
		return corev1.ResourceList{
			corev1.ResourceCPU:    *resource.NewMilliQuantity(cpu, resource.DecimalSI),
			corev1.ResourceMemory: *resource.NewQuantity(memory<<20, resource.BinarySI),
		}
	}
	return corev1.Container{
		Name: name, Image: "registry.example.com/jobsscz/" + image + ":1." + strconv.FormatUint(bits%90, 10) + ".0",
		ImagePullPolicy: corev1.PullIfNotPresent, VolumeMounts: mounts,
		TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		Ports:     []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}, {Name: "metrics", ContainerPort: 9090, Protocol: corev1.ProtocolTCP}},
		Resources: corev1.ResourceRequirements{Requests: amounts(100, 128), Limits: amounts(1000, 512)},
		Env: []corev1.EnvVar{
			env("LOG_LEVEL", "info"), env("OTEL_SERVICE_NAME", name),
			env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.monitoring.svc.cluster.local:4317"),
			env("DATABASE_HOST", "postgres-primary.storage.svc.cluster.local"),
			{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
		},
		LivenessProbe: probe("/-/healthy"), ReadinessProbe: probe("/-/ready"),
	}
}

func probe(path string) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:   corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: httpPort(), Scheme: corev1.URISchemeHTTP}},
		TimeoutSeconds: 1, PeriodSeconds: 10, SuccessThreshold: 1, FailureThreshold: 3,
	}
}

func podConditions(p *pod) []corev1.PodCondition {
	at := metav1.NewTime(p.created)
	if p.node == "" {
		return []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, LastTransitionTime: at,
			Reason: corev1.PodReasonUnschedulable, Message: "no node has room for another pod",
		}}
	}
	ready := corev1.ConditionFalse
	if p.ready() == podContainers {
		ready = corev1.ConditionTrue
	}
	return []corev1.PodCondition{
		{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionTrue, LastTransitionTime: at},
		{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: at},
		{Type: corev1.PodReady, Status: ready, LastTransitionTime: at},
		{Type: corev1.ContainersReady, Status: ready, LastTransitionTime: at},
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: at},
	}
}

// containerStatuses agrees with the Ready, Status and Restarts columns.
func containerStatuses(p *pod, containers []corev1.Container) []corev1.ContainerStatus {
	out := make([]corev1.ContainerStatus, len(containers))
	for i, c := range containers {
		out[i] = corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, Ready: i < p.ready(),
			ImageID:     "registry.example.com/jobsscz/app@sha256:" + strings.Repeat(strconv.FormatUint(p.bits|1<<63, 16), 4),
			ContainerID: "containerd://" + strings.Repeat(strconv.FormatUint(mix(p.bits, uint64(i))|1<<63, 16), 4),
			State:       containerState(p, i),
		}
	}
	out[len(out)-1].RestartCount = int32(p.restarts())
	return out
}

func containerState(p *pod, i int) corev1.ContainerState {
	at := metav1.NewTime(p.created)
	switch {
	case i < p.ready() || p.phase == corev1.PodUnknown:
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at}}
	case p.phase == corev1.PodSucceeded:
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: at, FinishedAt: at}}
	case p.phase == corev1.PodFailed:
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 1, StartedAt: at, FinishedAt: at}}
	case p.crashing():
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 5m0s restarting failed container"}}
	}
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
}
