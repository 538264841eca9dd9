# shellcheck shell=bash
# What `dev` needs from the machine: known by trying it, installed by apt where it is missing. Inside `nix
# develop` nothing is installed: what is missing there belongs into flake.nix.

# present NAME: is it here, by use and not by package name, so that any distribution's own will do.
present() {
  case $1 in
    liburing) pkg-config --exists 'liburing >= 2.3' ;;
    openssl-headers) pkg-config --exists 'openssl >= 3.0' ;;
    # Pipelines are libpq's since 14.
    libpq-headers) pkg-config --exists 'libpq >= 14' ;;
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb ;;
    simdjson) [ -e /usr/include/simdjson.h ] || pkg-config --exists simdjson ;;
    nginx | haproxy | nft | ip | tc) command -v "$1" || [ -x "/usr/sbin/$1" ] ;;
    # The toolchain brings neither a C library's headers nor the libraries that it was linked with.
    c++-library) command -v g++ || compgen -G '/usr/include/c++/*/vector' ;;
    swift-libraries) swift --version ;;
    h11 | mpmath | prometheus-client) python_has "${1//-/_}" ;;
    venv) python3 -c 'import ensurepip, venv' ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

# python_has MODULE: the python of PATH or the distribution's has it, as the tests look for it. Packages are only ever
# given to the latter: whoever brings a python of their own knows how to give it theirs.
python_has() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c "import $1"; then return; fi
  done
  return 1
}

# debian_packages NAME: what apt calls it.
debian_packages() {
  case $1 in
    liburing) echo liburing-dev ;;
    openssl-headers) echo libssl-dev ;;
    libpq-headers) echo libpq-dev ;;
    simdjson) echo libsimdjson-dev ;;
    nginx) echo nginx-light ;;
    nft) echo nftables ;;
    ip | tc) echo iproute2 ;;
    chromedriver) echo chromium-driver ;;
    qemu-system-x86_64) echo qemu-system-x86 ;;
    mke2fs) echo e2fsprogs ;;
    etcd) echo etcd-server ;;
    promtool) echo prometheus ;;
    amtool) echo prometheus-alertmanager ;;
    c++-library) echo g++ ;;
    h11 | mpmath | prometheus-client | venv) echo "python3-$1" ;;
    # By https://www.swift.org/install/linux, without what only its debugger uses.
    swift-libraries)
      echo libcurl4-openssl-dev libedit-dev libncurses-dev libsqlite3-dev libxml2-dev tzdata zlib1g-dev ;;
    *) echo "$1" ;;
  esac
}

# What tests and benches of models compare with, and what trains the demo's. lleaves and tl2cgen need these versions of what they stand on.
readonly model_libraries=(lightgbm xgboost catboost 'onnx==1.16.1' onnxruntime scikit-learn skl2onnx betacal)
# What reads the spans that daemons send, as collectors do.
readonly trace_readers=(opentelemetry-proto)
readonly model_trainers=(lightgbm matplotlib)
readonly model_peers=(onnxruntime onnxmltools lleaves 'llvmlite<0.45' tl2cgen 'treelite==4.1.2')

# What makes a primary of one of several Postgres, and what looks at rendered configurations and at the scripts beside them.
readonly patroni_packages=('patroni[etcd3]' 'psycopg[binary]')
readonly deploy_checkers=("${patroni_packages[@]}" ruff mypy)

