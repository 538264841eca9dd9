# shellcheck shell=bash
# ship-journals.sh: puts finished segments of the node's journal into its cloud's bucket, each once and in order. The two newest
# of a shard stay: the one that is written, and the one that is prepared. What lies below TARGET/DISK is, unpacked, a journal
# that `paceline journal verify` reads.
set -euo pipefail
cd -- "${STATE_DIRECTORY:?}"
journal=${JOURNAL:?} target=${TARGET:?} measured=${MEASURED:-/var/lib/measured}

# A journal on another disk numbers its segments from one again.
if ! [ -s disk ]; then
  date -u +%Y%m%dT%H%M%SZ >disk.new
  mv disk.new disk
fi
disk=$(<disk)

# ship SHARD: the segments behind the last one that was shipped.
ship() {
  local shard=$1 last=0 segments segment number
  [ ! -s "$shard.last" ] || last=$(<"$shard.last")
  mapfile -t segments < <(find "$journal/$shard" -maxdepth 1 -name '[0-9]*.journal' -printf '%f\n' | sort | head -n -2)
  for segment in "${segments[@]}"; do
    number=$((10#${segment%.journal}))
    [ "$number" -gt "$last" ] || continue
    # Not by the file's name: then it would be given the segment's owner, by a call that the unit forbids.
    if ! zstd --quiet --stdout <"$journal/$shard/$segment" >packed.zst; then
      # Retention was faster.
      [ -e "$journal/$shard/$segment" ] || continue
      return 1
    fi
    # Whoever may only add can neither look what is there nor read it back; the sum goes with the bytes, and the bucket holds
    # them against it.
    rclone copyto --no-check-dest --retries 2 packed.zst "$target/$disk/$shard/$segment.zst" || return 1
    printf '%s\n' "$number" >last.new
    mv last.new "$shard.last"
  done
}

failed=0
for folder in "$journal"/shard-*/; do
  [ -d "$folder" ] || continue
  folder=${folder%/}
  # One shard that cannot be read takes nothing from the others.
  ship "${folder##*/}" || failed=1
done
rm -f packed.zst
if [ "$failed" = 0 ]; then
  printf 'paceline_journals_shipped_seconds %s\n' "$(date +%s)" >"$measured/journals.prom.new"
  mv "$measured/journals.prom.new" "$measured/journals.prom"
fi
exit "$failed"
