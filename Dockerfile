# The image of the exporter is the last stage. The version, revision and date come
# as build arguments, for .git is not copied:
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" -t pod_count_exporter:0.2.0 .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
ARG REVISION=unknown BRANCH=unknown BUILD_DATE
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build BIN=/out ${BUILD_DATE:+BUILD_DATE="$BUILD_DATE"} \
    REVISION="$REVISION" BRANCH="$BRANCH" BUILD_USER=docker
# A volume mounted there takes over the folder's mode. Compose runs kubesim as any user.
# COPY keeps the modes of what is in a folder, and not that of the folder itself.
RUN mkdir -p /out/volume && mkdir -m 0777 /out/volume/demo

# A simulated cluster, for the demo.
FROM scratch AS kubesim
COPY --from=build /out/kubesim /kubesim
COPY --from=build --chown=65532:65532 /out/volume/ /
USER 65532:65532
EXPOSE 6443
ENTRYPOINT ["/kubesim"]

FROM scratch AS exporter
ARG REVISION=unknown VERSION=0.2.0
LABEL org.opencontainers.image.title=pod_count_exporter \
      org.opencontainers.image.description="Prometheus exporter of the active pods of each Kubernetes node" \
      org.opencontainers.image.source=https://github.com/kube-node-manager/pod_count_exporter \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.licenses=Apache-2.0
# For kubeconfigs whose API server has a certificate of a public authority.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/pod_count_exporter /pod_count_exporter
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
EXPOSE 10120
ENTRYPOINT ["/pod_count_exporter"]