# provide_python PACKAGE...: packages of PyPI in a virtual environment under .build, where tests and benches look first.
# Status 1 where that was not possible; what needs them says so and is skipped.
provide_python() {
  local environment=.build/python package name wanted=()
  [ -z "${IN_NIX_SHELL-}" ] || return 1
  [ -x "$environment/bin/python3" ] || { provide venv && python3 -m venv "$environment"; } >/dev/null 2>&1 || return 1
  for package in "$@"; do
    name=${package%%[<=[]*}
    name=${name/scikit-learn/sklearn}
    name=${name/opentelemetry-proto/opentelemetry.proto}
    "$environment/bin/python3" -c "import $name" >/dev/null 2>&1 || wanted+=("$package")
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  complain "installing from PyPI: ${wanted[*]}"
  "$environment/bin/python3" -m pip install --quiet --disable-pip-version-check --retries 1 "${wanted[@]}" \
    >/dev/null 2>&1
}

# require NAME...: makes sure of all of them, or says what to do and ends.
require() {
  provide "$@" || fail "cannot go on without: ${missing[*]}"
}

# provide NAME...: installs what is missing. Status 1, with `missing` listing what, where that was not
# possible.
provide() {
  list_missing "$@"
  [ ${#missing[@]} -gt 0 ] || return 0
  local packages name
  read -ra packages <<<"$(for name in "${missing[@]}"; do debian_packages "$name"; done | tr '\n' ' ')"
  if [ -n "${IN_NIX_SHELL-}" ]; then
    complain "missing inside nix develop: ${missing[*]} (add to devShells in flake.nix)"
    return 1
  fi
  if ! command -v apt-get >/dev/null; then
    complain "missing: ${missing[*]}. This is neither Debian nor Ubuntu, so install by hand what they call" \
      "${packages[*]}"
    return 1
  fi
  install_packages "${packages[@]}" || return 1
  list_missing "$@"
  [ ${#missing[@]} -eq 0 ]
}

list_missing() {
  local name
  missing=()
  for name in "$@"; do present "$name" || missing+=("$name"); done
}

# install_packages PACKAGE...: by apt, as root or through sudo; never asks where there is nobody to answer.
install_packages() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
      as_root=(sudo)
    else
      complain "needed, and only root may install them. As root:"
      complain "  apt-get update && apt-get install -y --no-install-recommends $*"
      return 1
    fi
  fi
  complain "installing: $*"
  ${as_root[@]+"${as_root[@]}"} bash "$root/tools/dev/apt-install.sh" "$@" >&2
}

# The oldest Swift that builds this (Package.swift says so too), and the one it is tested with.
readonly swift_oldest=6.2 swift_tested=6.3.1

# require_swift: a toolchain that is new enough and runs, or how to get one.
require_swift() {
  local place found=none
  for place in "${SWIFTLY_BIN_DIR:-$HOME/.local/share/swiftly/bin}" /opt/swift/usr/bin; do
    if ! command -v swift >/dev/null && [ -x "$place/swift" ]; then PATH=$PATH:$place; fi
  done
  if command -v swift >/dev/null; then
    require swift-libraries c++-library
    if [[ $(swift --version 2>/dev/null) =~ Swift\ version\ ([0-9]+(\.[0-9]+)+) ]]; then
      found=${BASH_REMATCH[1]}
      if printf '%s\n' "$swift_oldest" "$found" | sort --version-sort --check=quiet; then return 0; fi
    fi
  fi
  complain "Swift $swift_oldest or later is needed, $swift_tested is what this is tested with; found: $found."
  complain "  swiftly:  see https://www.swift.org/install/linux/swiftly, then: swiftly install $swift_tested"
  complain "  by hand:  unpack $(swift_archive)"
  complain "            and put its usr/bin on PATH"
  complain "  Nix:      nix develop"
  exit 1
}

# swift_archive: swift.org's address for this distribution and processor, or where to choose one.
swift_archive() {
  local ID='' VERSION_ID='' name cpu=''
  if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    source /etc/os-release
  fi
  case $ID-$VERSION_ID in
    debian-* | ubuntu-*) name=$ID$VERSION_ID ;;
    *) echo "the archive for this system from https://www.swift.org/install/linux"; return ;;
  esac
  [ "$(uname -m)" != aarch64 ] || cpu=-aarch64
  printf 'https://download.swift.org/swift-%s-release/%s%s/swift-%s-RELEASE/swift-%s-RELEASE-%s%s.tar.gz\n' \
    "$swift_tested" "${name//./}" "$cpu" "$swift_tested" "$swift_tested" "$name" "$cpu"
}

# require_toolchain: what every build needs. SwiftPM asks git about the package, and pkg-config about the libraries.
require_toolchain() {
  require_swift
  require pkg-config git liburing openssl-headers libpq-headers
}
