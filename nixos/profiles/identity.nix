# Who a host is to the others: a certificate of the fleet's own authority, renewed long before its end. The first one is a
# secret of the host, since nobody can vouch for a host that nobody knows; from then on it asks for the next with the last.
{ config, lib, pkgs, fleet, host, ... }:
let
  authority = lib.head (fleet.withRole host.environment "observability");
  step = lib.getExe' pkgs.step-cli "step";
in
{
  paceline.secrets = {
    authority = { };
    identity = { };
    identity-key = { };
  };

  # No dynamic user: what one keeps lies below /var/lib/private, where those who need the certificate do not come.
  users.users.identity = {
    isSystemUser = true;
    group = "identity";
    description = "The host's certificate";
  };
  users.groups.identity = { };

  systemd.services.identity = {
    description = "The host's certificate";
    wantedBy = [ "multi-user.target" ];
    before = [
      "paceline-node.service"
      "paceline-broker.service"
      "paceline-coordinator.service"
    ];
    startAt = "hourly";
    environment = {
      AUTHORITY_URL = "https://${authority.name}:${toString fleet.ports.authority}";
      STEP = step;
    };
    path = [ pkgs.openssl ];
    serviceConfig = import ../lib/hardening.nix // {
      Type = "oneshot";
      ExecStart = "${pkgs.runtimeShell} ${../scripts/identity.sh}";
      User = "identity";
      Group = "identity";
      StateDirectory = "identity";
      # Programs in Go raise their limit of open files at their start, and would be ended over it.
      SystemCallFilter = [
        "@system-service"
        "~@privileged"
      ];
      StateDirectoryMode = "0750";
      LoadCredential = lib.mapAttrsToList (name: path: "${name}:${path}") {
        authority = config.paceline.secrets.authority.path;
        identity = config.paceline.secrets.identity.path;
        identity-key = config.paceline.secrets.identity-key.path;
      };
    };
  };
  # All hosts at once would ask one authority.
  systemd.timers.identity.timerConfig.RandomizedDelaySec = "30m";
}
