# What every host of the fleet is, whatever it runs: its name, its clock, its users, and no more.
{ lib, fleet, host, ... }:
{
  networking = {
    hostName = host.name;
    domain = "${host.region.name}.${fleet.domain}";
  };

  # Leases and certificates are compared with clocks: chrony steps a clock that is far off at the start, and slews it after.
  services.chrony.enable = true;
  services.timesyncd.enable = false;

  # Who is on a host is what this file says: nobody adds himself there.
  users.mutableUsers = false;

  # Deploys come as store paths that the deploying user's key has signed or that a cache has.
  nix.settings = {
    experimental-features = [
      "nix-command"
      "flakes"
    ];
    trusted-users = [ "deploy" ];
  };
  # Old generations are what a rollback goes to: a fortnight of them.
  nix.gc = {
    automatic = true;
    dates = "weekly";
    options = "--delete-older-than 14d";
  };
  # Hosts have nobody who reads manuals on them, and closures are copied to all of them.
  documentation.enable = lib.mkDefault false;

  services.journald.extraConfig = ''
    SystemMaxUse=2G
    MaxRetentionSec=14day
  '';

  time.timeZone = "UTC";
  system.stateVersion = "26.05";
}
