# The witness: a machine in a third place, of no cloud's. Its disk as its own firmware and nobody else's enumeration knows it;
# `nixos-anywhere --generate-hardware-config` says what else such a machine needs.
{
  disko.devices.disk.main.device = "/dev/disk/by-id/ata-example-witness";
}
