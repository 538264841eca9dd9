# What `nix develop` gives: the toolchain, the libraries and the peers that ./dev would otherwise install by apt. And what is
# deployed: the package, the module of the node, and every host of nixos/fleet.json that runs one.
{
  description = "Paceline: which ad wins every impression, at what price, and how budgets deliver";

  # Unstable, because no release of nixpkgs has Swift 6.2 yet.
  inputs.nixpkgs-unstable.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs-unstable, ... }:
    let
      inherit (nixpkgs-unstable) lib;
      version = "0.1.0";
      overlay = final: _: {
        paceline = final.callPackage ./nixos/packages/paceline.nix {
          inherit version;
          source = self;
        };
      };
      # The module brings the package that it runs.
      node = {
        imports = [ ./nixos/modules/paceline-node.nix ];
        nixpkgs.overlays = [ overlay ];
      };
      hosts = import ./nixos/hosts.nix {
        inherit lib;
        modules = [ node ];
      } { fleetFile = ./nixos/fleet.json; system = "x86_64-linux"; };
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
      devShells = lib.genAttrs systems shell;
      overlays.default = overlay;
      packages = lib.genAttrs systems (
        system:
        let
          paceline = (nixpkgs-unstable.legacyPackages.${system}.extend overlay).paceline;
        in
        {
          inherit paceline;
          default = paceline;
        }
      );
      nixosModules = {
        inherit node;
        default = node;
      };
      nixosConfigurations = lib.mapAttrs (
        _: host: lib.nixosSystem { inherit (host) modules; }
      ) hosts;
    };
}
