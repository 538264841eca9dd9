# `nix develop`: what ./dev would otherwise install by apt and PyPI, and what operators of a fleet call.
{ pkgs }:
pkgs.mkShell {
  name = "paceline";
  # Run while building, testing and operating.
  nativeBuildInputs = [
    pkgs.swift
    pkgs.swiftpm
    pkgs.pkg-config
    pkgs.git
    pkgs.shellcheck
    pkgs.openssl
    pkgs.curl
    pkgs.spin
    pkgs.strace
    (pkgs.python3.withPackages (python: [
      python.h11
      python.mpmath
      python.prometheus-client
    ]))
    pkgs.nginx
    pkgs.redis
    pkgs.postgresql
    # What rendered configurations are tried with.
    pkgs.haproxy
    pkgs.nftables
    pkgs.patroni
    pkgs.prometheus
    pkgs.prometheus-alertmanager
    pkgs.nixfmt
    pkgs.ruff
    pkgs.mypy
    pkgs.checkov
    pkgs.pgbackrest
    pkgs.qemu
    pkgs.debootstrap
    pkgs.rclone
    pkgs.zstd
    # Operators'.
    pkgs.terraform
    pkgs.deploy-rs
    pkgs.nixos-anywhere
    pkgs.sops
    pkgs.age
    pkgs.ssh-to-age
    pkgs.wireguard-tools
    pkgs.step-cli
  ];
  # Compiled against.
  buildInputs = [
    pkgs.liburing
    pkgs.libpq
    pkgs.openssl
    pkgs.simdjson
  ];
}
