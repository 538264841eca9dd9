# What `nix develop` gives: the toolchain, the libraries and the peers that ./dev would otherwise install by apt.
# Hosts, modules, packages and checks join with the fleet.
{
  description = "Paceline: which ad wins every impression, at what price, and how budgets deliver";

  # Unstable, because no release of nixpkgs has Swift 6.2 yet.
  inputs.nixpkgs-unstable.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs-unstable, ... }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      shell =
        system:
        let
          pkgs = nixpkgs-unstable.legacyPackages.${system};
        in
        {
          default = pkgs.mkShell {
            name = "paceline";
            # Run while building and testing.
            nativeBuildInputs = [
              pkgs.swift
              pkgs.swiftpm
              pkgs.pkg-config
              pkgs.git
              pkgs.shellcheck
              pkgs.openssl
              pkgs.curl
              (pkgs.python3.withPackages (python: [
                python.h11
                python.prometheus-client
              ]))
              pkgs.nginx
              pkgs.redis
              pkgs.postgresql
            ];
            # Compiled against.
            buildInputs = [
              pkgs.liburing
              pkgs.libpq
              pkgs.openssl
              pkgs.simdjson
            ];
          };
        };
    in
    {
      devShells = nixpkgs-unstable.lib.genAttrs systems shell;
    };
}
