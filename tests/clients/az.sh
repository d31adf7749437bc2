#!/usr/bin/env bash
# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A failback of one virtual machine with the Azure CLI alone. Needs the environment of a simulator's env.sh.

set -euo pipefail

VERSION="2025-08-01"
VAULT="/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$ASR_RESOURCE_GROUP/providers/Microsoft.RecoveryServices/vaults/$ASR_VAULT_NAME"

fail() {
  echo "az.sh: $*" >&2
  exit 1
}

# expect WANTED COMMAND...: what the command prints, compared.
expect() {
  local wanted="$1" seen
  shift
  seen="$("$@")"
  [ "$seen" = "$wanted" ] || fail "wanted '$wanted', saw '$seen' from: $*"
}

# read_arm PATH QUERY: one value of a resource.
read_arm() { az rest --only-show-errors --method get --url "$1?api-version=$VERSION" --query "$2" --output tsv; }

post() { az rest --only-show-errors --method post --url "$1?api-version=$VERSION" --body "${2:-{\}}" --output none; }

# wait_for PATH QUERY WANTED: until the value is the wanted one.
wait_for() {
  local left=90
  until [ "$(read_arm "$1" "$2")" = "$3" ]; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail "$2 of $1 did not become '$3', it is '$(read_arm "$1" "$2")'"
    sleep 0.2
  done
}

sign_in() {
  az cloud register --only-show-errors --name simulator --endpoint-resource-manager "$AZURE_CLOUD_ENVIRONMENT"
  az cloud set --only-show-errors --name simulator
  local refusal
  refusal="$(az login --service-principal -u "$AZURE_CLIENT_ID" -p wrong --tenant "$AZURE_TENANT_ID" 2>&1 || true)"
  case "$refusal" in
    *AADSTS7000215*) ;;
    *) fail "a wrong secret was answered by: $refusal" ;;
  esac
  az login --only-show-errors --output none --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" \
    --tenant "$AZURE_TENANT_ID"
  expect "$AZURE_SUBSCRIPTION_ID" az account show --query id --output tsv
}

look_around() {
  expect "$ASR_RESOURCE_GROUP" az group list --query "[].name" --output tsv
  expect "$ASR_VAULT_NAME" az backup vault list --query "[].name" --output tsv
  expect "$ASR_VAULT_NAME" az resource show --ids "$VAULT" --query name --output tsv
  expect "web01" az resource list --resource-type Microsoft.Compute/virtualMachines --query "[].name" --output tsv
  expect "VM running" az vm show -d -n web01 -g "$ASR_RESOURCE_GROUP" --query powerState --output tsv
  expect "" az lock list --query "[].name" --output tsv
}

fail_back() {
  local fabric container item job
  fabric="$(read_arm "$VAULT/replicationFabrics" "value[0].id")"
  container="$(read_arm "$fabric/replicationProtectionContainers" "value[0].id")"
  item="$(read_arm "$container/replicationProtectedItems" "value[0].id")"
  post "$item/plannedFailover" '{"properties": {"failoverDirection": "RecoveryToPrimary", "providerSpecificDetails": {
    "instanceType": "HyperVReplicaAzureFailback", "dataSyncOption": "ForDownTime", "recoveryVmCreationOption": "NoAction"}}}'
  job="$(read_arm "$item" "properties.currentScenario.jobId")"
  wait_for "$job" "properties.state" "Suspended"
  post "$job/resume" '{"properties": {"comments": "from the command line"}}'
  wait_for "$job" "properties.state" "Succeeded"
  expect "VM deallocated" az vm show -d -n web01 -g "$ASR_RESOURCE_GROUP" --query powerState --output tsv
  post "$item/failoverCommit"
  wait_for "$item" "contains(properties.allowedOperations, 'ReverseReplicate')" "true"
  expect "" az vm list --query "[].name" --output tsv
  expect "nic-web01-00" az network nic list --query "[].name" --output tsv
  post "$item/reProtect" '{"properties": {"failoverDirection": "PrimaryToRecovery", "providerSpecificDetails": {
    "instanceType": "HyperVReplicaAzure"}}}'
  wait_for "$item" "properties.protectionState" "Protected"
}

sign_in
look_around
fail_back
