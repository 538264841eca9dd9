# A host in Google's cloud: its first disk is the image's, its data is on another, which Terraform attaches as "data".
{ modulesPath, lib, ... }:
{
  imports = [
    (modulesPath + "/virtualisation/google-compute-config.nix")
    ./data.nix
  ];
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
  paceline.dataDisk = "/dev/disk/by-id/google-data";

  # People come with certificates of the fleet's authority, and not as users of Google's.
  security.googleOsLogin.enable = lib.mkForce false;
  # Nor by what the project's metadata says, or is told to run.
  systemd.services = lib.genAttrs [ "google-guest-agent" "google-startup-scripts" "google-shutdown-scripts" ] (_: {
    enable = lib.mkForce false;
  });
}
