package generate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func (d *podDraft) spec() corev1.PodSpec {
	grace, priority, links := int64(30), int32(0), true
	token := "kube-api-access-" + word(d.rng, 5)
	return corev1.PodSpec{
		NodeName:                      d.place.node,
		Volumes:                       d.volumes(token),
		Containers:                    []corev1.Container{d.app(token), d.sidecar(token)},
		RestartPolicy:                 d.restartPolicy(),
		TerminationGracePeriodSeconds: &grace,
		DNSPolicy:                     corev1.DNSClusterFirst,
		ServiceAccountName:            "default",
		DeprecatedServiceAccount:      "default",
		SecurityContext:               &corev1.PodSecurityContext{},
		SchedulerName:                 corev1.DefaultSchedulerName,
		Tolerations: []corev1.Toleration{
			toleration("node.kubernetes.io/not-ready"), toleration("node.kubernetes.io/unreachable"),
		},
		Priority: &priority, EnableServiceLinks: &links,
	}
}

func (d *podDraft) restartPolicy() corev1.RestartPolicy {
	if d.work.kind == "Job" {
		return corev1.RestartPolicyNever
	}
	return corev1.RestartPolicyAlways
}

func toleration(key string) corev1.Toleration {
	seconds := int64(300)
	return corev1.Toleration{
		Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds,
	}
}

// volumes holds the projected token that the API server adds to every pod.
func (d *podDraft) volumes(token string) []corev1.Volume {
	mode, seconds := int32(0o644), int64(3607)
	return []corev1.Volume{
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: d.work.app + "-config"}, DefaultMode: &mode,
		}}},
		{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		{Name: token, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: &mode,
			Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &seconds}},
				{ConfigMap: &corev1.ConfigMapProjection{
					LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
					Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
				}},
				{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
					{Path: "namespace", FieldRef: fieldRef("metadata.namespace")},
				}}},
			},
		}}},
	}
}

func fieldRef(path string) *corev1.ObjectFieldSelector {
	return &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}
}

func (d *podDraft) app(token string) corev1.Container {
	c := container("app", d.image(d.work.app), token)
	c.Ports = []corev1.ContainerPort{
		{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP},
		{Name: "metrics", ContainerPort: 9090, Protocol: corev1.ProtocolTCP},
	}
	c.Env = append(c.Env,
		corev1.EnvVar{Name: "DATABASE_URL", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: d.work.app + "-database"}, Key: "url",
		}}},
		corev1.EnvVar{Name: "LOG_LEVEL", Value: "info"},
		corev1.EnvVar{Name: "FEATURE_REVISION", Value: fmt.Sprintf("%016x", d.rng.Uint64())},
		corev1.EnvVar{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "http://otel-collector.monitoring.svc.cluster.local:4317"},
	)
	c.LivenessProbe, c.ReadinessProbe = probe("/livez", 10), probe("/readyz", 5)
	return c
}

func (d *podDraft) sidecar(token string) corev1.Container {
	c := container("telemetry", d.image("telemetry-agent"), token)
	c.Args = []string{"--listen=127.0.0.1:4318", "--export=otel-collector.monitoring.svc.cluster.local:4317", "--batch=512"}
	return c
}

func (d *podDraft) image(app string) string {
	return fmt.Sprintf("registry.example.com/%s/%s:2.%d.%d", d.work.namespace, app, d.rng.IntN(40), d.rng.IntN(20))
}

// container has what every container in the cluster has.
func container(name, image, token string) corev1.Container {
	return corev1.Container{
		Name: name, Image: image, ImagePullPolicy: corev1.PullIfNotPresent,
		Env: []corev1.EnvVar{
			{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: fieldRef("metadata.name")}},
			{Name: "POD_NAMESPACE", ValueFrom: &corev1.EnvVarSource{FieldRef: fieldRef("metadata.namespace")}},
			{Name: "NODE_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: fieldRef("spec.nodeName")}},
		},
		Resources: corev1.ResourceRequirements{
			Requests: quantities("50m", "64Mi"), Limits: quantities("500m", "256Mi"),
		},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "config", MountPath: "/etc/" + name, ReadOnly: true},
			{Name: "scratch", MountPath: "/var/cache/" + name},
			{Name: token, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true},
		},
		TerminationMessagePath: corev1.TerminationMessagePathDefault, TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
}

func quantities(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
	}
}

func probe(path string, period int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: path, Port: intstr.FromString("http"), Scheme: corev1.URISchemeHTTP,
		}},
		InitialDelaySeconds: 5, TimeoutSeconds: 2, PeriodSeconds: period, SuccessThreshold: 1, FailureThreshold: 3,
	}
}

// timestamp rounds to what the API keeps: whole seconds.
func timestamp(d *podDraft, secondsLater int64) metav1.Time {
	return metav1.Unix(d.created.Unix()+secondsLater, 0)
}
