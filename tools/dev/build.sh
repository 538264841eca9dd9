# shellcheck shell=bash
# How the packages of this repository are built.

# The executables that `./dev build` leaves under .build/release.
readonly products=(paceline paceline-node paceline-broker paceline-coordinator)

# build_products ARGUMENT...: one product after the other, since SwiftPM takes one at a time.
build_products() {
  local product
  for product in "${products[@]}"; do
    swift build "$@" --product "$product" || return
  done
}

# build_benches ARGUMENT...: the package in Benchmarks. SwiftPM keeps its plan of a package that lies beside even where
# that one has a new file, and then does not find what is in it: so it plans anew. Both packages are built in one folder, so
# that what they share is compiled once.
build_benches() {
  swift build --package-path Benchmarks --scratch-path .build --disable-build-manifest-caching "$@"
}
