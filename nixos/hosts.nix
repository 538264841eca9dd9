# From the fleet file to NixOS configurations: one for each host that runs what there is a module for. The disk and the boot
# loader come from the image or from disko, and not from here.
{ lib, modules }:
{ fleetFile, system }:
let
  fleet = lib.importJSON fleetFile;
  hosts = import ./lib/fleet.nix { inherit lib; } fleet;

  # Roles that have a module. The others join with their daemons.
  profiles = {
    node = import ./profiles/node.nix { inherit lib; };
  };
  base = import ./profiles/host.nix { inherit lib; };

  deployable = host: lib.any (role: profiles ? ${role}) host.roles;
  modulesOf =
    host:
    modules
    ++ [ (base { inherit fleet host; }) ]
    ++ lib.concatMap (role: lib.optional (profiles ? ${role}) (profiles.${role} { inherit fleet host; })) host.roles
    ++ [ { nixpkgs.hostPlatform = lib.mkDefault system; } ];
in
lib.mapAttrs (_: host: { inherit host; modules = modulesOf host; }) (
  lib.filterAttrs (_: deployable) hosts
)
