#!/usr/bin/env bash
# The container engine that the tests of containers run on, where the machine has none of its own, and their image.
#
#   engine.sh install   Debian's packages (root)
#   engine.sh up        starts dockerd unless an engine answers already, and makes the image
#   engine.sh down      removes the image, ends the dockerd that `up` started, and removes what it kept
set -euo pipefail
cd "$(dirname "$0")/../.."

image=tarantool-fixture/test:2.6.0
state=$PWD/node_modules/.cache/docker
pid_file=$state/dockerd.pid
# The paths of the engine's sockets are bounded.
run=/run/tarantool-fixture-engine

answers() { timeout 20 docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }

install() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io debootstrap iptables >/dev/null
}

start_engine() {
  mkdir -p "$state"
  setsid dockerd --data-root "$state/data" --exec-root "$run" --pidfile "$pid_file" >"$state/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 120); do
    if answers; then return; fi
    sleep 0.25
  done
  tail -20 "$state/dockerd.log" >&2
  return 1
}

# Debian's own Tarantool, in Debian's smallest system, with a setting such as Tarantool's own images have.
make_image() {
  local root=$state/root
  mkdir -p "$state"
  if ! debootstrap --variant=minbase --include=tarantool bookworm "$root" >"$state/debootstrap.log"; then
    tail -20 "$state/debootstrap.log" >&2
    return 1
  fi
  tar -C "$root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./usr/share/doc/*' \
    --exclude='./usr/share/locale/*' -c . |
    docker import --change 'ENV TT_LISTEN=1' - "$image" >/dev/null
  rm -rf "$root"
}

up() {
  answers || start_engine
  docker image inspect "$image" >/dev/null 2>&1 || make_image
}

down() {
  if answers; then docker rmi --force "$image" >/dev/null 2>&1 || true; fi
  if [ -f "$pid_file" ]; then end_engine "$(cat "$pid_file")"; fi
  rm -rf "$state"
}

end_engine() {
  local pid=$1
  kill "$pid"
  for _ in $(seq 120); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.25
  done
  # It leaves its network namespace mounted.
  umount "$run/netns/default" 2>/dev/null || true
  rm -rf "$run"
}

case ${1:-} in
  install | up | down) "$1" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
