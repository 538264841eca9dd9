# What `./dev test nix` looks at, from a nixpkgs at hand and without building anything: the unit, the settings and the failed
# assertions of one host. The package is a stand-in, since no closure is built.
{
  nixpkgs,
  host,
  # One more module: what a test changes.
  change ? { },
}:
let
  lib = import (nixpkgs + "/lib");
  stand-in = final: _: { paceline = final.writeShellScriptBin "paceline" ""; };
  hosts = import ../hosts.nix {
    inherit lib;
    modules = [
      ../modules/paceline-node.nix
      { nixpkgs.overlays = [ stand-in ]; }
    ];
  } { fleetFile = ../fleet.json; system = "x86_64-linux"; };
  evaluated = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    inherit lib;
    system = null;
    modules = hosts.${host}.modules ++ [
      change
      {
        # Disks and loaders come from images and disko.
        boot.loader.grub.enable = false;
        fileSystems."/" = {
          device = "/dev/disk/by-label/nixos";
          fsType = "ext4";
        };
      }
    ];
  };
  inherit (evaluated) config;
in
rec {
  names = lib.attrNames hosts;
  failed = lib.concatMapStringsSep "\n" (one: one.message) (lib.filter (one: !one.assertion) config.assertions);
  rendered = {
    inherit failed;
    unit = config.systemd.units."paceline-node.service".text;
    settings = builtins.toJSON config.services.paceline.node.settings;
  };
}
