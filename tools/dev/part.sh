#!/usr/bin/env bash
# part.sh KIND [ARGUMENT ...]: the work of one part of `./dev test`, on standard output for its log.
# Exit status 0 passed, 77 skipped (the last line says why), anything else failed.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tools/dev/say.sh
source tools/dev/say.sh
# shellcheck source=tools/dev/build.sh
source tools/dev/build.sh
readonly skipped=77
# How the optimised tests are built: they want to see what is internal.
readonly exact=(--configuration release -Xswiftc -enable-testing --scratch-path .build/exact)

# build: what all tests stand on, and the tests that run without optimisation.
part_build() {
  PACELINE_TESTS=$(awk '$3 == "swift" { $1 = $2 = $3 = ""; print }' Tests/budgets | xargs) \
    swift build --build-tests
}

# run_bundle ABREAST BUNDLE TARGET...: one process for each test target, so that a crash or an exhausted limit stays in one, and
# so many of them at a time: what only computes has the cores to share, and what waits for processes and databases needs them.
run_bundle() { printf '%s\n' "${@:3}" | xargs -n 1 -P "$1" "${BASH_SOURCE[0]}" target "$2"; }

# target BUNDLE TARGET: its tests, and then all that they said in one piece, though they were stopped. The bundle is run
# directly, as `swift test` would: behind `swift test` it is in a process group of its own, which a limit in time does not
# reach, and what it said before it hung is lost in a buffer. Two tests for each core at a time: those that start databases
# and fleets would keep one another from what they wait for.
part_target() {
  local bundle=$1 target=$2 status=0
  said=$(mktemp)
  trap 'flock .build cat "$said"; rm -f "$said"' EXIT
  trap 'exit 1' TERM
  {
    say "== $target"
    "$bundle" --testing-library swift-testing --filter "^$target\\." \
      --experimental-maximum-parallelization-width "$((2 * $(nproc)))" || status=$?
    say "== $target ended $status"
  } >"$said" 2>&1
  return "$((status != 0))"
}

# swift TARGET...: test targets of the product's package, which the part `build` has built.
part_swift() { run_bundle 1 .build/debug/pacelinePackageTests.xctest "$@"; }

# exact TARGET...: test targets once more as they are shipped: optimised, and Edge without the checks of exclusive access
# that only debug builds make. They are built apart, since the tests want to see what is internal.
part_exact() {
  part_compile_exact "$@"
  run_bundle "$(nproc)" .build/exact/release/pacelinePackageTests.xctest "$@"
}

# compile_exact TARGET...: what the part `exact` runs. Where another compiles it already, this waits for that.
part_compile_exact() { PACELINE_TESTS=$* swift build "${exact[@]}" --product pacelinePackageTests; }

# benches TARGET...: the package in Benchmarks still builds, and its own tests.
part_benches() {
  if ! [ -e /usr/include/simdjson.h ] && ! pkg-config --exists simdjson; then
    say "simdjson, a peer of the benches, is not here and could not be installed"
    return "$skipped"
  fi
  build_benches --build-tests
  run_bundle 1 .build/debug/BenchmarksPackageTests.xctest "$@"
}

# formal: the model of the ledger, by spin, and what spin finds in it without each of its guards.
part_formal() {
  if ! command -v spin || ! command -v cc; then
    say "spin or a C compiler is not here and could not be installed"
    return "$skipped"
  fi
  if [ "${PACELINE_LONG-}" = 1 ]; then Tests/Formal/check --long; else Tests/Formal/check; fi
}

# fleet: `./dev up`, with real processes: those that the part `build` has left.
part_fleet() {
  build_products
  PACELINE_PROGRAMS=.build/debug Tests/Fleet/check
}

# ha: `./dev up --ha`, with a database of several members that are lost in turn.
part_ha() {
  build_products
  PACELINE_PROGRAMS=.build/debug Tests/Fleet/ha
}

# faults: optimised processes broken one after the other under traffic, and the exchange's record held against the ledger's rows.
part_faults() {
  build_products "${exact[@]}"
  PACELINE_PROGRAMS=.build/exact/release Tests/Faults/check
}

# gameday: one day of Tests/GameDays with the executables of the part `build`, or with --long all of them with optimised ones.
part_gameday() {
  if [ "${PACELINE_LONG-}" = 1 ]; then
    build_products "${exact[@]}"
    PACELINE_PROGRAMS=.build/exact/release Tests/GameDays/run all --out .build/gamedays --within 6900
  else
    build_products
    PACELINE_PROGRAMS=.build/debug Tests/GameDays/run --test --out .build/gameday
  fi
}

# console: the coordinator's console in a real Chromium, against the fleet of `./dev up`.
part_console() {
  build_products
  PACELINE_PROGRAMS=.build/debug Tests/Console/check
}

# nix: what nixos/ says, as far as this machine can look at it.
part_nix() {
  ! command -v nix-instantiate >/dev/null || build_products
  PACELINE_PROGRAMS=.build/debug nixos/checks/check
}
# terraform: every stack against its providers' schemas.
part_terraform() { terraform/lab/check; }

# operate: rules, routes, dashboards and runbooks, with what reads and runs them.
part_operate() { Tests/Operations/check; }

part_format() {
  if ! swift format --version; then
    say "this Swift toolchain has no swift format"
    return "$skipped"
  fi
  ./dev format --check
}

# train: the demo's models, made again from their seed, are those in the repository.
part_train() {
  local python=.build/python/bin/python3
  if ! "$python" -c 'import lightgbm'; then
    say "LightGBM, which trains the demo's models, is not here and could not be installed"
    return "$skipped"
  fi
  rm -rf .build/train
  mkdir -p .build/train
  cp Examples/predictions/features.json .build/train
  "$python" tools/train/train.py .build/train --against Examples/predictions
}

part_shell() {
  if ! command -v shellcheck; then
    say "shellcheck is not here and could not be installed"
    return "$skipped"
  fi
  source_lists
  shellcheck --external-sources --check-sourced "${shell_files[@]}"
}

"part_$1" "${@:2}"
