# Who gets in: nobody but what traffic.json names, and people by certificates of SSH that are valid for hours.
{ lib, pkgs, fleet, host, ... }:
{
  assertions = [
    {
      assertion = fleet.operators.authorities != [ ];
      message = "nixos/operators.json: `authorities` is empty, so nobody could log in to ${host.name}. Write the public key of the authority that signs operators' SSH certificates into it.";
    }
    {
      # One number would open another's door.
      assertion =
        let
          numbers = lib.attrValues fleet.ports;
        in
        lib.length (lib.unique numbers) == lib.length numbers;
      message = "a port stands twice in `ports` of nixos/fleet.json and nixos/traffic.json. Give each a number of its own.";
    }
  ];

  networking = {
    # Default deny. Services open nothing themselves: all that is let in stands in traffic.json.
    nftables.enable = true;
    firewall = {
      enable = true;
      allowPing = true;
      # Answers of WireGuard's peers come by whatever way the clouds choose.
      checkReversePath = "loose";
      # Every scan of the internet would be a line.
      logRefusedConnections = false;
      extraInputRules = import ../lib/firewall.nix { inherit lib; } { inherit fleet host; };
    };
  };

  services.openssh = {
    enable = true;
    # Not beside traffic.json.
    openFirewall = false;
    # Certificates only: no key of a person is on any host.
    authorizedKeysFiles = lib.mkForce [ "none" ];
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      # Images of clouds would let root in by key.
      PermitRootLogin = lib.mkForce "no";
      TrustedUserCAKeys = "/etc/ssh/authorities.pub";
      AuthorizedPrincipalsFile = "/etc/ssh/principals/%u";
      AllowUsers = [
        "operator"
        "deploy"
      ];
      MaxAuthTries = 3;
      LoginGraceTime = 20;
      X11Forwarding = false;
      AllowAgentForwarding = false;
    };
    # The one that also opens the host's secrets.
    hostKeys = [
      {
        type = "ed25519";
        path = "/etc/ssh/ssh_host_ed25519_key";
      }
    ];
  };
  environment.etc = {
    "ssh/authorities.pub".text = lib.concatLines fleet.operators.authorities;
    # A certificate says which of these it is for.
    "ssh/principals/operator".text = "operator\n";
    "ssh/principals/deploy".text = "deploy\n";
  };

  # People come by certificate: there is no password, and no key in a file.
  users.allowNoPasswordLogin = true;
  users.users = {
    operator = {
      isNormalUser = true;
      description = "People, by certificate";
      extraGroups = [
        "wheel"
        "systemd-journal"
      ];
    };
    # What deploy-rs logs in as: it activates configurations, so it is as good as root, and has no shell history of people.
    deploy = {
      isNormalUser = true;
      description = "Deployments, by certificate";
      extraGroups = [ "wheel" ];
    };
  };
  # Neither has a password that could be asked for.
  security.sudo.wheelNeedsPassword = false;
  security.sudo.execWheelOnly = true;

  # Who became root and what he ran, and every change of who may. Kept by the journal, which is shipped off the host.
  security.auditd.enable = true;
  security.audit = {
    enable = true;
    rules = [
      "-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000 -F auid!=-1 -k root"
      "-a always,exit -F dir=/etc/ssh -F perm=wa -k access"
      "-a always,exit -F dir=/run/secrets -F perm=r -F auid>=1000 -F auid!=-1 -k secrets"
    ];
  };

  boot.kernel.sysctl = {
    # Addresses of the kernel help whoever attacks it, and nobody else here.
    "kernel.kptr_restrict" = 2;
    "kernel.dmesg_restrict" = 1;
    "kernel.unprivileged_bpf_disabled" = 1;
    "net.core.bpf_jit_harden" = 2;
    # Nothing here routes for others or takes a neighbour's word for a route.
    "net.ipv4.conf.all.accept_redirects" = 0;
    "net.ipv4.conf.default.accept_redirects" = 0;
    "net.ipv6.conf.all.accept_redirects" = 0;
    "net.ipv4.conf.all.send_redirects" = 0;
  };
  environment.systemPackages = [ pkgs.jq ];
}
