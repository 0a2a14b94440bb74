#!/usr/bin/env bash
# Lets the calls of an Envoy end before its pod does: the preStop hook of its container.
#
#     prestop.sh [LIMIT_S] [QUIET_S]
#
# Envoy says that it is not ready and tells each client at its next answer to go elsewhere (GOAWAY,
# Connection: close), but goes on serving. The script ends when nobody has been connected for QUIET_S
# seconds (5: so long a node may go on sending new clients), or when those who are connected have
# called nothing for three times as long, at the latest after LIMIT_S (65: the longest call has 60).
# Then the kubelet sends SIGTERM, at which Envoy drops what is left. Only bash and sleep are needed.
set -u
limit_s=${1:-65}
quiet_s=${2:-5}
port=${WEIGHBRIDGE_ADMIN_PORT:-9901}

# ask METHOD PATH: print what the admin answers; fail if it does not listen.
ask() {
    {
        printf '%s %s HTTP/1.1\r\nHost: envoy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$1" "$2" >&3
        while IFS= read -r -t 2 line <&3; do
            printf '%s\n' "${line%$'\r'}"
        done
    } 3<>"/dev/tcp/127.0.0.1/$port"
} 2>/dev/null

# look: set `connections` and `calls` to what the data listener holds; fail if Envoy is gone.
look() {
    local line
    connections='' calls=''
    while IFS= read -r line; do
        case $line in
        http.ingress.downstream_cx_active:*) connections=${line##* } ;;
        http.ingress.downstream_rq_active:*) calls=${line##* } ;;
        esac
    done < <(ask GET '/stats?filter=^http\.ingress\.downstream_(cx|rq)_active$')
    [ -n "$connections" ] && [ -n "$calls" ]
}

finish() { echo "$1 after ${SECONDS} s"; exit 0; }

ask POST /healthcheck/fail >/dev/null || finish "no admin on port $port: Envoy does not run,"
ask POST '/drain_listeners?graceful&skip_exit' >/dev/null

connected_at=0 called_at=0
while ((SECONDS < limit_s)); do
    look || finish "Envoy has ended"
    ((connections == 0)) || connected_at=$SECONDS
    ((calls == 0)) || called_at=$SECONDS
    ((SECONDS - connected_at < quiet_s)) || finish "nobody is connected"
    ((SECONDS - called_at < 3 * quiet_s)) || finish "nobody calls ($connections idle connections)"
    sleep 0.2
done
finish "the limit is over ($calls calls on $connections connections)"
