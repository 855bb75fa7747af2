# shellcheck shell=bash
# What the scripts of this folder share. Sourced with `set -euo pipefail`; standard output belongs to
# the script's result, everything told on the way goes to standard error.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

# The memory that one compiler needs for the heaviest file, so that a small machine builds too.
readonly memory_a_job_kb=2621440 # 2.5 GB

# The memory that this process may still take: the machine's, or its container's if that is less.
available_kb() {
    local available limit used file
    available=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
    for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        [[ -r $file ]] || continue
        limit=$(<"$file")
        used=$(cat "${file%/*}/memory.current" "${file%/*}/memory.usage_in_bytes" 2>/dev/null || echo 0)
        # Version 1 prints a huge number for "no limit", version 2 the word "max".
        if [[ $limit =~ ^[0-9]{1,15}$ ]] && ((limit / 1024 - used / 1024 < available)); then
            available=$((limit / 1024 - used / 1024))
        fi
    done
    echo "$available"
}

parallel_jobs() {
    local by_memory by_cores
    by_memory=$(($(available_kb) / memory_a_job_kb))
    by_cores=$(nproc)
    local count=$((by_memory < by_cores ? by_memory : by_cores))
    echo $((count > 1 ? count : 1))
}

# build PRESET [TARGET…]: configures if that was not done yet, and builds; progress on standard error.
build() {
    local preset=$1 folder=$root/build/$1 parallel started=$SECONDS
    shift
    parallel=$(parallel_jobs)
    mkdir -p "$folder"
    say "building $preset (${*:-everything}), $parallel at a time, in build/$preset"
    # One builder at a time in one folder: ninja itself does not exclude a second one.
    (
        flock 9
        if [[ ! -f $folder/build.ninja ]]; then
            (cd "$root" && cmake --preset "$preset" --log-level=WARNING) >&2
        fi
        NINJA_STATUS="[%f/%t, %es] " ninja -C "$folder" -j "$parallel" "$@" >&2
    ) 9>"$folder/.lock" || die "the build of preset $preset failed (above); its folder is $folder"
    say "built $preset in $((SECONDS - started)) s"
}

# run_tests PRESET CTEST_ARGUMENT…: ctest's output, its summary last, on standard output. Two suites at a
# time: those with servers mostly wait, and have a network of their own; those that cannot say so (SERIAL).
run_tests() {
    local preset=$1
    shift
    ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=error --parallel 2 "$@"
}
