#!/usr/bin/env bash
# Edits what a version of the model consists of; commit what it did when `git diff` pleases you.
#   k8s/version.sh add v8      makes v8 of the newest version: pods, image, pin, routes; no traffic yet
#   k8s/version.sh start v1 v2 for a model of your own: these two in place of those that are here, unpinned
#   k8s/version.sh retire v6   takes out the oldest version, or the newest; no traffic may name it
set -euo pipefail
cd "$(dirname "$0")/.."
lists=(k8s/base/kustomization.yaml k8s/components/autoscaling/kustomization.yaml k8s/overlays/*/kustomization.yaml envoy/traffic/*/kustomization.yaml)
# A block of Envoy's files: its first line, then all up to the next one, a comment or an empty line.
rest='\n(?:(?!\s*(?:#|\n|- name:)).*\n)*'

# No version of the model is the one of a package or an API: delay.v1, apps/v1, apiVersion: v1.
export no='(?<![\w./])(?<!apiVersion: )'

fail() { printf 'version: %s\n' "$*" >&2; exit 1; }
copy() { # from to ; a pin's values are not copied
    perl -pe 's/$ENV{no}$ENV{old}\b/$ENV{new}/g; s/(--version) \d+/"$1 " . substr $ENV{new}, 1/e; s/^(  MODEL_\w+:).*/$1 ""/' "$1" >"$2"
}

add() {
    export new=$1 old=$newest
    [ ! -e "k8s/base/$new" ] || fail "$new is there already"
    mkdir "k8s/base/$new"
    copy "k8s/base/$old/kustomization.yaml" "k8s/base/$new/kustomization.yaml"
    copy "k8s/components/autoscaling/serving-api-$old.yaml" "k8s/components/autoscaling/serving-api-$new.yaml"
    for folder in envoy/traffic/*; do
        [ -e "$folder/model-$old.yaml" ] && [ ! -e "$folder/model-$new.yaml" ] || continue  # pinned already
        copy "$folder/model-$old.yaml" "$folder/model-$new.yaml"
    done
    # Beside each line and block about the newest version, the same about this one.
    perl -pi -e 'if (/^- .*$ENV{no}$ENV{old}\b/) { my $n = s/$ENV{no}$ENV{old}\b/$ENV{new}/gr; $_ .= $n }' "${lists[@]}"
    perl -0pi -e 's{^ *- name: (?:serving-api-|pin-)?$ENV{old}\b'"$rest"'}{my $b = $&; $b =~ /weight:/ ? $b : $b . $b =~ s/$ENV{no}$ENV{old}\b/$ENV{new}/gr}mge' envoy/bootstrap.yaml envoy/routes.yaml
    perl -pi -e 's/(serving-api-$ENV{new}), serving-api-\w+/$1, serving-api-$ENV{old}/' envoy/bootstrap.yaml
    perl -pi -e 's/known: [^"]*/$&, $ENV{new}/' envoy/routes.yaml
    echo "Commit it, and name it as canary in traffic.yaml later."
    unpinned=
    for folder in k8s/overlays/*; do
        ! grep -q '""' "envoy/traffic/${folder##*/}/model-$new.yaml" || unpinned+=" ${folder##*/}"
    done
    [ -z "$unpinned" ] || echo "$new would not start in:$unpinned. Before the push, for each: rm envoy/traffic/NAME/model-$new.yaml && weighbridge model pin $new --version ${new#v} -e NAME && git pull --no-rebase --ff-only"
}

