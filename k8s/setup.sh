#!/usr/bin/env bash
# The environment `kind` on this machine (macOS or Linux): a cluster in containers with Argo CD, and
# PostgreSQL, MLflow and S3 beside it by Docker Compose. What is there already is kept.
#   k8s/setup.sh            all of it
#   k8s/setup.sh --bare     the cluster and Argo CD alone
#   k8s/setup.sh --delete   removes the cluster and the services, with their data
set -euo pipefail
cd "$(dirname "$0")/.."
cluster=weighbridge namespace=mlops-production overlay=k8s/overlays/kind
compose=(docker compose --file docker-compose.yaml)
say() { printf '\n==> %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
kube() { kubectl --context "kind-$cluster" "$@"; }
need() { command -v "$1" >/dev/null || fail "$1 is missing. macOS: brew install $2; Linux: $3"; }
secret() { # namespace name key=value… ; one that exists stays as it is
    local space=$1 name=$2
    shift 2
    kube --namespace "$space" get secret "$name" >/dev/null 2>&1 && return
    printf '%s\n' "$@" | kube --namespace "$space" create secret generic "$name" --from-env-file=/dev/stdin
}

need docker "--cask docker" "https://docs.docker.com/engine/install/"
need kind kind "https://kind.sigs.k8s.io/docs/user/quick-start/#installation"
need kubectl kubectl "https://kubernetes.io/docs/tasks/tools/"
need openssl openssl "apt-get install openssl"
docker info >/dev/null 2>&1 || fail "Docker does not answer: start it (on Linux also: may you use it?)"
docker compose version >/dev/null 2>&1 || fail "docker compose is missing: https://docs.docker.com/compose/install/"
case ${1:-} in
    --delete)
        say "Removing the cluster and the services with their data"
        kind delete cluster --name "$cluster"
        exec "${compose[@]}" down --volumes
        ;;
    "" | --bare) ;; *) fail "unknown argument $1; there are --bare and --delete" ;;
esac

say "Cluster: three nodes"
kind get clusters 2>/dev/null | grep -qx "$cluster" || kind create cluster --config k8s/kind-cluster.yaml --wait 3m

# Docker Desktop resolves the name in every container, and so in pods. Plain Docker on Linux does
# not: there pods find this machine at the gateway of kind's network, and CoreDNS has to say so.
if ! docker exec "$cluster-control-plane" getent hosts host.docker.internal >/dev/null; then
    gateway=$(docker network inspect kind --format '{{range .IPAM.Config}}{{println .Gateway}}{{end}}' | grep -m 1 -F .)
    export WEIGHBRIDGE_POD_GATEWAY=$gateway
    compose+=(--file docker/compose.linux.yaml)
    say "DNS: host.docker.internal is $gateway"
    corefile=$(kube --namespace kube-system get configmap coredns --output 'jsonpath={.data.Corefile}')
    case $corefile in *host.docker.internal*) ;; *)
        hosts="    hosts {\n        $gateway host.docker.internal\n        fallthrough\n    }"
        corefile=$(printf '%s\n' "$corefile" | awk -v hosts="$hosts" '{print} /^\.:53 \{/ {print hosts}')
        kube --namespace kube-system create configmap coredns --from-literal="Corefile=$corefile" --dry-run=client --output yaml | kube replace --filename -
        kube --namespace kube-system rollout restart deployment coredns ;;
    esac
fi

say "Argo CD: http://127.0.0.1:30081"
kube apply --server-side --force-conflicts --kustomize argocd/kind >/dev/null
secret argocd argocd-webhook "github=$(openssl rand -hex 20)" "gitlab=$(openssl rand -hex 20)"
kube --namespace argocd label secret argocd-webhook app.kubernetes.io/part-of=argocd --overwrite >/dev/null
kube --namespace argocd rollout status --timeout 5m deployment/argocd-server deployment/argocd-repo-server statefulset/argocd-application-controller
[ "${1:-}" != --bare ] || { say "Ready for the tests: make test-cluster"; exit 0; }

say "Services on this machine: PostgreSQL, MLflow, S3"
"${compose[@]}" up --detach --wait --build

say "Images: those that $overlay names, each built from the commit it is named by"
images=$(kubectl kustomize "$overlay" | awk '{sub(/^ *- /, "")} $1 == "image:" && $2 !~ /^envoyproxy\// {print $2; n++} END {exit !n}' | sort -u) || fail "$overlay names no image of ours"
for image in $images; do
    commit=${image##*:} room=${image%:*}
    git cat-file -e "$commit^{commit}" 2>/dev/null || fail "$image: this clone has no commit $commit; try git fetch --unshallow"
    docker image inspect "$image" >/dev/null 2>&1 || git archive "$commit" |
        docker build --file "${room##*-}/Dockerfile" --build-arg "GIT_SHA=$commit" --tag "$image" -
    kind load docker-image --name "$cluster" "$image"
done

say "Namespace and Secrets"
# shellcheck source=/dev/null
[ ! -f .env ] || . ./.env  # where Compose reads other passwords than its own
kube apply --filename k8s/base/namespace.yaml
secret "$namespace" serving-s3 AWS_ACCESS_KEY_ID=weighbridge AWS_SECRET_ACCESS_KEY=weighbridge AWS_DEFAULT_REGION=us-east-1
secret "$namespace" serving-database "WEIGHBRIDGE_DATABASE_URL=postgresql://weighbridge:${WEIGHBRIDGE_DATABASE_PASSWORD:-weighbridge}@host.docker.internal:5432/weighbridge"
secret "$namespace" serving-log "WEIGHBRIDGE_STICKY_SALT=$(openssl rand -hex 20)"

origin=$(git remote get-url origin | sed -E -e 's#^(ssh://)?git@([^:/]+)[:/]#https://\2/#' -e 's#://[^/@]*@#://#')  # Argo CD gets no password of ours
case $origin in http*) ;; *) fail "pods cannot read origin, $origin: give it an https:// URL" ;; esac
say "Application weighbridge-kind: $overlay of $origin"
for file in argocd/project.yaml argocd/applications/kind.yaml; do
    sed "s#https://github.com/weighbridge/weighbridge.git#$origin#" "$file" | kube apply --filename -
done
kube --namespace argocd wait application/weighbridge-kind --for 'jsonpath={.status.sync.status}=Synced' --timeout 5m ||
    fail "not synced: $(kube --namespace argocd get application weighbridge-kind --output 'jsonpath={.status.conditions[*].message} {.status.operationState.message}')"
say "Done. Now register the models and pin them: k8s/README.md, First models"
