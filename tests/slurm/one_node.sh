#!/usr/bin/env bash
# A real Slurm on this machine, as root on Debian or Ubuntu: munged, slurmctld and slurmd with declared CPUs, memory and
# fake GPUs; no accounting, as on small sites.
#
#   one_node.sh start FOLDER [CPUS [MEMORY_MB [GPUS]]]    install what is missing, start, wait for the node
#   one_node.sh stop FOLDER                               end the daemons that start began
set -euo pipefail

conf=/etc/slurm/slurm.conf  # SLURM_CONF would not reach the steps inside a job
mark="# one_node.sh"
action=${1:?start or stop}
folder=$(realpath -m "${2:?a folder for state and logs}")

installed() { command -v munged slurmctld slurmd sbatch srun >/dev/null; }

alive() { [ -s "$1" ] && [[ "$(ps -o stat= -p "$(cat "$1")" 2>/dev/null)" == [^Z]* ]]; }  # a zombie is not

start() {
    local cpus=${1:-32} memory=${2:-20000} gpus=${3:-4}
    if [ -e "$conf" ] && ! grep -qx "$mark" "$conf"; then
        echo "$conf is not of this script: this machine has a Slurm of its own" >&2
        exit 1
    fi
    installed || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends slurm-wlm munge; } >&2
    mkdir -p "$folder"/{state,spool,gpu} "$(dirname "$conf")"
    for number in $(seq 0 $((gpus - 1))); do ln -sfn /dev/null "$folder/gpu/$number"; done
    cat > "$conf" <<CONF
$mark
ClusterName=one
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=5
SlurmdParameters=config_overrides
ReturnToService=2
OverTimeLimit=0
KillWait=30
GresTypes=gpu
DefMemPerCPU=500
NodeName=localhost CPUs=$cpus RealMemory=$memory Gres=gpu:a100:$gpus State=UNKNOWN
PartitionName=cpu Nodes=localhost Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=localhost MaxTime=INFINITE State=UP
CONF
    echo "NodeName=localhost Name=gpu Type=a100 Count=$gpus File=$folder/gpu/[0-$((gpus - 1))]" > "$(dirname "$conf")/gres.conf"
    install -d -o munge -g munge -m 0755 /run/munge
    chown munge:munge /etc/munge /var/lib/munge /var/log/munge
    [ -s /etc/munge/munge.key ] || runuser -u munge -- mungekey
    alive /run/munge/munged.pid || runuser -u munge -- munged
    alive "$folder/slurmctld.pid" || slurmctld -c
    alive "$folder/slurmd.pid" || slurmd -N localhost
    for _ in $(seq 60); do
        [ "$(sinfo -h -p cpu -o %t 2>/dev/null)" = idle ] && { sinfo -N -o "%N %P %t %c %m %G"; return; }
        sleep 0.5
    done
    tail -n 20 "$folder"/*.log >&2
    echo "the node did not come up within 30 s" >&2
    exit 1
}

stop() {
    local pids=() file
    scancel --state=PENDING,RUNNING --user=root 2>/dev/null || true
    for file in "$folder/slurmd.pid" "$folder/slurmctld.pid"; do
        alive "$file" && pids+=("$(cat "$file")")
    done
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}"
    for _ in $(seq 60); do
        alive "$folder/slurmd.pid" || alive "$folder/slurmctld.pid" || break
        sleep 0.5
    done
    alive /run/munge/munged.pid && kill "$(cat /run/munge/munged.pid)"
    rm -f "$conf" "$(dirname "$conf")/gres.conf"
}

case "$action" in
    start) start "${@:3}" ;;
    stop) stop ;;
    *) echo "start or stop, not $action" >&2; exit 2 ;;
esac
