# What every host of the fleet is, whatever it runs: its name, who may reach it, and no more.
{ lib, ... }:
{ fleet, host }:
{
  networking = {
    hostName = host.name;
    domain = "${host.region.name}.${fleet.domain}";
    # Default deny, by nftables; each service opens its own.
    nftables.enable = true;
    firewall = {
      enable = true;
      allowPing = true;
    };
  };

  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };

  boot.kernel.sysctl = {
    # A burst of new connections waits here for the node's loop; 4,096 is its own bound (Listener.backlog).
    "net.core.somaxconn" = 4096;
    "net.ipv4.tcp_max_syn_backlog" = 8192;
    # Connections of exchanges are kept for minutes and are quiet between breaks: their window is not to shrink meanwhile.
    "net.ipv4.tcp_slow_start_after_idle" = 0;
    # A node that swaps answers in milliseconds.
    "vm.swappiness" = 1;
  };
  swapDevices = lib.mkDefault [ ];

  time.timeZone = "UTC";
  system.stateVersion = "26.05";
}
