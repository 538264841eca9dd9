# A host in AWS: its first disk is the image's, its data is on another, which Terraform attaches as /dev/sdf.
{ modulesPath, host, lib, ... }:
{
  imports = [
    (modulesPath + "/virtualisation/amazon-image.nix")
    ./data.nix
  ];
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
  paceline.dataDisk = "/dev/sdf";

  # Who a host is stands in the fleet file; what user data says is not run.
  systemd.services.amazon-init.enable = false;
  # Elastic network cards spread their queues over all cores by themselves.
  services.irqbalance.enable = lib.mkForce (host.cores >= 4 && !host.has "node");
}
