#!/usr/bin/env bash
# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs a whole failback with clients that know nothing of this project: the Azure CLI and azure.azcollection.
# README.md says what is installed and what is asserted. CLIENTS="az" or CLIENTS="collection" runs one alone.

set -euo pipefail
cd "$(dirname "$0")/../.."

AZURE_CLI_VERSION="${AZURE_CLI_VERSION:-2.91.0}"
ANSIBLE_VERSION="${ANSIBLE_VERSION:-14.5.0}"
CLIENTS="${CLIENTS:-az collection}"
SPEED=120
HERE="$PWD/tests/clients"
BUILD="$PWD/build/clients"
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '\n== %s\n' "$*"; }

# The first interpreter of the given names that exists and runs.
python_of() {
  local name
  for name in "$@"; do
    if "$name" -c 'import venv' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  echo "none of these runs: $*" >&2
  return 1
}

# install FOLDER PYTHON PACKAGE...: a virtual environment, made once for the same list of packages.
install() {
  local folder="$1" python="$2"
  shift 2
  if [ "$(cat "$folder/.installed" 2>/dev/null)" != "$*" ]; then
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/pip" install --quiet "$@"
    echo "$*" >"$folder/.installed"
  fi
}

# The `ansible` package holds the collection; its own requirements file names the Python packages of its choice.
install_collection() {
  local folder="$BUILD/collection" wheels="$BUILD/wheels" python path="ansible_collections/azure/azcollection"
  python="$(python_of ${COLLECTION_PYTHON:+"$COLLECTION_PYTHON"} python3.13 python3.12 python3.14)"
  if [ ! -e "$BUILD/collections-$ANSIBLE_VERSION/$path" ]; then
    "$python" -m pip download --quiet --no-deps --dest "$wheels" "ansible==$ANSIBLE_VERSION"
    mkdir -p "$BUILD/collections-$ANSIBLE_VERSION"
    unzip -q -o "$wheels/ansible-$ANSIBLE_VERSION-py3-none-any.whl" "$path/*" -d "$BUILD/collections-$ANSIBLE_VERSION"
  fi
  install "$folder" "$python" ansible-core -r "$BUILD/collections-$ANSIBLE_VERSION/$path/requirements.txt"
}

# with_simulator NAME COMMAND...: the command, with a fresh simulator's environment; then the check of what it wrote.
with_simulator() {
  local state="$BUILD/state-$1" server status=0
  shift
  rm -rf "$state"
  asr-simulator serve --scenario one_vm --state-dir "$state" --speed "$SPEED" &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  until [ -s "$state/connection.json" ]; do
    kill -0 "$server"
    sleep 0.1
  done
  # shellcheck disable=SC1091
  (. "$state/env.sh" && "$@") && python "$HERE/check_cycle.py" "$state" || status=$?
  kill "$server"
  wait "$server" || true
  trap - EXIT
  return "$status"
}

run_az() {
  say "Azure CLI $AZURE_CLI_VERSION"
  install "$BUILD/az" "$(python_of python3.11 python3.12 python3.10 python3.13 python3)" "azure-cli==$AZURE_CLI_VERSION"
  export AZURE_CORE_COLLECT_TELEMETRY=false
  PATH="$BUILD/az/bin:$PATH" with_simulator az bash "$HERE/az.sh"
}

run_collection() {
  say "azure.azcollection of ansible $ANSIBLE_VERSION"
  install_collection
  export ANSIBLE_COLLECTIONS_PATH="$BUILD/collections-$ANSIBLE_VERSION" ANSIBLE_HOME="$BUILD/ansible-home"
  with_simulator collection "$BUILD/collection/bin/ansible-playbook" -i localhost, "$HERE/failback.yml"
}

mkdir -p "$BUILD"
for client in $CLIENTS; do
  "run_$client"
done
say "all clients passed: $CLIENTS"
