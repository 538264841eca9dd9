# What is deployed: the package, the modules of the daemons, every host of nixos/fleet.json, images of the clouds, and how they
# are deployed. And what `nix develop` gives: the toolchain, the libraries, the peers of tests and operators' tools.
{
  description = "Paceline: which ad wins every impression, at what price, and how budgets deliver";

  inputs = {
    # What hosts run.
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    # What builds Paceline: no release of nixpkgs has Swift 6.2 yet.
    nixpkgs-unstable.url = "github:NixOS/nixpkgs/nixos-unstable";
    disko = {
      url = "github:nix-community/disko";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    sops-nix = {
      url = "github:Mic92/sops-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    deploy-rs = {
      url = "github:serokell/deploy-rs";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      nixpkgs-unstable,
      disko,
      sops-nix,
      deploy-rs,
    }:
    let
      inherit (nixpkgs) lib;
      version = "0.1.0";
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];

      overlay = final: _: {
        paceline =
          nixpkgs-unstable.legacyPackages.${final.stdenv.hostPlatform.system}.callPackage
            ./nixos/packages/paceline.nix
            {
              inherit version;
              source = self;
            };
      };
      # The modules bring the package that they run.
      withPackage = module: {
        imports = [ module ];
        nixpkgs.overlays = [ overlay ];
      };

      made = import ./nixos/hosts.nix {
        inherit lib;
        modules = [
          ./nixos/modules/paceline-node.nix
          ./nixos/modules/paceline-broker.nix
          ./nixos/modules/paceline-coordinator.nix
          { nixpkgs.overlays = [ overlay ]; }
          disko.nixosModules.disko
          sops-nix.nixosModules.sops
          ./nixos/platforms/sops.nix
        ];
      };
      image = lib.nixosSystem { modules = made.image; };
      tests = import ./nixos/tests {
        inherit lib overlay;
        pkgs = nixpkgs.legacyPackages.x86_64-linux;
      };
    in
    {
      overlays.default = overlay;

      packages = lib.genAttrs systems (
        system:
        {
          inherit (nixpkgs.legacyPackages.${system}.extend overlay) paceline;
          default = self.packages.${system}.paceline;
        }
        // lib.optionalAttrs (system == "x86_64-linux") {
          image-aws = image.config.system.build.images.amazon;
          image-gcp = image.config.system.build.images.google-compute;
        }
      );

      nixosModules = rec {
        node = withPackage ./nixos/modules/paceline-node.nix;
        broker = withPackage ./nixos/modules/paceline-broker.nix;
        coordinator = withPackage ./nixos/modules/paceline-coordinator.nix;
        default.imports = [
          node
          broker
          coordinator
        ];
      };

      nixosConfigurations = lib.mapAttrs (
        _: host: lib.nixosSystem { inherit (host) modules; }
      ) made.hosts;

      deploy = import ./nixos/deploy.nix {
        inherit lib;
        inherit (made) hosts;
        inherit (deploy-rs.lib.x86_64-linux) activate;
        configurations = self.nixosConfigurations;
      };

      checks.x86_64-linux = tests // deploy-rs.lib.x86_64-linux.deployChecks self.deploy;

      devShells = lib.genAttrs systems (system: {
        default = import ./nixos/shell.nix {
          pkgs = import nixpkgs-unstable {
            inherit system;
            config.allowUnfreePredicate = package: lib.getName package == "terraform";
          };
        };
      });

      formatter = lib.genAttrs systems (system: nixpkgs.legacyPackages.${system}.nixfmt-tree);

      apps = lib.genAttrs systems (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          # One host after the other, replicas first, each looked at before the next.
          deploy = {
            type = "app";
            meta.description = "Deploys the fleet, or the hosts that are named, in an order that keeps it serving";
            program = lib.getExe (
              pkgs.writeShellApplication {
                name = "deploy-fleet";
                runtimeInputs = [
                  pkgs.deploy-rs
                  pkgs.python3
                ];
                text = ''exec python3 ${./nixos/scripts}/deploy.py "$@"'';
              }
            );
          };
        }
      );
    };
}
