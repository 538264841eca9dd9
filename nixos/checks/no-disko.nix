# Where disko is not at hand: its options, so that a bare host evaluates, and a root in its place.
{ lib, ... }:
{
  options.disko = lib.mkOption { type = lib.types.anything; };
  config.fileSystems."/" = lib.mkDefault {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
}
