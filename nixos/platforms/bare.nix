# A machine that is there already, as the witness in a third place: nixos-anywhere installs it, with the disk of disko's layout.
{ lib, ... }:
{
  imports = [ ../disks/single.nix ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;
  boot.initrd.availableKernelModules = [
    "ahci"
    "nvme"
    "sd_mod"
    "usb_storage"
    "virtio_blk"
    "virtio_pci"
    "xhci_pci"
  ];
  hardware.enableRedistributableFirmware = true;
  hardware.cpu.intel.updateMicrocode = true;
  hardware.cpu.amd.updateMicrocode = true;
  networking.useDHCP = lib.mkDefault true;
}
