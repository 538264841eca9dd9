# Virtual machines that are hosts of a fleet file of their own, with the very profiles that the real ones have. Each folder with
# a test.py is a test: its fleet.json says which machines there are, test.py what happens to them.
{
  lib,
  pkgs,
  overlay,
  # Where disko is not at hand.
  extraModules ? [ ],
}:
let
  folders = lib.attrNames (
    lib.filterAttrs (name: kind: kind == "directory" && builtins.pathExists (./. + "/${name}/test.py")) (
      builtins.readDir ./.
    )
  );

  named = role: hosts: map (host: host.name) (lib.filter (host: lib.elem role host.roles) hosts);

  test =
    name:
    let
      file = lib.importJSON (./. + "/${name}/fleet.json");
      hosts = lib.concatMap (region: region.hosts) file.regions;
      made = import ../hosts.nix {
        inherit lib;
        modules = [
          ../modules/paceline-node.nix
          ../modules/paceline-broker.nix
          ../modules/paceline-coordinator.nix
        ]
        ++ extraModules;
        machines = ./.;
        platforms = lib.genAttrs [
          "aws"
          "gcp"
          "bare"
        ] (_: ./machine.nix);
        files = {
          fleet = file;
          holders.production = {
            root = named "broker" hosts;
            regions = lib.listToAttrs (map (region: lib.nameValuePair region.name (named "node" region.hosts)) file.regions);
          };
          operators = {
            authorities = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMade0Up0For0Checks0And0Nothing0Else0000000 test" ];
            networks = [ ];
            peers = { };
            enrolment = lib.importJSON ./enrolment.json;
            acme = {
              acceptTerms = true;
              email = "operators@ads.example.com";
            };
          };
          # machine.nix makes the mesh of the machines' own network: nobody asks for a key.
          keys = lib.genAttrs (map (host: host.name) hosts) (_: "");
          state.regions = lib.listToAttrs (
            map (
              region:
              lib.nameValuePair region.name {
                hosts = lib.listToAttrs (
                  map (
                    host:
                    lib.nameValuePair host.name {
                      public = host.address;
                    }
                  ) region.hosts
                );
              }
            ) file.regions
          );
        };
      };
    in
    pkgs.testers.runNixOSTest {
      name = "paceline-${name}";
      node.pkgs = lib.mkForce (pkgs.extend overlay);
      nodes = lib.mapAttrs (_: host: { imports = host.modules; }) made.hosts;
      # The driver's own linters see no file; `./dev test nix` looks at test.py with ours.
      skipLint = true;
      skipTypeCheck = true;
      testScript = builtins.readFile (./. + "/${name}/test.py");
    };
in
lib.genAttrs folders test