start() {
    export new=$1 newer=${2:-} old=${versions[0]} older=${versions[1]}
    [[ $newer =~ ^v[1-9][0-9]*$ ]] && [ "${new#v}" -lt "${newer#v}" ] || fail "$usage"
    [ ${#versions[@]} -eq 2 ] || fail "there are ${versions[*]}: retire all but two first"
    for name in "$new" "$newer"; do
        [ ! -e "k8s/base/$name" ] || fail "$name is there already"
    done
    ! grep -lE '^  MODEL_NAME: *"?[^" ]' envoy/traffic/*/model-*.yaml >&2 || fail "these files pin models: what serves already gets new versions by add"
    for pair in "$old $new" "$older $newer"; do
        read -r was is <<<"$pair"
        mv "k8s/base/$was" "k8s/base/$is"
        mv "k8s/components/autoscaling/serving-api-$was.yaml" "k8s/components/autoscaling/serving-api-$is.yaml"
        for pin in envoy/traffic/*/model-"$was".yaml; do mv "$pin" "${pin%-*}-$is.yaml"; done
    done
    perl -pi -e 's/$ENV{no}(?:($ENV{old})|$ENV{older})\b/$1 ? $ENV{new} : $ENV{newer}/ge; s/(pin v(\d+) --version) \d+/$1 $2/; s/^(  canary-percent:) "[^"]*"/$1 "0"/' \
        "${lists[@]}" k8s/base/{"$new","$newer"}/* k8s/components/autoscaling/serving-api-* envoy/traffic/*/{model-*,traffic}.yaml envoy/bootstrap.yaml envoy/routes.yaml
    revise "$new" "$newer"
    echo "Now: python -m weighbridge_ingress check envoy"
}

retire() {
    export gone=$1 next=${versions[1]} after=${versions[2]:-}
    [ -e "k8s/base/$gone" ] || fail "there is no $gone; there are ${versions[*]}"
    [ -n "$after" ] || fail "two versions are the least; add another one first"
    ! grep -lE "^  (stable|canary): *\"?$gone\b" envoy/traffic/*/traffic.yaml >&2 || fail "these files still give calls to $gone: let them name others first"
    rm -r "k8s/base/$gone" "k8s/components/autoscaling/serving-api-$gone.yaml" envoy/traffic/*/model-"$gone.yaml"
    perl -ni -e 'print unless /^- .*$ENV{no}$ENV{gone}\b/' "${lists[@]}"
    # The oldest version's blocks hold what the others refer to, so they become the next one's.
    case $gone in
        "$newest") export drop=$gone ;;
        "${versions[0]}") export drop=$next ;;
        *) fail "$gone is neither the oldest nor the newest: edit envoy/ by hand" ;;
    esac
    perl -0pi -e 's{^ *- name: (?:serving-api-|pin-)?$ENV{drop}\b'"$rest"'}{my $b = $&; $b =~ /weight:/ ? $b : ""}mge; s/known: (.*?)(?:, $ENV{gone}\b|\b$ENV{gone}, )/known: $1/' envoy/bootstrap.yaml envoy/routes.yaml
    [ "$gone" = "$newest" ] || rename_first
    echo "Now: python -m weighbridge_ingress check envoy"
}

rename_first() { # the template's two versions are the next two from now on
    known=$(sed -n 's/.*known: \([^"]*\).*/\1/p' envoy/routes.yaml)
    export known
    perl -pi -e 's/$ENV{no}$ENV{gone}\b/$ENV{next}/g; s/(serving-api-$ENV{next}), serving-api-$ENV{next}/$1, serving-api-$ENV{after}/' envoy/bootstrap.yaml
    perl -pi -e 's/$ENV{no}$ENV{next}\b/$ENV{after}/g; s/$ENV{no}$ENV{gone}\b/$ENV{next}/g; s/known: [^"]*/known: $ENV{known}/' envoy/routes.yaml
    revise "$next" "$after"
}

revise() { # stable canary ; the template's revision is that of its own traffic
    digest=$(printf '{"canary":"%s","canary-percent":"0","shadow-percent":"0","stable":"%s"}' "$2" "$1" | openssl dgst -sha256 | sed 's/.* //')
    digest=${digest:0:12} perl -pi -e 's/(x-traffic-revision, value:) \w+/$1 $ENV{digest}/' envoy/routes.yaml
}

IFS=$'\n' read -r -d '' -a versions < <(sed -n 's/^- \(v[0-9]*\)$/\1/p' k8s/base/kustomization.yaml && printf '\0')
newest=${versions[${#versions[@]} - 1]}
usage="usage: k8s/version.sh add v8, or retire v6, or start v1 v2"
[[ ${2:-} =~ ^v[1-9][0-9]*$ ]] || fail "$usage"
case $1 in
    add | retire) "$1" "$2" ;;
    start) start "$2" "${3:-}" ;;
    *) fail "$usage" ;;
esac
